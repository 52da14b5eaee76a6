"""Repositories and entities as providers and repositories tell of them, for every database."""

from __future__ import annotations

import pytest
from store_examples import (
    MINUTE,
    NOW,
    OTHER,
    URL,
    add_repositories,
    claim,
    due_names,
    entity,
    inventory,
    judge,
    ref,
    save,
)

from app.catalog.model import EntityRef, Relation
from app.errors import StaleError
from app.lib.problems import Problem
from app.store.model import Difference, RepositorySource
from app.store.store import Store


def refs(store: Store) -> list[str]:
    return [str(item.ref) for item in store.entities.load()[1]]


def test_desired_minus_stored_is_added_changed_and_orphaned(store: Store) -> None:
    before = [RepositorySource("https://h/a"), RepositorySource("https://h/b"), RepositorySource("https://h/c")]
    after = [RepositorySource("https://h/b", "trunk"), RepositorySource("https://h/c"), RepositorySource("https://h/d")]

    first = store.repositories.sync("git", before, NOW)
    second = store.repositories.sync("git", after, NOW)
    third = store.repositories.sync("git", after, NOW)

    assert first == Difference(added=("https://h/a", "https://h/b", "https://h/c"))
    assert second == Difference(("https://h/d",), ("https://h/b",), ("https://h/a",))
    assert not third
    assert store.repositories.urls() == ["https://h/b", "https://h/c", "https://h/d"]


def test_an_orphaned_repository_is_kept_marked_and_comes_back_due(store: Store) -> None:
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))

    store.repositories.sync("git", [], NOW)
    gone = store.repositories.get(URL, NOW)
    assert gone is not None
    assert gone.orphaned_at == NOW
    assert store.claims.claim_due(NOW + 999 * MINUTE, "worker", MINUTE) == []
    assert refs(store) == []
    orphan = store.entities.get(ref("payments"))
    assert orphan is not None
    assert orphan.orphan

    difference = store.repositories.sync("git", [RepositorySource(URL)], NOW + MINUTE)
    assert difference.added == (URL,)
    assert refs(store) == ["component:default/payments"]
    assert [item.url for item in store.claims.claim_due(NOW + MINUTE, "worker", MINUTE)] == [URL]


def test_a_repository_that_another_provider_lists_is_not_orphaned(store: Store) -> None:
    add_repositories(store, URL, provider="git")
    add_repositories(store, URL, provider="forge")

    difference = store.repositories.sync("git", [], NOW)

    assert difference == Difference()
    assert store.repositories.urls() == [URL]


def test_a_save_is_refused_when_its_repository_was_orphaned_meanwhile(store: Store) -> None:
    add_repositories(store, URL)
    taken = claim(store)
    store.repositories.sync("git", [], NOW)

    with pytest.raises(StaleError):
        store.inventories.save(taken, inventory(), NOW)


def test_a_failing_provider_deletes_nothing_and_says_so(store: Store) -> None:
    add_repositories(store, URL)

    store.repositories.provider_failed("git", "the forge answers 503", NOW + MINUTE)

    (view,) = store.repositories.providers()
    assert (view.name, view.error, view.failed_at, view.repositories) == (
        "git",
        "the forge answers 503",
        NOW + MINUTE,
        1,
    )
    assert view.listed_at == NOW
    assert store.repositories.urls() == [URL]


def test_a_repository_is_fetched_as_whoever_names_an_address_of_its_own_says(store: Store) -> None:
    ssh = "ssh://git.example.org/shop/payments"

    def remote() -> str:
        taken = claim(store)
        store.claims.release(taken)
        return taken.remote

    add_repositories(store, URL, provider="catalog")
    assert remote() == ""
    store.repositories.sync("list", [RepositorySource(URL, remote=ssh)], NOW)
    assert remote() == ssh
    add_repositories(store, URL, provider="catalog")
    assert remote() == ssh, "a catalog that says nothing of it changes nothing"
    changed = store.repositories.sync("list", [RepositorySource(URL, remote=f"{ssh}2")], NOW)
    assert (changed.changed, remote()) == ((URL,), f"{ssh}2")
    store.repositories.sync("list", [], NOW)
    assert remote() == ""


def test_the_old_name_stands_in_until_the_new_one_was_read_and_goes_then(store: Store) -> None:
    new = "https://git.example.org/shop/renamed"
    store.repositories.sync("forge", [RepositorySource(URL, forge_id="forge:7")], NOW)
    save(store, entities=(entity("payments"),))

    store.repositories.sync("forge", [RepositorySource(new, forge_id="forge:7")], NOW)
    store.repositories.sync("forge", [RepositorySource(new, forge_id="forge:7")], NOW)
    assert store.repositories.urls() == sorted([URL, new])
    assert store.repositories.has_moved(OTHER, "forge:8", NOW) == []

    taken = claim(store, new)
    assert taken.forge_id == "forge:7"
    store.inventories.save(taken, inventory(entities=(entity("payments"),)), NOW)
    assert store.repositories.has_moved(new, "forge:7", NOW) == [URL]

    assert store.repositories.urls() == [new]
    assert refs(store) == ["component:default/payments"]
    assert store.repositories.has_moved(new, "forge:7", NOW) == []


