"""Fix pull requests: one branch and one request an entity, opened by the credentials under `sources.forges`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.catalog.model import Entity
from app.clients.forges.api import Api, ForgeError
from app.clients.forges.requests import PREFIX, FileWrite, Keep, Opened, Wanted, open_branches
from app.errors import NotFoundError, RepositoryError
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
    forge: str


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

    def keep_open_ones(self, pipeline: Pipeline) -> Iterator[tuple[Entity, Opened | str]]:
        """Brings every open request up to date, or closes it; or says why it could not. None is opened."""
        by_repository: dict[str, list[Entity]] = {}
        for entity in pipeline.catalog().entities.values():
            if self.speaks_for(entity.repository):
                by_repository.setdefault(entity.repository, []).append(entity)
        for repository, entities in by_repository.items():
            found = self._forge(repository)
            assert found is not None
            forge, path = found
            try:
                branches = open_branches(forge.api, forge.forge, path)
            except ForgeError as error:
                yield entities[0], str(error)
                continue
            for entity in (one for one in entities if branch_of(one) in branches):
                try:
                    yield entity, self.keep(pipeline, entity)
                except (ForgeError, NotFoundError, RepositoryError) as error:
                    yield entity, str(error)

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


def wanted(proposal: Proposal, entity: Entity, path: str, page: str) -> Wanted:
    """What the request should be; a diff that is the same has the same digest, whatever was pushed meanwhile."""
    title = request_text.title_of(proposal)
    return Wanted(
        path=path,
        branch=branch_of(entity),
        base=proposal.branch,
        commit=proposal.commit,
        title=title,
        text=request_text.text_of(proposal, page),
        message=title,
        digest=hashlib.sha256(proposal.diff.encode("utf-8", "surrogateescape")).hexdigest()[:16],
        files=[FileWrite(one.path, one.before, one.after) for one in proposal.files],
    )
