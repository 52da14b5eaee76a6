"""The cheapest plan to a level: it reaches it, holds nothing needless, and begins with what is worth most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations, permutations

from hypothesis import given
from hypothesis import strategies as st
from policy_samples import NOW, SUBJECT, documents

from app.facts.model import Facts
from app.facts.schema import Fact, Group
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.model import Check, Entry, Outcome, Policy, Scorecard, ScorecardResult, Waiver
from app.policy.needs import NEXT, TARGET, TOP, Stand
from app.policy.plan import next_steps, plan, stand_of
from app.policy.plan_order import in_order
from app.policy.steps import Need, Plan, Step

NAMES = "abcdef"
SCHEMA = {"g": Group("g", 1, "", {name: Fact("bool", "") for name in NAMES})}
CHECKS = "area: area\nchecks:\n" + "".join(
    f"  - {{id: {name}, title: {name}, why: w, source: s, owner: 'group:default/sre', remediation: r, effort: 15m,"
    f" require: g.{name}, examples: [{{facts: {{}}, outcome: unknown}}]}}\n"
    for name in NAMES
)
BASE = load_texts(
    documents("require: g.a", card="".join(f"  - {{check: {n}, level: bronze, weight: 1}}\n" for n in NAMES))
    | {"checks/area.yaml": CHECKS},
    SCHEMA,
)
LEVELS = ("bronze", "silver", "gold")


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Two scorecards over up to six checks that require each other (never in a circle)."""
    checks: dict[str, Check] = {}
    for place, name in enumerate(NAMES):
        before = draw(st.sampled_from(["", *NAMES[:place]]))
        effort = timedelta(minutes=draw(st.sampled_from([5, 15, 60])))
        area = draw(st.sampled_from(["one", "two"]))
        first = draw(st.sampled_from(["", *NAMES[:place]]))
        checks[name] = replace(
            BASE.checks[name],
            requires=(before,) if before else (),
            after=(first,) if first else (),
            effort=effort,
            area=area,
            fix="",
        )
    cards = {name: draw(scorecards(name)) for name in ("first", "second")}
    return replace(BASE, checks=checks, scorecards=cards)


@st.composite
def scorecards(draw: st.DrawFn, name: str) -> Scorecard:
    asked = draw(st.permutations(draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))))
    entries = tuple(
        Entry(
            check=check,
            level=draw(st.sampled_from(LEVELS)),
            weight=draw(st.integers(1, 4)),
            tiers=draw(st.sampled_from([(), (), ("t9",)])),
            enforced_from=draw(st.sampled_from([None, None, NOW + timedelta(days=9)])),
        )
        for check in asked
    )
    required = draw(st.sampled_from([(), ("one",)]))
    return replace(BASE.scorecards["card"], id=name, entries=entries, required_areas=required)


FACTS = st.dictionaries(st.sampled_from(NAMES), st.booleans())
WAIVED = st.lists(st.sampled_from(NAMES), max_size=1)


def judged(policy: Policy, seen: dict[str, bool], waived: Sequence[str] = ()) -> list[ScorecardResult]:
    facts = Facts(values={f"g.{name}": value for name, value in seen.items()})
    waivers = [Waiver(SUBJECT.ref, check, "r", NOW + timedelta(days=1), "o") for check in waived]
    cards = policy.scorecards.values()
    return [evaluate(policy, card, SUBJECT, facts, NOW, granted=waivers) for card in cards]


def planned(policy: Policy, results: Iterable[ScorecardResult], goal: str) -> Plan:
    return plan(policy.checks, [stand_of(one) for one in results], goal)


def reached(found: Plan, results: Iterable[ScorecardResult]) -> bool:
    goals = {goal.scorecard: goal.level for goal in found.goals}
    return all(
        one.scorecard.rank(one.level) >= one.scorecard.rank(goals[one.scorecard.id])
        for one in results
        if goals.get(one.scorecard.id)
    )


def at_worst(seen: dict[str, bool], found: Plan, results: Iterable[ScorecardResult]) -> dict[str, bool]:
    """What waits for something else may hold in truth; a plan has to do where it does not. What is waived because of
    what blocks it holds: no plan lists it."""
    unseen = {one.check for one in found.unseen}
    steps = {check for step in found.steps for check in step.checks}
    waived = {c.check.id for one in results for c in one.checks if c.waiver and c.waiver.check != c.check.id}
    known = {name: value for name, value in seen.items() if name not in unseen}
    return known | dict.fromkeys(waived - unseen - steps, True) | dict.fromkeys(steps, False)


def mended(seen: dict[str, bool], checks: Iterable[str]) -> dict[str, bool]:
    return seen | dict.fromkeys(checks, True)


