"""Joins burn-rate alerts with the objectives they guard, and counts what their pairs amount to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.facts.inventory import Found
from app.formats.model import AlertRule, BurnRatePair, Objective, RecordingRule
from app.lib.times import parse_duration
from app.slo import burn_rate

_SLO_LABELS = ("sloth_slo", "slo", "slo_name", "objective")
_SERVICE_LABELS = ("sloth_service", "service")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


@dataclass(frozen=True, slots=True)
class Guard:
    """What guards one objective: the alert rules joined to it, and what their pairs amount to."""

    alerts: tuple[Found, ...]
    fast: int
    slow: int
    implausible: int


def guard(objective: Objective, alone: bool, alerts: Iterable[Found], recordings: Sequence[Found]) -> Guard:
    """The burn-rate alerts of one objective. `alone`: it is the only objective of its service here."""
    joined = tuple(
        found
        for found in alerts
        if isinstance(found.object, AlertRule)
        and found.object.burn_rates
        and not found.ignored
        and _guards(found.object, objective, alone, recordings)
    )
    pairs = [pair for found in joined for pair in _pairs(found)]
    return Guard(
        joined,
        fast=sum(_speed(pair) == "fast" for pair in pairs),
        slow=sum(_speed(pair) == "slow" for pair in pairs),
        implausible=sum(not _fits(pair, objective) for pair in pairs),
    )


def _pairs(found: Found) -> tuple[BurnRatePair, ...]:
    return found.object.burn_rates if isinstance(found.object, AlertRule) else ()


def _guards(rule: AlertRule, objective: Objective, alone: bool, recordings: Sequence[Found]) -> bool:
    """By the SLO's name in a label, else by shared metrics, else by the service when it has one objective."""
    named = _values(rule, _SLO_LABELS)
    if named:
        return bool(named & {objective.name, objective.slo}) and _same_service(rule, objective)
    if objective.metrics and _reads(rule, recordings) & set(objective.metrics):
        return True
    return alone and bool(objective.service) and objective.service in _values(rule, _SERVICE_LABELS)


def _same_service(rule: AlertRule, objective: Objective) -> bool:
    services = _values(rule, _SERVICE_LABELS)
    return not services or not objective.service or objective.service in services


def _values(rule: AlertRule, labels: Iterable[str]) -> set[str]:
    values: set[str] = set()
    for label in labels:
        values.update(rule.matchers.get(label, ()))
        if rule.labels.get(label):
            values.add(rule.labels[label])
    return values


def _reads(rule: AlertRule, recordings: Sequence[Found]) -> set[str]:
    """Metrics of the expression, and what the recording rules behind them read."""
    metrics = set(rule.metrics)
    for found in recordings:
        if isinstance(found.object, RecordingRule) and found.object.name in rule.metrics:
            metrics.update(_WORD.findall(found.object.expr))
    return metrics


def _long(pair: BurnRatePair) -> timedelta:
    """The long window; zero, which is neither fast nor slow, when it can't be read as one."""
    try:
        return parse_duration(pair.long)
    except ValueError:
        return timedelta(0)


def _speed(pair: BurnRatePair) -> str:
    long = _long(pair)
    return burn_rate.speed(long) if long else ""


def _fits(pair: BurnRatePair, objective: Objective) -> bool:
    """The threshold is meant for this objective. What can't be told apart (a dynamic one, no target) fits."""
    if not pair.threshold or not 0 < objective.ratio < 1 or not _long(pair):
        return True
    period = timedelta(seconds=objective.window_seconds) or burn_rate.PERIOD
    return burn_rate.plausible(pair.threshold, objective.ratio, pair.operator, _long(pair), period)
