"""What pages of teams read: who is to be counted again, counts, trends, movements and feedback, for every database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from store_examples import MINUTE, NOW, URL, add_repositories, entity, judge, ref, result, save

from app.catalog.model import Relation
from app.store.feedback import Feedback, Voices
from app.store.model import Change, OutcomeRow, Why
from app.store.sight import Sight
from app.store.standing_rows import Line, LineFilter
from app.store.standings import SORTS, place
from app.store.store import Store
from app.store.team_counts import EVERYONE, Count, Distance

CARD = "sre-maturity"
TEAM, SHOP = "group:default/team", "group:default/shop"
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
    found = [entity("payments", owner=TEAM), entity("refunds", owner=TEAM), entity("cart", owner=SHOP)]
    save(store, entities=tuple(found))
    settle(store)
    return store


def everyone(owner: str) -> tuple[str, ...]:
    return owner, EVERYONE


def settle(store: Store) -> list[str]:
    """Marks everything as counted; whose counts were waiting."""
    waiting = store.team_counts.touched()
    for owner, marks in waiting.items():
        seen, _ = store.team_counts.stood(owner)
        assert store.team_counts.save(owner, seen, marks, [], [], everyone)
    return sorted(waiting)


def count(store: Store, owner: str, *counts: Count, lines: dict[str, Distance] | None = None) -> None:
    """Saves an owner's counts, and lines of those of its entities that are named."""
    seen, stood = store.team_counts.stood(owner)
    found = [(one, lines[one.entity]) for one in stood if lines and one.entity in lines]
    assert store.team_counts.save(owner, seen, [], counts, found, everyone)


def judged(store: Store, name: str, **rows: object) -> None:
    """Makes an entity due, and judges it."""
    store.due.mark([ref(name)], Why.CODE, NOW)
    judge(store, name, **rows)


def names(lines: list[Line]) -> list[str]:
    return [line.title for line in lines]


def test_only_the_team_of_what_moved_is_to_be_counted_again(ready: Store) -> None:
    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))
    assert settle(ready) == [TEAM]

    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))
    assert settle(ready) == []


def test_an_entity_that_changes_hands_or_goes_touches_both_teams(ready: Store) -> None:
    found = (entity("payments", owner=SHOP), entity("cart", owner=SHOP))
    save(ready, entities=found)

    assert settle(ready) == [SHOP, TEAM]


def test_a_team_is_read_with_the_outcomes_of_its_living_entities(ready: Store) -> None:
    judged(ready, "payments", results=(result(),), outcomes=(OutcomeRow(CARD, "owned", "pass"),))

    _, (stood,) = ready.team_counts.stood(TEAM)

    assert (stood.entity, stood.level, stood.held) == ("component:default/payments", "bronze", "below")
    assert stood.outcomes == {"owned": "pass"}


def test_counts_that_someone_else_saved_meanwhile_are_refused(ready: Store) -> None:
    seen, _ = ready.team_counts.stood(TEAM)
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2))

    assert not ready.team_counts.save(TEAM, seen, [], [Count(CARD, "level", "gold", "on", 9)], [], everyone)
    assert ready.standings.levels()[CARD][EVERYONE].levels == {"gold": 2}


def test_what_moved_while_it_was_counted_is_counted_again(ready: Store) -> None:
    judged(ready, "payments", results=(result(),))
    marks = ready.team_counts.touched()[TEAM]
    seen, _ = ready.team_counts.stood(TEAM)
    judged(ready, "refunds", results=(result(),))

    assert ready.team_counts.save(TEAM, seen, marks, [], [], everyone)
    assert list(ready.team_counts.touched()) == [TEAM]


def test_sums_follow_every_new_count_of_an_owner(ready: Store) -> None:
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2), Count(CARD, "check", "owned", "fail", 3))
    count(ready, SHOP, Count(CARD, "level", "none", "below", 4), Count(CARD, "check", "owned", "fail", 1))
    assert ready.standings.checks(CARD) == {"owned": {"fail": 4}}

    count(ready, TEAM, Count(CARD, "level", "gold", "", 1), Count(CARD, "check", "owned", "pass", 3))

    levels = ready.standings.levels((EVERYONE, TEAM))[CARD]
    assert (levels[EVERYONE].levels, levels[EVERYONE].on_target, levels[EVERYONE].with_target) == (
        {"gold": 1, "none": 4},
        0,
        4,
    )
    assert levels[TEAM].total == 1
    assert ready.standings.checks(CARD) == {"owned": {"fail": 1, "pass": 3}}
    assert ready.standings.checks(CARD, TEAM) == {"owned": {"pass": 3}}


