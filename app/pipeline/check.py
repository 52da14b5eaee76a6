"""`check`: one repository, working tree or plain folder scored by itself, without a store or a server.

What only the catalog, other repositories or live systems know stays unknown, never fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from app.attribution.attribute import Attributor
from app.catalog.locations import locate
from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.collect import collect
from app.facts.inventory import Inventory
from app.facts.model import FactSet
from app.facts.world import MemoryWorld
from app.formats import kinds
from app.formats.model import AlertRule, Objective, Runbook
from app.pipeline.newborn import with_stand_ins
from app.pipeline.scoring import Judged, Owner, attribution_rules, parameters_of, score
from app.pipeline.unread import taken
from app.policy.baseline import without_newer_checks
from app.policy.compare import Comparison, Judgings, compare
from app.policy.model import Policy
from app.repos.model import Snapshot


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found: the inventory, every entity that a scorecard applies to, and those it left out.

    `nobodys`: alerts, objectives and runbooks that no entity here can be told to own; they count for none.
    `comparison`: what moved since a baseline, where one was given. `goal`: the level whose whole plan is asked for.
    `fixes`: entity → its fix as JSON (without levels), of what does not exist yet: there `fix` has nowhere to run.
    """

    inventory: Inventory
    judged: tuple[Judged, ...]
    unscored: tuple[Entity, ...]
    nobodys: tuple[Nobodys, ...] = ()
    comparison: Comparison | None = None
    goal: str = ""
    fixes: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def judgings(self) -> Judgings:
        """Entity reference → its results, as `policy.compare` wants them."""
        return {judged.subject.ref: judged.results for judged in self.judged}

    def since(self, before: Judgings) -> Report:
        """The same, with what is better or worse than before."""
        moved = compare(before, without_newer_checks(before, self.judgings), self.inventory.holds)
        return replace(self, comparison=moved)


@dataclass(frozen=True, slots=True)
class Nobodys:
    """Something that would count, and why it belongs to nobody."""

    kind: str
    path: str
    line: int
    why: str


def check(
    snapshot: Snapshot, policy: Policy, now: datetime, *, folder: str = "", entity: str = "", unborn: bool = False
) -> Report:
    """Scores a snapshot. `folder` narrows to entities in it, `entity` to one reference. Raises RepositoryError.

    `unborn`: it lies in no repository yet, so what no descriptor declares is scored as what it would become.
    """
    inventory = taken(snapshot)
    if unborn:
        inventory = with_stand_ins(inventory)
    world, owner = world_of(inventory, policy)
    wanted = chosen(world.catalog, folder, entity)
    judged = [score(policy, one, world, now, commit=inventory.commit) for one in wanted]
    return Report(
        inventory,
        tuple(one for one in judged if one.results),
        tuple(one.entity for one in judged if not one.results),
        tuple(_nobodys(inventory, owner.attributor)),
    )


def world_of(inventory: Inventory, policy: Policy) -> tuple[MemoryWorld, Owner]:
    """What is known where only one repository is, and whose its objects are."""
    catalog = Catalog.of(inventory.entities)
    owner = Owner(Attributor(catalog, attribution_rules(policy, {})))
    parameters, aliases = parameters_of(policy), _aliases(inventory)
    return MemoryWorld([inventory], catalog, owner, parameters, catalog_complete=False, aliases=aliases), owner


def chosen(catalog: Catalog, folder: str, entity: str) -> list[Entity]:
    """The entities of a folder, or the one of a reference."""
    return [one for one in catalog.entities.values() if _is_in(one, folder) and entity in ("", str(one.ref))]


def _nobodys(inventory: Inventory, attributor: Attributor) -> Iterator[Nobodys]:
    for found in inventory.found:
        thing = found.object
        page = isinstance(thing, Runbook) and kinds.runbook_kind(found.path, thing) == "runbook"
        if found.ignored or not (page or isinstance(thing, AlertRule | Objective)):
            continue
        owned = attributor.of(found)
        if not owned.refs:
            yield Nobodys(thing.kind.replace("_", " "), found.path, thing.line, owned.why)


def _aliases(inventory: Inventory) -> dict[str, str]:
    """What a copy without an origin is called elsewhere: the one repository its own entities say they lie in.

    Entities that lie in several, as in a repository of descriptors alone, say nothing of this one.
    """
    if not inventory.url.startswith("file://"):
        return {}
    places = (locate(entity) for entity in inventory.entities if not entity.ignored and not entity.provisional)
    names = {place.repository for place in places if place is not None}
    return {names.pop(): inventory.url} if len(names) == 1 else {}


def _is_in(entity: Entity, folder: str) -> bool:
    return not folder or PurePosixPath(entity.path).is_relative_to(folder) or (entity.provisional and not entity.path)


def collect_one(inventory: Inventory, ref: EntityRef, policy: Policy, now: datetime) -> tuple[FactSet, ...] | None:
    """One entity's facts as its repository alone shows them, or None when it is not there."""
    world, _ = world_of(inventory, policy)
    entity = world.catalog.get(ref)
    if entity is None:
        return None
    return tuple(collect(entity, world, now))