@given(policies(), FACTS, WAIVED, st.sampled_from([NEXT, TARGET, TOP, *LEVELS]))
def test_a_plan_reaches_its_goal_and_holds_nothing_needless(
    policy: Policy, seen: dict[str, bool], waived: list[str], goal: str
) -> None:
    results = judged(policy, seen, waived)
    found = planned(policy, results, goal)
    steps = [step.checks[0] for step in found.steps]
    unseen = [one.check for one in found.unseen]
    wanted, seen = list(dict.fromkeys([*steps, *unseen])), at_worst(seen, found, results)

    assert reached(found, judged(policy, mended(seen, wanted), waived))
    for left_out in wanted:
        others = [check for check in wanted if check != left_out]
        assert not reached(found, judged(policy, mended(seen, others), waived)), f"{left_out} is needless"


@given(policies(), FACTS, WAIVED, st.sampled_from([NEXT, TARGET, TOP]))
def test_no_other_set_of_checks_is_cheaper(policy: Policy, seen: dict[str, bool], waived: list[str], goal: str) -> None:
    results = judged(policy, seen, waived)
    found = planned(policy, results, goal)
    failing = sorted({c.check.id for one in results for c in one.checks if c.raw is Outcome.FAIL})
    unseen, seen = [one.check for one in found.unseen], at_worst(seen, found, results)
    costs = [
        sum((policy.checks[check].effort for check in chosen), timedelta())
        for chosen in chain.from_iterable(combinations(failing, size) for size in range(len(failing) + 1))
        if reached(found, judged(policy, mended(seen, [*chosen, *unseen]), waived))
    ]

    assert min(costs) == found.effort_at_most


@given(policies(), FACTS, WAIVED, st.sampled_from([NEXT, TARGET, TOP]), st.randoms())
def test_the_order_of_scorecards_and_checks_never_matters(
    policy: Policy, seen: dict[str, bool], waived: list[str], goal: str, chance: object
) -> None:
    turned = {
        name: replace(card, entries=tuple(reversed(card.entries))) for name, card in reversed(policy.scorecards.items())
    }
    one, other = policy, replace(policy, scorecards=turned)

    assert (
        planned(one, judged(one, seen, waived), goal).steps == planned(other, judged(other, seen, waived), goal).steps
    )
    assert {found.check for found in planned(one, judged(one, seen, waived), goal).unseen} == {
        found.check for found in planned(other, judged(other, seen, waived), goal).unseen
    }


@given(policies(), FACTS, WAIVED, st.sampled_from([NEXT, TARGET, TOP]))
def test_nothing_stands_before_what_opens_it_and_levels_come_one_after_another(
    policy: Policy, seen: dict[str, bool], waived: list[str], goal: str
) -> None:
    results = judged(policy, seen, waived)
    found = planned(policy, results, goal)
    seen_so_far: set[str] = {one.check for one in found.unseen}
    for step in found.steps:
        assert set(step.waits_for) <= seen_so_far
        seen_so_far |= set(step.checks)
    assert [step.stage for step in found.steps] == sorted(step.stage for step in found.steps)
    untouched = {
        (one.scorecard.id, check.check.id)
        for one in results
        for check in one.checks
        if check.outcome in (Outcome.WAIVED, Outcome.NOT_APPLICABLE, Outcome.PASS)
    }
    needs = [need for step in (*found.steps, *found.unseen) for need in step.serves]
    assert not {(need.scorecard, need.check) for need in needs} & untouched


@st.composite
def forests(draw: st.DrawFn) -> list[Step]:
    """Up to six steps of one level, each waiting for one other at most."""
    count = draw(st.integers(1, 6))
    waits = {name: draw(st.sampled_from(["", *NAMES[:place]])) for place, name in enumerate(NAMES[:count])}
    return [
        Step(
            checks=(name,),
            serves=tuple(
                Need(f"card{number}", name, "bronze", draw(st.integers(1, 5)))
                for number in range(draw(st.integers(1, 2)))
            ),
            waits_for=(waits[name],) if waits[name] else (),
            opens=tuple(other for other in waits if waits[other] == name),
            effort=timedelta(minutes=draw(st.sampled_from([5, 15, 30, 60]))),
            stage=1,
        )
        for name in waits
    ]


def waiting_cost(steps: Sequence[Step]) -> float:
    """Sum of weight × the moment at which it is there."""
    moment = cost = 0.0
    for step in steps:
        moment += step.effort.total_seconds()
        cost += moment * step.gain
    return cost


@given(forests())
def test_no_other_order_gives_weight_sooner(steps: list[Step]) -> None:
    def allowed(order: Sequence[Step]) -> bool:
        places = {step.checks[0]: place for place, step in enumerate(order)}
        return all(places[name] < places[step.checks[0]] for step in order for name in step.waits_for)

    best = min(waiting_cost(order) for order in permutations(steps) if allowed(order))

    assert allowed(in_order(steps))
    assert waiting_cost(in_order(steps)) == best


def step(name: str, *weights: int, minutes: int = 15) -> Step:
    serves = tuple(Need(f"card{place}", name, "bronze", weight) for place, weight in enumerate(weights))
    return Step((name,), serves, (), (), timedelta(minutes=minutes), 1)