def test_areas_and_obstacles_are_those_of_the_owner_asked_for(ready: Store) -> None:
    counts = (Count(CARD, "area", "slos", "fail", 5), Count(CARD, "step", "owned", "bronze", 4))
    count(ready, SHOP, *counts, Count(CARD, "alone", "owned", "bronze", 1))

    assert ready.standings.areas(CARD, [SHOP, TEAM]) == {SHOP: {"slos": {"fail": 5}}}
    (obstacle,) = ready.standings.obstacles(CARD)
    assert (obstacle.check, obstacle.stands, obstacle.alone) == ("owned", {"bronze": 4}, {"bronze": 1})
    assert ready.standings.obstacles(CARD, TEAM) == []


def test_another_hierarchy_makes_all_sums_anew_once(ready: Store) -> None:
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2))
    count(ready, SHOP, Count(CARD, "level", "gold", "on", 1))

    def above(owner: str) -> tuple[str, ...]:
        return owner, "group:default/all", EVERYONE

    assert ready.team_counts.follow(1234, above)
    assert not ready.team_counts.follow(1234, above)

    levels = ready.standings.levels(("group:default/all", EVERYONE, TEAM))[CARD]
    assert {owner: found.total for owner, found in levels.items()} == {"group:default/all": 3, EVERYONE: 3, TEAM: 2}


@pytest.fixture
def lines(ready: Store) -> Store:
    """Lines of two services: payments two checks from silver, refunds one."""
    judged(ready, "payments", results=(result(score=None),))
    judged(ready, "refunds", results=(result(level="none", rank=0),), outcomes=(OutcomeRow(CARD, "owned", "fail"),))
    far, close = Distance("silver", 2, 0, 600, ""), Distance("bronze", 1, 0, 3600, "owned")
    count(ready, TEAM, lines={"component:default/payments": far, "component:default/refunds": close})
    return ready


def test_a_list_is_sorted_and_goes_on_where_a_page_ended(lines: Store) -> None:
    where = LineFilter(scorecard=CARD)
    assert names(lines.standings.lines(where)) == ["refunds", "payments"]
    assert names(lines.standings.lines(where, sort="-level")) == ["payments", "refunds"]
    assert names(lines.standings.lines(where, sort="name")) == ["payments", "refunds"]
    assert names(lines.standings.lines(where, sort="effort")) == ["payments", "refunds"]
    for sort in SORTS:
        first, second = lines.standings.lines(where, sort=sort)
        assert lines.standings.lines(where, sort=sort, after=place(first, sort)) == [second]
        assert lines.standings.lines(where, sort=sort, after=place(second, sort)) == []
    with pytest.raises(ValueError, match="not a way to sort"):
        lines.standings.lines(where, sort="colour")


FILTERS = [
    ({"owners": [SHOP]}, []),
    ({"owners": [TEAM], "text": "REF"}, ["refunds"]),
    ({"text": "%"}, []),
    ({"ranks": [1]}, ["payments"]),
    ({"held": "below"}, ["refunds", "payments"]),
    ({"kinds": ["api"]}, []),
    ({"types": ["service"], "lifecycles": ["x"]}, []),
    ({"check": "owned", "outcome": "fail"}, ["refunds"]),
    ({"check": "owned", "outcome": "pass"}, []),
]


@pytest.mark.parametrize(("parts", "found"), FILTERS)
def test_a_list_holds_what_every_part_of_its_filter_allows(lines: Store, parts: dict, found: list[str]) -> None:
    where = LineFilter(scorecard=CARD, **parts)

    assert names(lines.standings.lines(where)) == found
    assert lines.standings.count(where) == len(found)


def test_the_nearest_to_their_next_level_come_first(lines: Store) -> None:
    assert lines.standings.nearest([TEAM]) == ["component:default/payments", "component:default/refunds"]
    assert lines.standings.nearest([TEAM], limit=1) == ["component:default/payments"]
    assert lines.standings.nearest([SHOP]) == []
    assert names(lines.standings.one_away(CARD)) == ["refunds"]
    assert names(lines.standings.one_away(CARD, "owned")) == ["refunds"]
    assert lines.standings.one_away(CARD, "other") == []
    line = lines.standings.line("component:default/payments", CARD)
    assert line is not None
    assert (line.level, line.held, line.next_level, line.failing, line.effort_seconds) == (
        "bronze",
        "below",
        "silver",
        2,
        600,
    )


