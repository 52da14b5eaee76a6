"""What pages of teams read: who is to be counted again, counts, trends, movements and feedback, for every database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from store_examples import MINUTE, NOW, URL, add_repositories, entity, judge, ref, result, save

from app.catalog.model import Relation
from app.store.feedback import Feedback, Voices
from app.store.model import Change, OutcomeRow, Why
from app.store.store import Store
from app.store.team_counts import EVERYONE, Count, Distance

CARD = "sre-maturity"
TEAM = "group:default/team"
DAY = date(2025, 3, 1)


def group(name: str, *children: str):
    own = ref(name, "group")
    relations = tuple(Relation(own, "parentOf", ref(child, "group")) for child in children)
    made = entity(name, kind="group")
    return type(made)(**{slot: getattr(made, slot) for slot in made.__slots__} | {"relations": relations})


@pytest.fixture
def ready(store: Store) -> Store:
    """Two services of one team, one of another; nothing waits to be counted."""
    add_repositories(store, URL)
    found = [entity("payments", owner=TEAM), entity("refunds", owner=TEAM), entity("cart", owner="group:default/shop")]
    save(store, entities=tuple(found))
    settle(store)
    return store


def settle(store: Store) -> list[str]:
    """Marks everything as counted; whose counts were waiting."""
    waiting = store.team_counts.touched()
    for owner, marks in waiting.items():
        seen, _ = store.team_counts.stood(owner)
        assert store.team_counts.save(owner, seen, marks, [], [])
    return sorted(waiting)


def judged(store: Store, name: str, **rows: object) -> None:
    """Makes an entity due, and judges it."""
    store.due.mark([ref(name)], Why.CODE, NOW)
    judge(store, name, **rows)


def count(store: Store, owner: str, *counts: Count, near: tuple[Distance, ...] = ()) -> None:
    seen, _ = store.team_counts.stood(owner)
    assert store.team_counts.save(owner, seen, [], counts, near)


def test_only_the_team_of_what_moved_is_to_be_counted_again(ready: Store) -> None:
    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))
    assert settle(ready) == [TEAM]

    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))
    assert settle(ready) == []


def test_an_entity_that_changes_hands_or_goes_touches_both_teams(ready: Store) -> None:
    found = (entity("payments", owner="group:default/shop"), entity("cart", owner="group:default/shop"))
    save(ready, entities=found)

    assert settle(ready) == ["group:default/shop", TEAM]


def test_a_team_is_read_with_the_outcomes_of_its_living_entities(ready: Store) -> None:
    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))

    _, (stood,) = ready.team_counts.stood(TEAM)

    assert (stood.entity, stood.level, stood.meets_target, stood.outcomes) == (
        "component:default/payments",
        "bronze",
        False,
        {"owned": "pass"},
    )


def test_counts_that_someone_else_saved_meanwhile_are_refused(ready: Store) -> None:
    seen, _ = ready.team_counts.stood(TEAM)
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2))

    assert not ready.team_counts.save(TEAM, seen, [], [Count(CARD, "level", "gold", "on", 9)], [])
    assert ready.standings.levels()[CARD][TEAM].levels == {"gold": 2}


def test_what_moved_while_it_was_counted_is_counted_again(ready: Store) -> None:
    judged(ready, "payments", results=(result(),))
    marks = ready.team_counts.touched()[TEAM]
    seen, _ = ready.team_counts.stood(TEAM)
    judged(ready, "refunds", results=(result(),))

    assert ready.team_counts.save(TEAM, seen, marks, [], [])
    assert list(ready.team_counts.touched()) == [TEAM]


def test_sums_are_of_the_owners_asked_for(ready: Store) -> None:
    shop = "group:default/shop"
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2), Count(CARD, "check", "owned", "fail", 3))
    count(
        ready,
        shop,
        Count(CARD, "level", "gold", "", 1),
        Count(CARD, "level", "none", "below", 4),
        Count(CARD, "check", "owned", "fail", 1),
        Count(CARD, "area", "slos", "fail", 5),
        Count(CARD, "step", "owned", "bronze", 4),
        Count(CARD, "alone", "owned", "bronze", 1),
    )

    levels = ready.standings.levels()[CARD][shop]
    assert (levels.levels, levels.on_target, levels.with_target, levels.total) == ({"gold": 1, "none": 4}, 0, 4, 5)
    assert ready.standings.checks(CARD) == {"owned": {"fail": 4}}
    assert ready.standings.checks(CARD, [TEAM]) == {"owned": {"fail": 3}}
    assert ready.standings.areas(CARD) == {shop: {"slos": {"fail": 5}}}
    (obstacle,) = ready.standings.obstacles(CARD)
    assert (obstacle.check, obstacle.stands, obstacle.alone) == ("owned", {"bronze": 4}, {"bronze": 1})
    assert ready.standings.obstacles(CARD, [TEAM]) == []


def test_the_nearest_to_their_next_level_come_first(ready: Store) -> None:
    for name in ("payments", "refunds"):
        judged(ready, name, results=(result(),))
    far = Distance("component:default/payments", CARD, "silver", 2, 0, 600, "")
    close = Distance("component:default/refunds", CARD, "silver", 1, 0, 3600, "owned")
    count(ready, TEAM, near=(far, close))

    assert [near.distance for near in ready.standings.nearest(CARD, [TEAM])] == [close, far]
    (near,) = ready.standings.one_away(CARD)
    assert (near.title, near.level, near.distance) == ("refunds", "bronze", close)
    assert ready.standings.one_away(CARD, "other") == []
    assert ready.standings.one_away(CARD, after=(3600, "component:default/refunds")) == []
    assert ready.standings.distance("component:default/payments", CARD) == far


def test_a_trend_is_of_the_group_with_all_below_and_begins_with_the_last_point_before(ready: Store) -> None:
    shop = "group:default/shop"
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2))
    ready.team_counts.save_trend(EVERYONE, None, DAY)
    count(ready, shop, Count(CARD, "level", "none", "below", 1))
    ready.team_counts.save_trend(EVERYONE, None, DAY + timedelta(days=3))
    ready.team_counts.save_trend(shop, [shop], DAY + timedelta(days=3))

    points = ready.standings.trend(CARD, since=DAY + timedelta(days=1))
    assert [(point.day, point.levels, point.on_target, point.with_target) for point in points] == [
        (DAY, {"gold": 2}, 2, 2),
        (DAY + timedelta(days=3), {"gold": 2, "none": 1}, 2, 3),
    ]
    assert [point.levels for point in ready.standings.trend(CARD, shop, since=DAY)] == [{"none": 1}]


def told(name: str, before: str, after: str, reason: str = "code", minute: int = 0, what: str = "level") -> Change:
    at = NOW + minute * MINUTE
    return Change(at=at, entity=ref(name), scorecard=CARD, what=what, before=before, after=after, reason=reason)


RANKS = {"none": 0, "bronze": 1, "silver": 2, "gold": 3}


def test_movements_add_up_and_leave_out_policy_and_sources(ready: Store) -> None:
    changes = [told("payments", "none", "gold"), told("payments", "gold", "none", "policy", 1)]
    judged(ready, "payments", results=(result(),), changes=(*changes, told("payments", "none", "bronze", minute=2)))
    judged(ready, "refunds", results=(result(),), changes=(told("refunds", "gold", "none", "data source"),))
    judged(ready, "cart", results=(result(),), changes=(told("cart", "gold", "silver"),))

    (up,) = ready.changes.movements(CARD, RANKS, NOW, rising=True)
    (down,) = ready.changes.movements(CARD, RANKS, NOW, rising=False)

    assert (up.entity, up.levels, up.owner) == (ref("payments"), 4, TEAM)
    assert (down.entity, down.levels) == (ref("cart"), -1)
    assert ready.changes.movements(CARD, RANKS, NOW + 5 * MINUTE, rising=True) == []


def test_changes_of_a_team_are_newest_first_and_levels_before_checks(ready: Store) -> None:
    check = told("payments", "pass", "fail", minute=3, what="outcome")
    judged(ready, "payments", results=(result(),), changes=(told("payments", "none", "bronze"), check))
    judged(ready, "cart", results=(result(),), changes=(told("cart", "none", "bronze"),))

    found = ready.changes.of_owners([TEAM], NOW)

    assert [(change.entity.name, change.what) for change in found] == [("payments", "level"), ("payments", "outcome")]


def test_groups_know_what_is_above_and_below_even_in_a_circle(store: Store) -> None:
    add_repositories(store, URL)
    groups = (group("all", "shop"), group("shop", "cart"), group("cart"), group("a", "b"), group("b", "a"))
    save(store, entities=groups)

    tree = store.groups.tree()

    assert tree.below("group:default/all") == ("group:default/all", "group:default/shop", "group:default/cart")
    assert tree.above("group:default/cart") == ("group:default/shop", "group:default/all")
    assert tree.roots() == ("group:default/a", "group:default/all")
    save(store, entities=(*groups[1:], group("all")))
    assert store.groups.tree().below("group:default/all") == ("group:default/all",)


def voice(entity: str = "component:default/payments", author: str = "user:default/ada", **more: object) -> Feedback:
    values = {"check": "owned", "helped": False, "note": "", "at": NOW, **more}
    return Feedback(entity=entity, author=author, **values)


def test_a_person_has_one_voice_and_may_change_it(store: Store) -> None:
    store.feedback.give(voice(note="Where is the form?" + "x" * 2000))
    assert store.feedback.by_check(NOW) == {"owned": Voices(0, 1)}
    (said,) = store.feedback.of_check("owned")
    assert said.note.startswith("Where is the form?")
    assert len(said.note) == 1000

    store.feedback.give(voice(helped=True, at=NOW + MINUTE))
    store.feedback.give(voice(author="user:default/grace"))

    assert store.feedback.by_check(NOW) == {"owned": Voices(1, 1)}
    assert store.feedback.by_check(NOW + MINUTE) == {"owned": Voices(1, 0)}
    assert store.feedback.of_entity("component:default/payments", "user:default/ada") == {"owned": True}
    assert store.feedback.given("user:default/ada", NOW) == 1
    assert store.feedback.of_check("owned") == []
