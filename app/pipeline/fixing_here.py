"""`fix` on a laptop and in CI: one repository by itself, without a store or a server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.catalog.model import EntityRef
from app.facts.inventory import Inventory, take
from app.facts.patience import Patience
from app.pipeline.check import chosen, world_of
from app.pipeline.drafts import Drafts
from app.pipeline.fix_run import Look
from app.pipeline.fixing import propose
from app.pipeline.newborn import with_stand_ins
from app.pipeline.scoring import score
from app.policy.model import Policy
from app.remediation.proposal import Proposal
from app.repos.model import Snapshot


@dataclass
class MemoryCache:
    """Readings of one run: only what a fix has changed is read again."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        return {key: self.known[key] for key in keys if key in self.known}

    def put_many(self, values: Mapping[str, dict[str, Any]]) -> None:
        self.known.update(values)


@dataclass
class Alone:
    """A bench that knows one repository only."""

    policy: Policy
    now: datetime
    unborn: bool = False
    cache: MemoryCache = field(default_factory=MemoryCache)
    patience: Patience = field(default_factory=Patience)
    """One for all looks: the files are read once."""

    def look(self, snapshot: Snapshot) -> Inventory:
        """What a snapshot says; with what it would become, where it lies in no repository yet."""
        inventory = take(snapshot, self.cache, patience=self.patience)
        return with_stand_ins(inventory) if self.unborn else inventory

    def __call__(self, snapshot: Snapshot, ref: EntityRef) -> Look | None:
        inventory = self.look(snapshot)
        world, _ = world_of(inventory, self.policy)
        entity = world.catalog.get(ref)
        if entity is None:
            return None
        return Look(inventory, world, score(self.policy, entity, world, self.now, commit=inventory.commit))


def fix_here(
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    *,
    folder: str = "",
    entity: str = "",
    checks: Collection[str] = (),
    answers: Mapping[str, str] | None = None,
    unborn: bool = False,
) -> tuple[list[Proposal], Drafts]:
    """What can be mended of every entity of a folder, one upon the other, and the files with all of it.

    `unborn`: it lies in no repository yet, as for `check`.
    """
    bench = Alone(policy, now, unborn)
    world, _ = world_of(bench.look(snapshot), policy)
    found, drafts = [], Drafts(snapshot, now)
    for one in chosen(world.catalog, folder, entity):
        proposed = propose(bench, snapshot, policy, one.ref, now, checks=checks, answers=answers, drafts=drafts)
        if proposed is not None and (proposed[0].before or proposed[0].files):
            found.append(proposed[0])
            drafts = proposed[1]
    return found, drafts
