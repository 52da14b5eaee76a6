"""What this service would say if a repository were as someone has it on a laptop or in CI. Nothing is kept.

The reader's store and catalog stay as they are, but for that repository: its entities, objects and paths are those
handed in. So at the same commit the verdicts are the service's own.
"""

from __future__ import annotations

from datetime import datetime

from app.catalog.model import Catalog, EntityRef
from app.facts.inventory import Found, Inventory
from app.facts.pushed_world import PushedWorld
from app.facts.unseen import UnreadablePlace
from app.pipeline.handed import NAMELESS, PLACE
from app.pipeline.laid_over import LaidOver
from app.pipeline.scoring import Judged, Owner, attribution_rules, score
from app.pipeline.services import Pipeline
from app.pipeline.stored_catalog import StoredCatalog
from app.pipeline.stored_world import StoredWorld


def known_as(pipeline: Pipeline, url: str) -> str:
    """The name under which a repository is crawled: a clone may know it by another."""
    return pipeline.store.repositories.known_as([url]).get(url, url)


def simulate(pipeline: Pipeline, inventory: Inventory, now: datetime, *, owners: bool = False) -> list[Judged]:
    """Judges every entity of a repository as it is handed in. `inventory.url` is as `known_as` says.

    With `owners` also entities declared elsewhere whose objects these are; one made up for what is theirs is left out.
    """
    known = pipeline.stored_catalog()
    owner = Owner(pipeline.stored_attributor(known).replacing(inventory.url, inventory.entities))
    world = replaced_world(pipeline, inventory, replaced(known, inventory), now, owner)
    refs = _with_owners(owner, inventory) if owners else _refs(inventory)
    mine = [entity for ref in refs if (entity := world.catalog.get(ref)) is not None]
    waivers = pipeline.store.waivers.in_force([entity.ref for entity in mine], now)
    return [
        score(pipeline.policy, one, world, now, commit=inventory.commit, waivers=waivers.get(one.ref, ()))
        for one in mine
    ]


def _with_owners(owner: Owner, inventory: Inventory) -> list[EntityRef]:
    placed: list[Found | UnreadablePlace] = [*inventory.found, *inventory.unreadable]
    theirs = sorted({ref for one in placed if not one.ignored for ref in owner(one)})
    made_up = {one.ref for one in inventory.entities if one.provisional}
    own = [ref for ref in _refs(inventory) if ref not in made_up or ref in theirs or not theirs]
    return list(dict.fromkeys([*own, *theirs]))


def world_now(pipeline: Pipeline) -> StoredWorld:
    """What is stored, as retrievers ask it, without anything handed in."""
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    catalog, now = pipeline.stored_catalog(), pipeline.clock()
    return StoredWorld(pipeline.store, catalog, pipeline.parameters, now, evidence=evidence)


def replaced_world(
    pipeline: Pipeline, inventory: Inventory, catalog: Catalog, now: datetime, owner: Owner
) -> PushedWorld:
    """The stored world, reports included, with one repository as the inventory has it. `owner`: of what lies there."""
    evidence = attribution_rules(pipeline.policy, pipeline.evidence).evidence
    stored = StoredWorld(pipeline.store, catalog, pipeline.parameters, now, evidence=evidence)
    applied = inventory.url == f"{PLACE}{NAMELESS}"
    kinds = evidence.get(inventory.url, frozenset())
    world = LaidOver(stored, inventory, catalog, owner, kinds, stored.known_as, applied)
    return PushedWorld(world, stored.pushed, now)


def _refs(inventory: Inventory) -> list[EntityRef]:
    return list(dict.fromkeys(one.ref for one in inventory.entities if not one.ignored and one.identified))


def replaced(known: StoredCatalog, inventory: Inventory) -> StoredCatalog:
    """What a catalog tells, or another repository declares, counts before what is handed in."""
    hidden = {one.ref for one in known.of_repository(inventory.url) if not one.provider}
    return known.replacing(hidden, inventory.entities)
