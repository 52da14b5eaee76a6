"""Fix pull requests: one branch and one request an entity, opened by the credentials under `sources.forges`.

What was asked for is remembered; `fix_keeper` keeps it so, and closes it when it is moot.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from app.catalog.model import Entity
from app.clients.forges.api import Api, ForgeError
from app.clients.forges.request_parts import PREFIX, FileWrite, Keep, Opened, Wanted
from app.clients.forges.request_parts import State as Became
from app.pipeline.fixing_stored import fix_entity
from app.pipeline.services import Pipeline
from app.remediation import request_text
from app.remediation.proposal import Proposal
from app.store.proposed import LIVING, FixRequest, State

LOOK_EVERY = timedelta(days=1)
"""How often an open request is looked at on its forge though nothing was judged anew: a person may have ended it."""
STATE_OF: Mapping[Became, State] = {
    "opened": "open",
    "updated": "open",
    "unchanged": "open",
    "taken over": "taken over",
    "merged": "merged",
    "dismissed": "dismissed",
    "closed": "closed",
    "nothing": "closed",
}


@dataclass(frozen=True, slots=True)
class Speaking:
    """How a forge's repositories below `https://host/owner/` are spoken for."""

    host: str
    owner: str
    api: Api
    keep: Keep
    forge: str


@dataclass(frozen=True, slots=True)
class FixRequests:
    """Who opens requests. Without a forge that knows a repository, it says so."""

    forges: tuple[Speaking, ...] = ()
    page_url: str = ""

    def speaks_for(self, repository: str) -> bool:
        return self._forge(repository) is not None

    def speaking(self, repository: str) -> tuple[Speaking, str]:
        """Who speaks for a repository, and its path there. Raises ForgeError."""
        found = self._forge(repository)
        if found is None:
            where = repository or "an entity without a repository"
            raise ForgeError(f"no source under sources.forges speaks for {where}", permanent=True)
        return found

    def keep(
        self,
        pipeline: Pipeline,
        entity: Entity,
        *,
        checks: Collection[str] = (),
        answers: Mapping[str, str] | None = None,
        by: str = "",
    ) -> Opened:
        """Opens, updates or closes the entity's request, and remembers what was asked for, and `by` whom.

        Where no checks are named, those are meant that can be mended now: what fails later is not.
        Raises ForgeError, NotFoundError, RepositoryError.
        """
        forge, path = self.speaking(entity.repository)
        seen_at = pipeline.store.fix_requests.judged_at(entity.ref)
        proposal = fix_entity(pipeline, entity, checks=checks, answers=answers)
        asked = tuple(sorted(set(checks))) or mended(proposal)
        why = "" if proposal.files else request_text.farewell(proposal, asked)
        opened = forge.keep(forge.api, self.wanted(proposal, entity, path, farewell=why))
        now = pipeline.clock()
        self._remember(
            pipeline,
            FixRequest(
                entity=entity.ref,
                repository=entity.repository,
                forge=forge.forge,
                path=path,
                branch=branch_of(entity),
                base=proposal.branch,
                number=opened.number,
                url=opened.url,
                state=STATE_OF[opened.state],
                reason=why,
                checks=asked,
                answers=dict(answers or {}),
                mends=mended(proposal),
                commit=proposal.commit,
                digest=digest_of(proposal),
                asked_by=by,
                asked_at=now,
                changed_at=now,
                seen_at=seen_at,
                due_at=next_look(STATE_OF[opened.state], now),
            ),
            opened,
        )
        return opened

    def wanted(self, proposal: Proposal, entity: Entity, path: str, *, number: int = 0, farewell: str = "") -> Wanted:
        """What the request should be; a diff that is the same has the same digest, whatever was pushed meanwhile."""
        title = request_text.title_of(proposal)
        return Wanted(
            path=path,
            branch=branch_of(entity),
            base=proposal.branch,
            commit=proposal.commit,
            title=title,
            text=request_text.text_of(proposal, self._page(entity)),
            message=title,
            digest=digest_of(proposal),
            files=[FileWrite(one.path, one.before, one.after, one.executable) for one in proposal.files],
            number=number,
            farewell=farewell,
        )

    def _remember(self, pipeline: Pipeline, request: FixRequest, opened: Opened) -> None:
        """A request that never was is nothing to remember; one that is gone has ended."""
        book = pipeline.store.fix_requests
        if opened.state != "nothing" or book.get(request.entity) is not None:
            book.asked(request)

    def _forge(self, repository: str) -> tuple[Speaking, str] | None:
        match = re.fullmatch(r"https?://([^/]+)/(.+?)(\.git)?/?", repository)
        if match is None:
            return None
        for one in self.forges:
            if match[1].lower() == one.host.lower() and match[2].lower().startswith(f"{one.owner.lower()}/"):
                return one, match[2]
        return None

    def _page(self, entity: Entity) -> str:
        ref = entity.ref
        path = "/".join(quote(part, safe="") for part in (ref.kind, ref.namespace, ref.name))
        return f"{self.page_url}/entities/{path}" if self.page_url else ""


def branch_of(entity: Entity) -> str:
    ref = entity.ref
    return f"{PREFIX}{ref.kind}-{ref.namespace}-{ref.name}"


def digest_of(proposal: Proposal) -> str:
    return hashlib.sha256(proposal.diff.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def mended(proposal: Proposal) -> tuple[str, ...]:
    """The checks that the diff is for."""
    return tuple(sorted({step.check.id for step in proposal.steps}))


def next_look(state: State, now: datetime) -> datetime | None:
    """When its forge is asked again how it stands; None once it has ended."""
    return now + LOOK_EVERY if state in LIVING else None
