"""OpenSLO's alert policies and conditions, and how they are joined with objectives by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from app.formats import openslo
from app.formats.model import AlertCondition, AlertPolicy, Indicator, Object, Objective, Parsed
from app.formats.slo_common import join
from app.lib import documents

CONDITION = """\
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: burns-fast}
spec:
  severity: page
  condition:
    kind: burnrate
    op: gte
    threshold: 14.4
    lookbackWindow: 1h
    alertAfter: 5m
"""
POLICY = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: slow-burn}
spec:
  conditions:
    - kind: AlertCondition
      metadata: {name: burns-slowly}
      spec:
        severity: ticket
        condition: {kind: burnrate, op: gt, threshold: 1, lookbackWindow: 3d}
  notificationTargets: [{targetRef: chat}]
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  budgetingMethod: Occurrences
  indicatorRef: checkout-success
  objectives: [{target: 0.99}]
  alertPolicies:
    - alertPolicyRef: slow-burn
    - kind: AlertPolicy
      metadata: {name: fast-burn}
      spec: {conditions: [{conditionRef: burns-fast}]}
"""
INLINE = """\
    - kind: AlertPolicy
      metadata: {name: p}
      spec:
        conditions:
          - spec:
              severity: page
              condition: {kind: burnrate, op: OPERATOR, threshold: 14, lookbackWindow: 1h}
"""


@dataclass(frozen=True)
class Placed:
    """What a reading becomes once its place is known."""

    object: Object
    path: str = "slo.yaml"


def read(text: str) -> Parsed:
    (document,) = documents.load_all(text)
    assert openslo.recognises(document)
    return openslo.read(document)


def objective_of(parsed: Parsed) -> Objective:
    (objective,) = [thing for thing in parsed.objects if isinstance(thing, Objective)]
    return objective


def policy(name: str, window: int, **fields: object) -> AlertPolicy:
    made = AlertPolicy(
        line=1, name=name, format="openslo", operator="gt", threshold=2.0, window="", window_seconds=window
    )
    return replace(made, **fields)


def joined(objective: Objective, *policies: AlertPolicy) -> Objective:
    named = replace(objective, policies=tuple(policy.name for policy in policies))
    (placed,) = join([Placed(named)], policies)
    assert isinstance(placed.object, Objective)
    return placed.object


def test_a_policy_stands_alone_with_its_condition() -> None:
    assert read(POLICY) == Parsed(
        objects=(
            AlertPolicy(
                line=1,
                name="slow-burn",
                format="openslo",
                operator="gt",
                threshold=1.0,
                window="3d",
                window_seconds=259_200,
                severity="ticket",
            ),
        )
    )


def test_a_condition_stands_alone() -> None:
    (condition,) = read(CONDITION).objects

    assert isinstance(condition, AlertCondition)
    assert (condition.name, condition.operator, condition.threshold) == ("burns-fast", "gte", 14.4)
    assert (condition.window, condition.window_seconds, condition.severity) == ("1h", 3600, "page")
    assert read(CONDITION).findings == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("op: gte", "op: lte", (8, "alert-operator")),
        ("op: gte", "op: lt", (8, "alert-operator")),
        ("op: gte", "op: above", (8, "alert-operator")),
        ("kind: burnrate", "kind: budget", (7, "alert-kind")),
        ("threshold: 14.4", "threshold: 0", (9, "alert-threshold")),
        ("threshold: 14.4", "threshold: high", (9, "alert-threshold")),
        ("lookbackWindow: 1h", "lookbackWindow: 1h30m", (10, "alert-window")),
        ("  severity: page\n", "", (5, "alert-severity")),
        ("name: burns-fast", "name: Burns Fast", (3, "slo-name")),
    ],
)
def test_each_rule_of_a_condition_is_told_on_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in CONDITION
    parsed = read(CONDITION.replace(old, new, 1))

    assert [(finding.line, finding.code) for finding in parsed.findings] == [expected]