def test_an_entity_that_goes_leaves_no_line(lines: Store) -> None:
    save(lines, entities=(entity("payments", owner=TEAM),))
    settle(lines)

    assert lines.standings.line("component:default/refunds", CARD) is None


def test_a_trend_is_of_one_group_and_begins_with_the_last_point_before(ready: Store) -> None:
    count(ready, TEAM, Count(CARD, "level", "gold", "on", 2))
    ready.team_counts.save_trends([EVERYONE], DAY)
    count(ready, SHOP, Count(CARD, "level", "none", "below", 1))
    ready.team_counts.save_trends([EVERYONE, SHOP], DAY + timedelta(days=3))

    points = ready.standings.trend(CARD, since=DAY + timedelta(days=1))
    assert [(point.day, point.levels, point.on_target, point.with_target) for point in points] == [
        (DAY, {"gold": 2}, 2, 2),
        (DAY + timedelta(days=3), {"gold": 2, "none": 1}, 2, 3),
    ]
    assert [point.levels for point in ready.standings.trend(CARD, SHOP, since=DAY)] == [{"none": 1}]


def told(name: str, before: str, after: str, reason: str = "code", minute: int = 0, what: str = "level") -> Change:
    at = NOW + minute * MINUTE
    return Change(at=at, entity=ref(name), scorecard=CARD, what=what, before=before, after=after, reason=reason)


RANKS = {"none": 0, "bronze": 1, "silver": 2, "gold": 3}


def test_movements_add_up_and_leave_out_policy_and_sources(ready: Store) -> None:
    changes = [told("payments", "none", "gold"), told("payments", "gold", "none", "policy", 1)]
    judged(ready, "payments", results=(result(),), changes=(*changes, told("payments", "none", "bronze", minute=2)))
    judged(ready, "refunds", results=(result(),), changes=(told("refunds", "gold", "none", "data source"),))
    judged(ready, "cart", results=(result(),), changes=(told("cart", "gold", "silver", "waiver"),))

    rose, fell = ready.changes.movements(CARD, RANKS, NOW)

    assert [(up.entity.name, up.levels, up.owner, up.waived) for up in rose] == [("payments", 4, TEAM, False)]
    assert [(down.entity.name, down.levels, down.waived) for down in fell] == [("cart", -1, True)]
    assert ready.changes.movements(CARD, RANKS, NOW + 5 * MINUTE) == ([], [])


@pytest.mark.parametrize("others", [0, 60])
def test_changes_of_a_team_are_its_own_and_newest_first(lines: Store, others: int) -> None:
    turned = told("payments", "pass", "fail", minute=3, what="outcome")
    earlier, later = told("payments", "none", "bronze"), told("payments", "bronze", "none", minute=1)
    judged(lines, "payments", results=(result(),), changes=(earlier, turned, later))
    judged(lines, "cart", results=(result(),), changes=(told("cart", "none", "bronze"),))
    owners = [TEAM, *(f"group:default/{n}" for n in range(others))]

    found = lines.changes.of_owners(owners, CARD, "level", NOW)

    assert [(change.entity.name, change.after) for change in found] == [("payments", "none"), ("payments", "bronze")]
    assert [change.after for change in lines.changes.of_owners(owners, CARD, "outcome", NOW)] == ["fail"]
    assert lines.changes.of_owners(owners, CARD, "level", NOW + 5 * MINUTE) == []


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


def test_ages_are_those_of_the_owners_asked_for(ready: Store) -> None:
    judged(ready, "payments", results=(result(as_of=NOW),))
    judged(ready, "cart", results=(result(as_of=NOW + MINUTE),))
    away = Distance("", 0, 0, 0, "")
    count(ready, TEAM, lines={str(ref("payments")): away})
    count(ready, SHOP, lines={str(ref("cart")): away})

    assert ready.standings.ages([TEAM]) == (NOW, NOW)
    assert ready.standings.ages([TEAM, SHOP]) == (NOW, NOW + MINUTE)
    assert ready.standings.ages(["group:default/nobody"]) == (None, None)
    assert ready.seen_by(Sight(frozenset({SHOP}))).standings.ages([TEAM, SHOP]) == (NOW + MINUTE, NOW + MINUTE)
