"""A fix as this service proposes it: the repository as it was scored, judged with everything else that is known here.

Asked for by the API, the pages and fix pull requests. Reads the mirror at the scored commit; nothing is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.catalog.model import Entity, EntityRef
from app.errors import NotFoundError
from app.facts.inventory import Inventory, take
from app.facts.patience import Patience
from app.lib.forge_urls import forge_of
from app.pipeline.drafts import Drafts
from app.pipeline.fix_run import Look
from app.pipeline.fixing import propose
from app.pipeline.readings import BorrowedCache
from app.pipeline.scoring import Owner, score
from app.pipeline.services import Pipeline
from app.pipeline.simulate import replaced_world
from app.pipeline.stored_catalog import StoredCatalog
from app.remediation.proposal import Proposal
from app.repos.model import Snapshot, Tip


@dataclass
class Stored:
    """A bench that knows what the service knows."""

    pipeline: Pipeline
    now: datetime
    cache: BorrowedCache
    patience: Patience = field(default_factory=Patience)
    """One for all looks: the files are read once."""

    def __call__(self, snapshot: Snapshot, ref: EntityRef) -> Look | None:
        inventory = take(snapshot, self.cache, patience=self.patience)
        known = self.pipeline.stored_catalog()
        catalog = _catalog(known, inventory, ref)
        entity = catalog.get(ref)
        if entity is None:
            return None
        attributor = self.pipeline.stored_attributor(known).replacing(inventory.url, inventory.entities)
        world = replaced_world(self.pipeline, inventory, catalog, self.now, Owner(attributor))
        granted = self.pipeline.store.waivers.in_force([entity.ref], self.now).get(entity.ref, ())
        policy, commit = self.pipeline.policy, inventory.commit
        judged = score(policy, entity, world, self.now, commit=commit, waivers=granted)
        return Look(inventory, world, judged, forge_of(inventory.url, self.pipeline.forges))


def _catalog(known: StoredCatalog, inventory: Inventory, ref: EntityRef) -> StoredCatalog:
    """What a catalog tells counts before the repository's descriptors, but for the entity whose descriptor is mended:
    there it is the text that must be right."""
    here = {one.ref for one in inventory.entities if one.identified and not one.ignored}
    hidden = {one.ref for one in known.of_repository(inventory.url) if not one.provider}
    return known.replacing(hidden | ({ref} & here), inventory.entities)


def fix_entity(
    pipeline: Pipeline, entity: Entity, *, checks: Collection[str] = (), answers: Mapping[str, str] | None = None
) -> Proposal:
    """What can be mended of an entity at the commit that was scored. Raises NotFoundError, RepositoryError."""
    now = pipeline.clock()
    row = pipeline.store.repositories.brief(entity.repository, now) if entity.repository else None
    if row is None or not row.tip:
        raise NotFoundError(f"{entity.ref} lies in no repository that was read here, so there is nothing to mend.")
    mirror, tip = pipeline.mirror(row.url), Tip(row.branch, row.tip)
    snapshot = mirror.held(tip) or mirror.sync(tip, now)
    bench = Stored(pipeline, now, BorrowedCache(parsed=pipeline.store.parsed))
    drafts = Drafts(snapshot, now, shown=True)
    proposed = propose(bench, snapshot, pipeline.policy, entity.ref, now, checks=checks, answers=answers, drafts=drafts)
    if proposed is None:
        raise NotFoundError(f"{row.url} does not name {entity.ref} at {snapshot.commit[:12]}.")
    return proposed[0]