def test_a_name_that_is_listed_again_no_longer_leaves(store: Store) -> None:
    new = "https://git.example.org/shop/renamed"
    both = [RepositorySource(URL, forge_id="forge:7"), RepositorySource(new, forge_id="forge:7")]
    store.repositories.sync("forge", both[:1], NOW)
    save(store)
    store.repositories.sync("forge", both[1:], NOW)
    store.repositories.sync("forge", both, NOW)

    assert store.repositories.has_moved(new, "forge:7", NOW) == []
    assert store.repositories.urls() == sorted([URL, new])


def test_repositories_are_paged_by_url(store: Store) -> None:
    add_repositories(store, "https://h/a", "https://h/b", "https://h/c")

    first = store.repositories.page(NOW, limit=2)
    second = store.repositories.page(NOW, after=first.next_cursor or "", limit=2)

    assert [item.url for item in first.items] == ["https://h/a", "https://h/b"]
    assert (first.total, first.next_cursor) == (3, "https://h/b")
    assert ([item.url for item in second.items], second.next_cursor) == (["https://h/c"], None)


def test_an_entity_comes_back_as_it_went_in(store: Store) -> None:
    add_repositories(store, URL)
    told = entity(
        "payments",
        owner="group:default/shop",
        root="services/payments",
        spec={"lifecycle": "production", "odd": [1, None, {"x": "é\x00\udcff"}]},
        problems=(Problem("catalog-info.yaml", 3, "name-invalid", "“Ä” is no name"),),
    )

    save(store, entities=(told,))

    assert store.entities.get(told.ref) == told
    assert store.entities.load()[1] == [told]


def test_the_catalog_version_moves_only_when_the_catalog_does(store: Store) -> None:
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))
    before = store.entities.version()

    save(store, entities=(entity("payments"),), tip="b" * 40)
    unchanged = store.entities.version()
    save(store, entities=(entity("payments", owner="group:default/shop"),))

    assert unchanged == before
    assert store.entities.version() == before + 1
    assert store.entities.load()[0] == before + 1


def test_an_entity_that_is_no_longer_declared_is_orphaned_and_never_judged(store: Store) -> None:
    add_repositories(store, URL)
    save(store, entities=(entity("payments"), entity("orders")))

    save(store, entities=(entity("orders"),))

    assert refs(store) == ["component:default/orders"]
    state = store.entities.state(ref("payments"))
    assert state is not None
    assert state.orphaned_at == NOW
    assert due_names(store) == ["orders"]


def test_of_two_declarations_the_first_counts_until_it_goes(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    save(store, OTHER, now=NOW, entities=(entity("payments", repository=OTHER),))
    save(store, URL, now=NOW + MINUTE, entities=(entity("payments", repository=URL),))

    first = store.entities.get(ref("payments"))
    duplicates = store.entities.duplicates()
    save(store, OTHER, now=NOW + 2 * MINUTE)
    heir = store.entities.get(ref("payments"))

    assert first is not None
    assert first.repository == OTHER
    assert duplicates == {ref("payments"): (OTHER, URL)}
    assert heir is not None
    assert (heir.repository, heir.orphan) == (URL, False)


def test_what_a_catalog_tells_counts_before_a_repository_and_a_provisional_entity_counts_last(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    save(store, OTHER, entities=(entity("payments", repository=OTHER, provisional=True),))
    save(store, URL, entities=(entity("payments", repository=URL),))
    declared = store.entities.get(ref("payments"))

    difference = store.entities.sync("backstage", [entity("payments", repository="", provider="backstage")], NOW)
    told = store.entities.get(ref("payments"))

    assert declared is not None
    assert declared.repository == URL
    assert difference.added == ("component:default/payments",)
    assert told is not None
    assert told.provider == "backstage"


def test_a_catalog_that_tells_the_same_again_writes_no_entity(store: Store) -> None:
    store.entities.sync("backstage", [entity("payments")], NOW)
    before = store.entities.version()

    assert not store.entities.sync("backstage", [entity("payments")], NOW)
    assert store.entities.version() == before


def test_an_owner_that_goes_makes_its_entities_due(store: Store) -> None:
    shop = EntityRef("group", "default", "shop")
    store.entities.sync("backstage", [entity("shop", kind="group")], NOW)
    add_repositories(store, URL)
    save(store, entities=(entity("payments", owner=str(shop)), entity("orders")))
    judge(store, "payments")
    due_names(store)

    store.entities.sync("backstage", [], NOW)

    assert store.entities.related_to([shop]) == {ref("payments")}
    assert due_names(store) == ["payments"]


def test_relations_that_others_state_are_turned_round_while_they_live(store: Store) -> None:
    shop = EntityRef("group", "default", "shop")
    store.entities.sync("backstage", [entity("shop", kind="group")], NOW)
    add_repositories(store, URL)
    save(store, entities=(entity("payments", owner=str(shop)), entity("cart", owner=str(shop)), entity("orders")))

    owned = [Relation(shop, "ownerOf", ref("cart")), Relation(shop, "ownerOf", ref("payments"))]
    assert store.entities.derived(shop, 10) == owned
    assert store.entities.derived(shop, 1) == owned[:1]

    save(store, entities=(entity("payments", owner=str(shop)),))
    assert store.entities.derived(shop, 10) == owned[1:]


def test_ignored_entities_and_second_ones_in_a_repository_are_left_out(store: Store) -> None:
    add_repositories(store, URL)
    skeleton = entity("skeleton", ignored="a template's skeleton")
    first, second = entity("payments"), entity("payments", root="b")

    save(store, entities=(skeleton, first, second))

    assert store.entities.load()[1] == [first]
