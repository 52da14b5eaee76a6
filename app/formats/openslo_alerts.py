"""OpenSLO's alert policies and conditions. A policy holds exactly one condition, so two windows need two policies.

Only `gt` and `gte` fire on a budget that burns too fast; the specification's own examples write `lte`, which fires
when all is well. Notification targets are not read: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.formats.model import AlertCondition, AlertPolicy, Finding, Parsed
from app.formats.slo_common import finding, fires_the_wrong_way, holds_template, mapping, sequence, short, text
from app.lib.documents import line_of
from app.slo import window as windows
from app.slo.objective import number_of

_MOST_POLICIES = 100
_OPERATORS = ("lte", "gte", "lt", "gt")


@dataclass(frozen=True, slots=True)
class Policies:
    """What an SLO says under `alertPolicies`: names of policies elsewhere, and those written there."""

    names: tuple[str, ...]
    inline: tuple[AlertPolicy, ...]
    findings: tuple[Finding, ...]


def of_slo(spec: Mapping[str, Any]) -> Policies:
    names: list[str] = []
    inline: list[AlertPolicy] = []
    findings: list[Finding] = []
    nodes = sequence(spec, "alertPolicies")
    for index, node in enumerate(nodes[:_MOST_POLICIES]):
        if isinstance(node, str) and node:  # v1alpha tools write bare names
            names.append(node)
        elif text(node, "alertPolicyRef"):
            names.append(text(node, "alertPolicyRef"))
        elif mapping(node, "spec"):
            policy, wrong = _policy(node)
            inline.append(policy)
            names.extend([policy.name] if policy.condition_ref and policy.name else [])
            findings.extend(wrong)
        elif node is not None and not holds_template(node):
            message = "an alert policy is written here, or named with alertPolicyRef"
            findings.append(finding(nodes, index, "alert-policy", message))
    return Policies(tuple(names), tuple(inline), tuple(findings))


def read_policy(value: Mapping[str, Any]) -> Parsed:
    """A document of kind AlertPolicy."""
    policy, findings = _policy(value)
    return Parsed((policy,), tuple(findings))


def read_condition(value: Mapping[str, Any]) -> Parsed:
    """A document of kind AlertCondition."""
    condition = _condition(value)
    return Parsed((condition,), tuple(_condition_findings(value, condition)))


def _policy(value: Mapping[str, Any]) -> tuple[AlertPolicy, list[Finding]]:
    spec = mapping(value, "spec")
    listed = spec.get("conditions")
    found: list[Finding] = []
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        if not holds_template(listed):
            message = "an alert policy needs exactly one condition; a second window needs a policy of its own"
            found.append(finding(spec, "conditions", "alert-conditions", message))
        return _as_policy(value, None), found
    node = listed[0]
    if ref := text(node, "conditionRef"):
        return _as_policy(value, None, ref), found
    condition = _condition(node)
    return _as_policy(value, condition), [*found, *_condition_findings(node, condition)]


def _as_policy(value: Mapping[str, Any], condition: AlertCondition | None, ref: str = "") -> AlertPolicy:
    return AlertPolicy(
        line=line_of(value),
        name=text(mapping(value, "metadata"), "name"),
        format="openslo",
        operator=condition.operator if condition else "",
        threshold=condition.threshold if condition else 0.0,
        window=condition.window if condition else "",
        window_seconds=condition.window_seconds if condition else 0,
        severity=condition.severity if condition else "",
        condition_ref=ref,
    )


def _condition(value: Mapping[str, Any]) -> AlertCondition:
    spec = mapping(value, "spec")
    condition = mapping(spec, "condition")
    try:
        window, seconds = windows.openslo(text(condition, "lookbackWindow"))
    except ValueError:
        window, seconds = "", 0
    return AlertCondition(
        line=line_of(value),
        name=text(mapping(value, "metadata"), "name"),
        format="openslo",
        operator=text(condition, "op"),
        threshold=number_of(condition.get("threshold")) or 0.0,
        window=window,
        window_seconds=seconds if text(condition, "kind").lower() in ("burnrate", "") else 0,
        severity=text(spec, "severity"),
    )


def _condition_findings(value: Mapping[str, Any], condition: AlertCondition) -> Iterator[Finding]:
    spec = mapping(value, "spec")
    node = mapping(spec, "condition")
    operator, kind = condition.operator, text(node, "kind")
    if holds_template(node):
        return
    if kind.lower() not in ("burnrate", ""):
        yield finding(node, "kind", "alert-kind", f"condition kind “{short(kind)}” must be burnrate")
    if operator not in _OPERATORS:
        message = f"op “{short(operator)}” must be one of {', '.join(_OPERATORS)}"
        yield finding(node, "op", "alert-operator", message)
    elif fires_the_wrong_way(operator):
        message = f"op {operator} fires while the budget burns slowly; write gte"
        yield finding(node, "op", "alert-operator", message)
    if not (number_of(node.get("threshold")) or 0) > 0:
        yield finding(node, "threshold", "alert-threshold", "threshold must be a burn rate above 0")
    if not condition.window:
        message = f"lookbackWindow “{short(text(node, 'lookbackWindow'))}” is not a duration such as 1h"
        yield finding(node, "lookbackWindow", "alert-window", message)
    if not condition.severity:
        yield finding(spec, "severity", "alert-severity", "an alert condition needs a severity")
