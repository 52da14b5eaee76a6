"""The gate: what a proposed change makes better or worse, judged from its own commits. Nothing is stored of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.inventory import Inventory, take
from app.pipeline.laid_over import LaidOver
from app.pipeline.readings import StoredCache
from app.pipeline.scoring import Owner, attribution_rules, score
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import StoredWorld
from app.policy.compare import Comparison, Judgings, compare

MOST_ENTITIES = 200
"""A change to a repository that serves more is judged for the first of them, by reference."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change as its forge names it: the ref of its head in `repository`, and the branch it is meant for."""

    repository: str
    ref: str
    branch: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the change moved between `base` (where it left the branch) and `head`."""

    base: str
    head: str
    comparison: Comparison


def judge_change(pipeline: Pipeline, proposal: Proposal) -> Verdict:
    """Judges both ends. Raises RepositoryError when either can't be read."""
    now = pipeline.clock()
    base, head = pipeline.mirror(proposal.repository).change(proposal.ref, proposal.branch, now)
    cache = StoredCache(pipeline.store.parsed, now)
    ends = [take(snapshot, cache) for snapshot in (base, head)]
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    stored = StoredWorld(pipeline.store, pipeline.catalog(), pipeline.parameters, now, evidence=evidence)
    before, after = (_world(pipeline, stored, inventory) for inventory in ends)
    wanted = _concerned(before) | _concerned(after)
    refs = sorted(wanted, key=str)[:MOST_ENTITIES]
    was, now_is = (_judged(pipeline, world, refs, now) for world in (before, after))
    heirs = _heirs(_declared(before), _declared(after))
    return Verdict(base.commit, head.commit, compare(was, now_is, ends[1].holds, heirs))


def _world(pipeline: Pipeline, stored: StoredWorld, inventory: Inventory) -> LaidOver:
    """The stored world with this inventory in place of what the repository said."""
    url = inventory.url
    evidence = url in pipeline.evidence
    own = [one for one in inventory.entities if one.identified and not (one.provisional and evidence)]
    others = [entity for entity in stored.catalog.entities.values() if entity.repository != url]
    attributor = pipeline.known().attributor.replacing(url, own)
    kinds = stored.evidence.get(url, frozenset())
    catalog, known_as = Catalog.of([*others, *own]), stored.known_as
    return LaidOver(stored, inventory, catalog, Owner(attributor), kinds, known_as, reported=False)


def _concerned(world: LaidOver) -> set[EntityRef]:
    """Entities that the repository declares, or whose objects lie in it."""
    return set(_declared(world)) | world.owners


def _declared(world: LaidOver) -> dict[EntityRef, Entity]:
    own = (one for one in world.catalog.entities.values() if one.repository == world.inventory.url)
    return {one.ref: one for one in own}


def _heirs(before: Mapping[EntityRef, Entity], after: Mapping[EntityRef, Entity]) -> dict[str, str]:
    """Who came → who went from the same folder, where that is one of each: it was renamed, or nothing declares it any
    more and a provisional one stands for what is left. Its debt is no new one.
    """
    went, came = (
        [(one.ref.kind, one.root, str(one.ref)) for ref, one in mine.items() if ref not in others]
        for mine, others in ((before, after), (after, before))
    )
    places = [(kind, root) for kind, root, _ in (*went, *came)]
    old = {(kind, root): ref for kind, root, ref in went if places.count((kind, root)) == 2}
    return {ref: old[kind, root] for kind, root, ref in came if (kind, root) in old}


def _judged(pipeline: Pipeline, world: LaidOver, refs: Sequence[EntityRef], now: datetime) -> Judgings:
    found = {}
    waivers = pipeline.store.waivers.in_force(refs, now)
    for ref in refs:
        entity = world.catalog.get(ref)
        if entity is None:
            continue
        granted = waivers.get(ref, ())
        results = score(pipeline.policy, entity, world, now, commit=world.inventory.commit, waivers=granted).results
        if results:
            found[str(ref)] = results
    return found