def test_of_steps_that_cost_the_same_those_that_serve_several_come_first() -> None:
    steps = [step("a", 4), step("z", 2, 2), step("b", 2, minutes=30), step("y", 2, 2, 2, minutes=30)]

    assert [one.checks[0] for one in in_order(steps)] == ["z", "a", "y", "b"]


def test_one_piece_of_work_for_two_checks_is_one_step_and_told_once() -> None:
    result = judged(BASE, {"a": False, "b": False, "c": True, "d": True, "e": True, "f": True})
    found = plan(BASE.checks, [stand_of(one) for one in result], TOP, lambda check: "work" if check in "ab" else check)

    assert [one.checks for one in found.steps] == [("a", "b")]
    assert found.effort_at_most == timedelta(minutes=15)
    assert [need.check for need in found.steps[0].serves] == ["a", "b"]


def test_work_is_cut_where_something_else_stands_between_its_checks() -> None:
    checks = dict(BASE.checks)
    checks["b"] = replace(checks["b"], requires=("a",))
    checks["c"] = replace(checks["c"], requires=("b",))
    card = BASE.scorecards["card"]
    stand = Stand(card, "none", "", {name: Outcome.FAIL if name in "abc" else Outcome.PASS for name in NAMES})
    found = plan(checks, [stand], TOP, lambda check: "work" if check in "ac" else check)

    assert [one.checks for one in found.steps] == [("a",), ("b",), ("c",)]
    assert (found.effort, found.effort_at_most) == (timedelta(minutes=15), timedelta(minutes=45))


def test_what_cannot_be_seen_is_told_apart_and_no_level_without_checks_is_promised() -> None:
    result = judged(BASE, {"a": False})
    found = plan(BASE.checks, [stand_of(one) for one in result], NEXT)

    assert [one.checks for one in found.steps] == [("a",)]
    assert [one.check for one in found.unseen] == list("bcdef")
    above = plan(BASE.checks, [stand_of(one) for one in result], "gold")
    assert (above.goals[0].level, above.goals[0].reached) == ("", False)
    assert above.goals[0].why == "no check of this level or a higher one applies"


def test_what_opens_the_only_check_of_a_required_area_is_not_enough_while_nothing_of_it_is_seen() -> None:
    """A required area that nothing is seen of makes a result `not_rated`, also once all below it passes."""
    area = {"c": "two", "d": "one"}
    checks = {n: replace(BASE.checks[n], area=area.get(n, "two"), requires=("c",) if n == "d" else ()) for n in NAMES}
    entries = (Entry(check="c", level="bronze", weight=1), Entry(check="d", level="silver", weight=1))
    card = replace(BASE.scorecards["card"], entries=entries, required_areas=("one",))
    policy = replace(BASE, checks=checks, scorecards={"card": card})
    (now,) = judged(policy, {"c": False})
    (after,) = judged(policy, {"c": True})
    assert (now.level, after.level) == ("none", "not_rated")

    found = planned(policy, [now], NEXT)

    assert [one.checks for one in found.steps] == [("c",)]
    assert [(one.check, one.waits_for) for one in found.unseen] == [("d", ("c",))]


def test_the_first_steps_wait_for_nothing() -> None:
    checks = dict(BASE.checks)
    checks["b"] = replace(checks["b"], requires=("a",))
    policy = replace(BASE, checks=checks)

    assert [one.checks for one in next_steps(judged(policy, {"a": False, "b": False, "c": False}))] == [("a",), ("c",)]


def test_what_is_mended_first_comes_first_and_decides_no_outcome() -> None:
    checks = dict(BASE.checks)
    checks["a"] = replace(checks["a"], effort=timedelta(hours=1))
    checks["b"] = replace(checks["b"], after=("a",), effort=timedelta(minutes=5))
    policy = replace(BASE, checks=checks)
    results = judged(policy, {"a": False, "b": True, "c": False, "d": True, "e": True, "f": True})
    both = judged(policy, {"a": False, "b": False, "c": False, "d": True, "e": True, "f": True})

    assert [c.outcome for c in results[0].checks if c.check.id == "b"] == [Outcome.PASS]
    assert [one.checks for one in planned(policy, both, TOP).steps] == [("c",), ("a",), ("b",)]
    assert [one.checks for one in next_steps(both)] == [("c",), ("a",)]
    assert [one.checks for one in next_steps(judged(policy, {"b": False}))] == [("b",)]


@given(policies(), st.lists(st.sampled_from([True, False]), min_size=6, max_size=6))
def test_steps_known_from_before_are_those_of_this_very_policy(policy: Policy, passes: list[bool]) -> None:
    seen = dict(zip(NAMES, passes, strict=True))
    results = judged(policy, seen)
    afresh = [step for step in plan(policy.checks, [stand_of(one) for one in results], TOP).steps if not step.waits_for]
    assert next_steps(results) == next_steps(results) == afresh[:3]
    dearer = {name: replace(one, effort=one.effort + timedelta(days=20)) for name, one in policy.checks.items()}
    other = judged(replace(policy, checks=dearer), seen)
    assert all(step.effort > timedelta(days=20) for step in next_steps(other))