@pytest.mark.parametrize("conditions", ["[]", "[{conditionRef: a}, {conditionRef: b}]", "3", "null"])
def test_a_policy_takes_exactly_one_condition(conditions: str) -> None:
    text = f"apiVersion: openslo/v1\nkind: AlertPolicy\nmetadata: {{name: p}}\nspec:\n  conditions: {conditions}\n"

    assert [(finding.line, finding.code) for finding in read(text).findings] == [(5, "alert-conditions")]


def test_policies_conditions_and_indicators_are_joined_by_name() -> None:
    slo, condition, slow = read(SLO), read(CONDITION), read(POLICY)
    indicator = Indicator(
        line=1, name="checkout-success", format="openslo", signal="availability", metrics=("m",), sli_valid="valid"
    )
    everything = [*slo.objects, *condition.objects, *slow.objects]
    policies = [thing for thing in everything if isinstance(thing, AlertPolicy)]
    conditions = [thing for thing in everything if isinstance(thing, AlertCondition)]

    (placed,) = join([Placed(objective_of(slo))], policies, [indicator], conditions)

    objective = placed.object
    assert isinstance(objective, Objective)
    assert placed.path == "slo.yaml"
    assert (objective.page_alert, objective.slow_alert, objective.burn_windows) == (True, True, 2)
    assert objective.severities == ("page", "ticket")
    assert (objective.signal, objective.metrics, objective.sli_valid) == ("availability", ("m",), "valid")


def test_what_nothing_names_stays_as_it_is() -> None:
    placed = Placed(objective_of(read(SLO)))

    assert join([placed], [policy("other", 3600)])[0] is placed


def test_an_inline_policy_counts_without_being_joined() -> None:
    inline = INLINE.replace("OPERATOR", "gt")
    objective = objective_of(read(SLO[: SLO.index("    - alertPolicyRef")] + inline))

    assert (objective.page_alert, objective.slow_alert, objective.burn_windows) == (True, False, 1)


def test_an_inline_policy_that_fires_the_wrong_way_is_told_and_counts_for_nothing() -> None:
    inline = INLINE.replace("OPERATOR", "lte")
    parsed = read(SLO[: SLO.index("    - alertPolicyRef")] + inline)

    assert not objective_of(parsed).page_alert
    assert [(finding.line, finding.code) for finding in parsed.findings] == [(16, "alert-operator")]


@pytest.mark.parametrize("entry", ["{}", "3", "{alertPolicy: x}"])
def test_an_alert_policy_that_is_none_is_told(entry: str) -> None:
    parsed = read(SLO[: SLO.index("    - alertPolicyRef")] + f"    - {entry}\n")

    assert [(finding.line, finding.code) for finding in parsed.findings] == [(10, "alert-policy")]


@pytest.mark.parametrize(
    ("windows", "page", "slow", "count"),
    [
        ((3600,), True, False, 1),
        ((3600, 86_400), True, True, 2),
        ((3600, 3600), True, False, 1),
        ((86_400,), False, True, 1),
    ],
)
def test_windows_are_counted_once_and_by_speed(windows: tuple[int, ...], page: bool, slow: bool, count: int) -> None:
    policies = [policy(f"p{index}", window) for index, window in enumerate(windows)]
    objective = joined(objective_of(read(SLO)), *policies)

    assert (objective.page_alert, objective.slow_alert, objective.burn_windows) == (page, slow, count)


@pytest.mark.parametrize("fields", [{"operator": "lte"}, {"operator": ""}, {"threshold": 0.0}, {"window_seconds": 0}])
def test_a_policy_that_can_not_fire_on_a_fast_burn_counts_for_nothing(fields: dict[str, object]) -> None:
    objective = joined(objective_of(read(SLO)), policy("p", 3600, **fields))

    assert (objective.page_alert, objective.burn_windows, objective.severities) == (False, 0, ())
