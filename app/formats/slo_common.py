"""What the SLO readers share: fields read safely, templates recognised, policies and indicators joined by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from app.formats.model import AlertCondition, AlertPolicy, Finding, Indicator, Object, Objective, Unreadable
from app.formats.templates import TOKEN
from app.lib.documents import Document, line_of
from app.lib.redaction import without_secrets
from app.slo import burn_rate

MOST_OBJECTIVES = 500
"""In one document: more is no list that people keep, and each costs time to read."""
_WRONG_WAY = ("lt", "lte")


def text(node: Any, key: str) -> str:
    """A text field, stripped; "" when it is absent or no text."""
    value = node.get(key) if isinstance(node, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return value.strip() if isinstance(value, str) else str(value)


def mapping(node: Any, key: str) -> Mapping[str, Any]:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def sequence(node: Any, key: str) -> Sequence[Any]:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, list) else ()


def texts(node: Any, key: str) -> dict[str, str]:
    """A mapping of texts, such as labels, without secrets in URLs; a list value keeps its first text."""
    found = {}
    for name, value in mapping(node, key).items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str | int | float) and not isinstance(first, bool):
            found[name] = without_secrets(str(first))
    return found


def short(value: object) -> str:
    """A stranger's value for use in a sentence."""
    written = str(value)
    return written if len(written) <= 60 else f"{written[:60]}…"


def templated(**values: object) -> tuple[str, ...]:
    """Names of those values that hold what a template or an environment variable would fill in."""
    return tuple(name for name, value in values.items() if holds_template(value))


def holds_template(value: object) -> bool:
    """Whether a value, or any part of it, is known only to a template."""
    stack, looked = [value], 0
    while stack and looked < 1000:
        one, looked = stack.pop(), looked + 1
        if isinstance(one, str) and (TOKEN in one or "${" in one or "{{ ." in one or "{{." in one):
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
            stack.extend(key for key in one if TOKEN in key)
        elif isinstance(one, list):
            stack.extend(one)
    return False


def finding(node: Any, key: str | int | None, code: str, message: str) -> Finding:
    return Finding(line_of(node, key), code, message)


def too_many(node: Any, key: str) -> tuple[Finding, ...]:
    """A finding when a list is longer than what is read of it."""
    count = len(sequence(node, key))
    if count <= MOST_OBJECTIVES:
        return ()
    return (finding(node, key, "slo-too-many", f"holds {count} {key}; only the first {MOST_OBJECTIVES} are read"),)


def hidden_parts(document: Document, node: Any, key: str) -> tuple[Unreadable, ...]:
    """Why a list that should be there is not: a template fills it in. Empty when nothing hides it."""
    value = node.get(key) if isinstance(node, dict) else None
    if not document.holes and not holds_template(value):
        return ()
    return (Unreadable("slo", line_of(node, key), f"{key} is filled in by a template"),)


class _Placed(Protocol):
    @property
    def object(self) -> Object: ...


P = TypeVar("P", bound=_Placed)


def join(
    objectives: Iterable[P],
    policies: Sequence[AlertPolicy],
    indicators: Sequence[Indicator] = (),
    conditions: Sequence[AlertCondition] = (),
) -> list[P]:
    """Objectives, each with what the documents it names say: alert policies, their conditions, and its indicator.

    `objectives` are whatever carries an `object`; the same things come back, in order, only richer. Pure.
    """
    by_condition = {condition.name: condition for condition in reversed(conditions)}
    resolved = [_with_condition(policy, by_condition) for policy in policies]
    by_name = {indicator.name: indicator for indicator in reversed(indicators)}
    return [_joined(placed, resolved, by_name) for placed in objectives]


def _joined(placed: Any, policies: Sequence[AlertPolicy], indicators: Mapping[str, Indicator]) -> Any:
    objective = placed.object
    if not isinstance(objective, Objective):
        return placed
    named = [policy for policy in policies if policy.name in objective.policies]
    richer = with_policies(objective, named) if named else objective
    indicator = indicators.get(objective.indicator_ref) if objective.indicator_ref else None
    if indicator is not None:
        richer = with_indicator(richer, indicator)
    return placed if richer is objective else replace(placed, object=richer)


def _with_condition(policy: AlertPolicy, conditions: Mapping[str, AlertCondition]) -> AlertPolicy:
    condition = conditions.get(policy.condition_ref) if policy.condition_ref else None
    if condition is None:
        return policy
    return replace(
        policy,
        operator=condition.operator,
        threshold=condition.threshold,
        window=condition.window,
        window_seconds=condition.window_seconds,
        severity=condition.severity,
    )


def with_indicator(objective: Objective, indicator: Indicator) -> Objective:
    """What an indicator of its own says about an objective that names it."""
    return replace(
        objective,
        signal=indicator.signal or objective.signal,
        metrics=indicator.metrics,
        sli_valid=indicator.sli_valid,
        sli_error=indicator.sli_error,
    )


def with_policies(objective: Objective, policies: Sequence[AlertPolicy]) -> Objective:
    """What burn-rate policies add: the windows that alert, one a policy.

    A policy that fires on a low burn rate (`lt`, `lte`) or whose condition is not known alerts on nothing; the first
    is reported where it stands when the objective holds it, for that line is in the same file.
    """
    alerting = [policy for policy in policies if policy.window_seconds > 0 and alerts_on_burn(policy)]
    windows = {policy.window_seconds for policy in alerting}
    speeds = {burn_rate.speed(timedelta(seconds=window)) for window in windows}
    severities = dict.fromkeys([*objective.severities, *(policy.severity for policy in alerting if policy.severity)])
    return replace(
        objective,
        page_alert=objective.page_alert or "fast" in speeds,
        slow_alert=objective.slow_alert or "slow" in speeds,
        burn_windows=objective.burn_windows + len(windows),
        severities=tuple(severities),
    )


def alerts_on_burn(policy: AlertPolicy | AlertCondition) -> bool:
    """Whether a condition fires when the budget burns fast: `gt` or `gte` a positive rate."""
    return policy.operator in ("gt", "gte") and policy.threshold > 0


def fires_the_wrong_way(operator: str) -> bool:
    return operator in _WRONG_WAY
