"""`fix` on a laptop and in CI: one repository by itself, without a store or a server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.catalog.model import EntityRef
from app.facts.inventory import take
from app.facts.patience import Patience
from app.pipeline.check import chosen, world_of
from app.pipeline.drafts import Drafts
from app.pipeline.fixing import Look, propose
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
    cache: MemoryCache = field(default_factory=MemoryCache)
    patience: Patience = field(default_factory=Patience)
    """One for all looks: the files are read once."""

    def __call__(self, snapshot: Snapshot, ref: EntityRef) -> Look | None:
        inventory = take(snapshot, self.cache, patience=self.patience)
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
) -> tuple[list[Proposal], Drafts]:
    """What can be mended of every entity of a folder, one upon the other, and the files with all of it."""
    bench = Alone(policy, now)
    world, _ = world_of(take(snapshot, bench.cache, patience=bench.patience), policy)
    found, drafts = [], Drafts(snapshot, now)
    for one in chosen(world.catalog, folder, entity):
        proposed = propose(bench, snapshot, policy, one.ref, now, checks=checks, answers=answers, drafts=drafts)
        if proposed is not None and (proposed[0].before or proposed[0].files):
            found.append(proposed[0])
            drafts = proposed[1]
    return found, drafts
