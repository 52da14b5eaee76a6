"""A fix of what does not exist yet: scored again and again with what is known around it. No store; see `mend_apart`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.attribution.attribute import Attributor
from app.catalog.model import Catalog, EntityRef
from app.facts.inventory import Inventory, take
from app.facts.patience import Patience
from app.pipeline.drafts import Drafts
from app.pipeline.fix_run import Look
from app.pipeline.fixing import propose
from app.pipeline.fixing_here import MemoryCache
from app.pipeline.laid_over import LaidOver
from app.pipeline.newborn import with_stand_ins
from app.pipeline.scoring import Owner, attribution_rules, score
from app.pipeline.surroundings import Surroundings
from app.policy.model import Policy
from app.remediation.proposal import Proposal
from app.repos.model import Snapshot


@dataclass
class Born:
    """A bench that knows what is handed in, and its surroundings. `applied`: as for `LaidOver`."""

    policy: Policy
    now: datetime
    surroundings: Surroundings
    applied: bool
    cache: MemoryCache = field(default_factory=MemoryCache)
    patience: Patience = field(default_factory=Patience)

    def __call__(self, snapshot: Snapshot, ref: EntityRef) -> Look | None:
        inventory = with_stand_ins(take(snapshot, self.cache, patience=self.patience))
        catalog = self._catalog(inventory)
        entity = catalog.get(ref)
        if entity is None:
            return None
        owner = Owner(Attributor(catalog, attribution_rules(self.policy, {})))
        world = LaidOver(self.surroundings, inventory, catalog, owner, applied=self.applied)
        return Look(inventory, world, score(self.policy, entity, world, self.now, commit=inventory.commit))

    def _catalog(self, inventory: Inventory) -> Catalog:
        """As `simulate.replaced`, over what was handed along."""
        known = self.surroundings.catalog.entities.values()
        others = [one for one in known if one.repository != inventory.url or one.provider]
        return Catalog.of([*others, *inventory.entities])


def fix_born(
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    surroundings: Surroundings,
    refs: Sequence[EntityRef],
    *,
    applied: bool,
) -> list[Proposal]:
    """What can be mended of each of these entities, one upon the other."""
    bench, drafts, found = Born(policy, now, surroundings, applied), Drafts(snapshot, now), []
    for ref in refs:
        proposed = propose(bench, snapshot, policy, ref, now, drafts=drafts)
        if proposed is not None and (proposed[0].before or proposed[0].files):
            found.append(proposed[0])
            drafts = proposed[1]
    return found
