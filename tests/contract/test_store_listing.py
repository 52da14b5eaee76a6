"""Lists and pages, the parsed cache and the last good policy, for every database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store_examples import MINUTE, NOW, OTHER, URL, add_repositories, entity, ref, result, save

from app.catalog.model import EntityRef
from app.store.filters import EntityFilter
from app.store.model import JudgementRows, Reading
from app.store.parsed import packed
from app.store.store import Store

SHOP, PAY = EntityRef("group", "default", "shop"), EntityRef("group", "default", "pay")
ALL = EntityFilter(scorecard="sre-maturity")
LEVELS = {"cart": ("none", 0), "orders": ("gold", 3), "payments": ("bronze", 1), "search": ("bronze", 1)}


@pytest.fixture
def listed(store: Store) -> Store:
    """Five components of two owners; four are judged, `zoo` has no result."""
    add_repositories(store, URL, OTHER)
    owners = {"cart": SHOP, "orders": SHOP, "payments": PAY, "search": PAY, "zoo": PAY}
    save(store, entities=tuple(entity(name, owner=str(owner)) for name, owner in owners.items()))
    for item in store.due.claim(NOW, limit=100):
        results = (
            (result(level=LEVELS[item.ref.name][0], rank=LEVELS[item.ref.name][1]),) if item.ref.name in LEVELS else ()
        )
        tier = "tier-1" if item.ref.name == "orders" else "tier-3"
        store.judgements.save(item.ref, item.generation, JudgementRows(results=results, tier=tier), NOW)
    return store


def names(store: Store, where: EntityFilter, **options: object) -> list[str]:
    return [item.ref.name for item in store.listing.entities(where, **options).items]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (EntityFilter(), ["cart", "orders", "payments", "search", "zoo"]),
        (EntityFilter(owners=(SHOP,)), ["cart", "orders"]),
        (EntityFilter(owners=(SHOP, PAY), tiers=("tier-1",)), ["orders"]),
        (EntityFilter(kinds=("group",)), []),
        (EntityFilter(types=("service",), text="AR"), ["cart", "search"]),
        (EntityFilter(text="%"), []),
        (EntityFilter(scorecard="sre-maturity", levels=("bronze",)), ["payments", "search"]),
        (EntityFilter(scorecard="sre-maturity", meets_target=True), ["orders"]),
        (EntityFilter(scorecard="sre-maturity", meets_target=False), ["cart", "payments", "search"]),
    ],
)
def test_a_filter_picks_entities(listed: Store, where: EntityFilter, expected: list[str]) -> None:
    page = listed.listing.entities(where)

    assert [item.ref.name for item in page.items] == expected
    assert (page.total, page.next_cursor) == (len(expected), None)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("ref", ["cart", "orders", "payments", "search", "zoo"]),
        ("name", ["cart", "orders", "payments", "search", "zoo"]),
        ("level", ["zoo", "cart", "payments", "search", "orders"]),
        ("-level", ["orders", "search", "payments", "cart", "zoo"]),
        ("score", ["zoo", "cart", "payments", "search", "orders"]),
        ("-score", ["orders", "search", "payments", "cart", "zoo"]),
    ],
)
def test_pages_follow_each_other_without_gap_or_repeat(listed: Store, sort: str, expected: list[str]) -> None:
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = listed.listing.entities(ALL, sort=sort, cursor=cursor, limit=2)
        found += [item.ref.name for item in page.items]
        cursor = page.next_cursor

    assert found == expected
    assert (cursor, page.total) == (None, 5)


def test_a_cursor_that_is_not_of_this_list_is_refused_in_words(listed: Store) -> None:
    other = listed.listing.entities(ALL, sort="level", limit=1).next_cursor

    with pytest.raises(ValueError, match="sorted in another way"):
        listed.listing.entities(ALL, sort="ref", cursor=other)
    for nonsense in ("x", "é", "bnVsbA", "W10", "WyJyZWYiLDEsMl0"):
        with pytest.raises(ValueError, match="cursor"):
            listed.listing.entities(ALL, cursor=nonsense)


def test_an_unknown_sort_or_one_without_its_scorecard_is_refused(listed: Store) -> None:
    with pytest.raises(ValueError, match="is not a way to sort; use one of ref, -ref, name"):
        listed.listing.entities(ALL, sort="age")
    with pytest.raises(ValueError, match="name it"):
        listed.listing.entities(EntityFilter(levels=("gold",)))
    with pytest.raises(ValueError, match="needs a scorecard"):
        listed.listing.entities(EntityFilter(), sort="level")


def test_a_line_carries_standing_and_place(listed: Store) -> None:
    found = listed.listing.by_refs([ref("orders"), ref("nobody")])

    assert list(found) == [ref("orders")]
    item = found[ref("orders")]
    assert (item.owner, item.tier, item.repository, item.path) == (str(SHOP), "tier-1", URL, "catalog-info.yaml")
    (standing,) = item.standings
    assert (standing.scorecard, standing.level, standing.meets_target, standing.score) == (
        "sre-maturity",
        "gold",
        True,
        1.0,
    )


def test_orphans_are_listed_only_when_asked_for(listed: Store) -> None:
    save(listed, now=NOW + MINUTE, entities=(entity("cart", owner=str(SHOP)),))

    assert names(listed, EntityFilter()) == ["cart"]
    assert len(names(listed, EntityFilter(orphans=True))) == 5


def test_bare_rows_are_the_same_list_page_by_page(listed: Store) -> None:
    whole = [("cart", "none"), ("orders", "gold"), ("payments", "bronze"), ("search", "bronze")]
    for sort in ("ref", "-level"):
        order = names(listed, ALL, sort=sort)
        found, cursor = [], None
        for _ in range(3):
            page = listed.listing.rows(ALL, ("name",), ("level", "as_of"), sort=sort, cursor=cursor, limit=2)
            found += [(row.name, row.level) for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [name for name, _ in found] == order
        assert {one for one in found if one[0] in dict(whole)} == set(whole)
    bare = listed.listing.rows(EntityFilter(), ("name",), ("level",), limit=1)
    assert bare.items[0].level is None


def test_readings_come_back_by_blob_kind_and_version(store: Store) -> None:
    bodies = {Reading(f"{number:040x}", ".yaml", "1"): f"body {number}".encode() for number in range(1200)}
    add_repositories(store, URL)

    save(store, readings={reading: packed(body) for reading, body in bodies.items()})

    assert store.parsed.get_many([*bodies, Reading("f" * 40, ".yaml", "1")], NOW) == bodies
    assert store.parsed.get_many([Reading(f"{1:040x}", ".yaml", "2")], NOW) == {}
    assert store.parsed.get_many([Reading(f"{1:040x}", "CODEOWNERS", "1")], NOW) == {}


def test_readings_that_nobody_asked_for_are_forgotten(store: Store) -> None:
    used, unused = Reading("1" * 40, ".md", "1"), Reading("2" * 40, ".md", "1")
    add_repositories(store, URL)
    save(store, readings={used: packed(b"a"), unused: packed(b"b")})
    later = NOW + timedelta(days=20)

    store.parsed.get_many([used], later)

    assert store.parsed.prune(later - timedelta(days=1)) == 1
    assert store.parsed.get_many([used, unused], later) == {used: b"a"}


def test_the_last_good_policy_is_kept_and_an_equal_one_is_not_written_again(store: Store) -> None:
    assert store.policies.last() is None

    assert store.policies.save("v1", b"one", NOW)
    assert store.policies.save("v2", b"two", NOW + MINUTE)
    assert not store.policies.save("v2", b"two", NOW + 2 * MINUTE)

    last = store.policies.last()
    assert last is not None
    assert (last.version, last.body, last.loaded_at) == ("v2", b"two", NOW + MINUTE)
    assert store.policies.save("v1", b"one", NOW + 3 * MINUTE)
    back = store.policies.last()
    assert back is not None
    assert back.version == "v1"
