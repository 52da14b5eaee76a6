"""Fix pull requests: one branch and one request an entity, opened by the credentials under `sources.forges`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.catalog.model import Entity
from app.clients.forges.api import Api, ForgeError
from app.clients.forges.requests import FileWrite, Keep, Opened, Wanted
from app.pipeline.fixing_stored import fix_entity
from app.pipeline.services import Pipeline
from app.remediation import request_text
from app.remediation.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Speaking:
    """How a forge's repositories below `https://host/owner/` are spoken for."""

    host: str
    owner: str
    api: Api
    keep: Keep


@dataclass(frozen=True, slots=True)
class FixRequests:
    """Who opens requests. Without a forge that knows a repository, it says so."""

    forges: tuple[Speaking, ...] = ()
    page_url: str = ""

    def speaks_for(self, repository: str) -> bool:
        return self._forge(repository) is not None

    def keep(
        self,
        pipeline: Pipeline,
        entity: Entity,
        *,
        checks: Collection[str] = (),
        answers: Mapping[str, str] | None = None,
    ) -> Opened:
        """Opens, updates or closes the entity's request. Raises ForgeError, NotFoundError, RepositoryError."""
        found = self._forge(entity.repository)
        if found is None:
            where = entity.repository or "an entity without a repository"
            raise ForgeError(f"no source under sources.forges speaks for {where}", permanent=True)
        proposal = fix_entity(pipeline, entity, checks=checks, answers=answers)
        forge, path = found
        return forge.keep(forge.api, wanted(proposal, entity, path, self._page(entity)))

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


def wanted(proposal: Proposal, entity: Entity, path: str, page: str) -> Wanted:
    """What the request should be; a diff that is the same has the same digest, whatever was pushed meanwhile."""
    ref = entity.ref
    title = request_text.title_of(proposal)
    return Wanted(
        path=path,
        branch=f"roadworthy/fix-{ref.kind}-{ref.namespace}-{ref.name}",
        base=proposal.branch,
        commit=proposal.commit,
        title=title,
        text=request_text.text_of(proposal, page),
        message=title,
        digest=hashlib.sha256(proposal.diff.encode("utf-8", "surrogateescape")).hexdigest()[:16],
        files=[FileWrite(one.path, one.before, one.after) for one in proposal.files],
    )
