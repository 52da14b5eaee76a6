"""A catalog asked of the store piece by piece says what the whole one in memory says, on every database."""

from __future__ import annotations

from random import Random

import pytest
from store_examples import NOW

from app.attribution.index import KINDS, Index, Replaced
from app.catalog.model import INVERSE, Catalog, Entity, EntityRef, Relation
from app.pipeline.stored_catalog import StoredCatalog
from app.pipeline.stored_index import Annotated, StoredIndex
from app.store.sight import Sight
from app.store.store import Store

NAMES = [f"Ledger-{number}" for number in range(7)]
URLS = ["", "https://git.example.org/a", "https://git.example.org/b"]
TYPES = [*INVERSE, "sees"]
LABELS = ["app=ledger", "app=ledger,tier=web", "tier in (web)", ""]


def some_entity(dice: Random) -> Entity:
    kind, name, repository = dice.choice([*KINDS, "group", "user"]), dice.choice(NAMES), dice.choice(URLS)
    ref = EntityRef(kind, "default", name.lower())
    annotations = {
        "backstage.io/kubernetes-id": dice.choice([*NAMES, "", ""]),
        "backstage.io/kubernetes-namespace": dice.choice(["shop", "100%_shop", ""]),
        "backstage.io/kubernetes-label-selector": dice.choice(LABELS),
    }
    document = {"kind": kind, "metadata": {"name": name, "annotations": annotations}}
    relations = {
        (type_, target): Relation(ref, type_, target)
        for type_, target in ((dice.choice(TYPES), some_ref(dice)) for _ in range(dice.randrange(5)))
    }
    return Entity(
        ref=ref,
        kind=kind.title(),
        name=name,
        namespace="default",
        document=document,
        repository=repository,
        root=dice.choice(["", "one", "one/two"]) if repository else "",
        provider=dice.choice(["", "backstage"]),
        provisional=dice.random() < 0.1,
        relations=tuple(relations.values()),
    )


def some_ref(dice: Random) -> EntityRef:
    return EntityRef(dice.choice([*KINDS, "group", "user"]), "default", dice.choice(NAMES).lower())


def fill(store: Store, dice: Random) -> None:
    """Some are told of by two, and some by nobody any more."""
    store.entities.sync("old", [some_entity(dice) for _ in range(18)], NOW)
    store.entities.sync("old", [some_entity(dice) for _ in range(18)], NOW)
    store.entities.sync("other", [some_entity(dice) for _ in range(20)], NOW)


def every_ref() -> list[EntityRef]:
    return [EntityRef(kind, "default", name.lower()) for kind in (*KINDS, "group", "user") for name in NAMES]


def assert_same_catalog(asked: Catalog, whole: Catalog) -> None:
    assert list(asked.entities) == list(whole.entities)
    assert len(asked.entities) == len(whole.entities)
    assert asked.kinds == whole.kinds
    assert asked.known(every_ref()) == whole.known(every_ref())
    for kind in (*KINDS, "group", "user"):
        assert asked.of_kind(kind) == whole.of_kind(kind)
    for ref in every_ref():
        assert asked.get(ref) == whole.get(ref)
        assert asked.owner(ref) == whole.owner(ref)
        assert asked.group_tree(ref) == whole.group_tree(ref)
        for type_ in TYPES:
            assert asked.related(ref, type_) == whole.related(ref, type_), (ref, type_)


@pytest.mark.parametrize("seed", range(2))
def test_it_knows_the_same_entities_and_relations(store: Store, seed: int) -> None:
    dice = Random(seed)
    fill(store, dice)
    entities = store.entities.load()[1]

    assert_same_catalog(StoredCatalog(store.lookups), Catalog.of(entities))


@pytest.mark.parametrize("seed", range(2))
def test_with_another_repository_in_place_of_one_it_is_still_the_same(store: Store, seed: int) -> None:
    dice = Random(seed)
    fill(store, dice)
    entities = store.entities.load()[1]
    known = StoredCatalog(store.lookups)

    for _ in range(2):
        own, also = [some_entity(dice) for _ in range(8)], {some_ref(dice)}
        hidden = {one.ref for one in known.of_repository(URLS[1]) if not one.provider} | also
        others = [one for one in entities if one.ref not in hidden]
        assert_same_catalog(known.replacing(hidden, own), Catalog.of([*others, *own]))


def test_a_reader_who_sees_some_entities_gets_no_other(store: Store) -> None:
    fill(store, Random(5))
    owners = frozenset(str(ref) for ref in every_ref() if ref.kind == "group" and ref.name.endswith(("1", "3", "5")))
    seen = store.seen_by(Sight(owners))
    entities = seen.entities.load()[1]
    assert 0 < len(entities) < len(store.entities.load()[1])

    assert_same_catalog(StoredCatalog(seen.lookups), Catalog.of(entities))
    catalog = StoredCatalog(seen.lookups)
    annotated = Annotated()
    annotated.now(store)
    assert_same_index(
        StoredIndex(catalog, seen.lookups, lambda: annotated.now(seen)), Index(Catalog.of(entities).entities)
    )


def assert_same_index(asked: StoredIndex | Replaced, whole: Index | Replaced) -> None:
    for name in (one.lower() for one in NAMES):
        assert list(asked.called(name)) == list(whole.called(name)), name
    for namespace in ("shop", "100%_shop", "100x_shop"):
        assert list(asked.in_namespace(namespace)) == list(whole.in_namespace(namespace))
    for labels in ({"app": "ledger"}, {"app": "ledger", "tier": "web"}, {}):
        assert list(asked.selecting(labels)) == list(whole.selecting(labels))
    for url in URLS:
        assert list(asked.apis(url)) == list(whole.apis(url))
        for root in ("", "one", "one/two", "two"):
            assert list(asked.in_folder(url, root)) == list(whole.in_folder(url, root))
    for ref in every_ref():
        assert asked.knows(ref) == whole.knows(ref)
        assert asked.is_made_up(ref) == whole.is_made_up(ref)


@pytest.mark.parametrize("seed", range(2))
def test_names_folders_and_selectors_find_the_same(store: Store, seed: int) -> None:
    dice, annotated = Random(seed), Annotated()
    fill(store, dice)
    for _ in range(2):  # the second time the catalog has changed since the annotations were read
        whole = Index(Catalog.of(store.entities.load()[1]).entities)
        asked = StoredIndex(StoredCatalog(store.lookups), store.lookups, lambda: annotated.now(store))
        assert_same_index(asked, whole)
        own = [some_entity(dice) for _ in range(6)]
        assert_same_index(Replaced(asked, URLS[1], own), Replaced(whole, URLS[1], own))
        store.entities.sync("later", [some_entity(dice) for _ in range(10)], NOW)
