"""One alerting or recording rule: checked as rulefmt does, and described by what its expression says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.formats import burn_rates, prometheus_checks, promql, promql_labels, templates
from app.formats.model import AlertRule, Finding, RecordingRule, RunbookLink
from app.formats.prometheus_place import Place, text_of, texts
from app.formats.promql import Expression
from app.lib import documents, times
from app.lib.documents import line_of

RUNBOOK_KEYS = ("runbook_url", "runbook", "playbook_url", "playbook", "sop_url", "sop", "runbookurl", "runbook_link")
"""Annotation keys that link a runbook, best first; compared in lower case with `-` as `_`."""

_DOCUMENT_LINK = re.compile(r"runbook|playbook|\bsop\b|wiki|confluence|\.md\b|/docs?\b", re.IGNORECASE)
_MOST_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Fields:
    """A rule's labels and annotations as text, and which fields only a template knows."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    templated: tuple[str, ...]


def read(rule: Any, place: Place) -> Iterator[AlertRule | RecordingRule | Finding]:
    """The rule, and for what is no alert (whose findings travel with it) its findings."""
    if not isinstance(rule, dict):
        if not templates.holds_token(rule):
            yield Finding(place.line, "rule-shape", "a rule must be a mapping with `alert` or `record`")
        return
    findings = tuple(prometheus_checks.check(rule, place.line))
    if "alert" in rule:
        yield _alert(rule, place, findings)
        return
    if "record" in rule:
        yield _recording(rule, place)
    yield from findings


def runbook_link(annotations: Mapping[str, str]) -> RunbookLink:
    """The runbook annotation: the best key with a value, else a key that is there but empty, else nothing."""
    by_key: dict[str, str] = {}
    for key in annotations:
        by_key.setdefault(key.lower().replace("-", "_"), key)
    present = [by_key[key] for key in RUNBOOK_KEYS if key in by_key]
    link = by_key.get("link")
    if link is not None and _DOCUMENT_LINK.search(annotations[link]):
        present.append(link)
    for key in present:
        if annotations[key]:
            return RunbookLink(key=key, value=annotations[key])
    return RunbookLink(key=present[0]) if present else RunbookLink()


def _alert(rule: dict[str, Any], place: Place, findings: tuple[Finding, ...]) -> AlertRule:
    fields = _fields(rule, place)
    expression = _expression(rule, place)
    runbook = runbook_link(fields.annotations)
    hold = _known(text_of(rule.get("for")))
    severity = fields.labels.get("severity", "")
    templated = _templated(rule, expression, fields, runbook, severity)
    printed = [*fields.annotations.values(), *fields.labels.values()]
    return AlertRule(
        line=place.line,
        name=text_of(rule["alert"]) or "",
        group=place.group,
        expr=expression.text,
        expr_valid=expression.valid,
        expr_error=expression.error,
        severity=_known(severity),
        hold=hold,
        hold_seconds=_seconds(hold),
        keep_firing=_known(text_of(rule.get("keep_firing_for"))),
        labels=fields.labels,
        annotations=fields.annotations,
        runbook=runbook,
        burn_rates=burn_rates.pairs(expression.tree) if expression.tree is not None else (),
        covers_absence=expression.absence,
        range_seconds=expression.range_seconds,
        instant=expression.instant,
        metrics=expression.metrics,
        matchers=expression.matchers,
        unavailable_labels=promql_labels.unavailable(expression, printed),
        templated=templated,
        conditional=bool(getattr(rule, "duplicates", ())),
        source=place.origin.source,
        namespace=place.origin.namespace,
        object_labels=place.origin.labels,
        object_annotations=place.origin.annotations,
        findings=findings,
    )


def _recording(rule: dict[str, Any], place: Place) -> RecordingRule:
    expression = _expression(rule, place)
    return RecordingRule(
        line=place.line,
        name=text_of(rule["record"]) or "",
        group=place.group,
        expr=expression.text,
        expr_valid=expression.valid,
        expr_error=expression.error,
        labels=_fields(rule, place).labels,
        source=place.origin.source,
        namespace=place.origin.namespace,
        object_labels=place.origin.labels,
        object_annotations=place.origin.annotations,
    )


def _expression(rule: dict[str, Any], place: Place) -> Expression:
    """The rule's expression; an integer counts, as the custom resource allows it."""
    text = text_of(rule.get("expr"))
    if not text:
        if "expr" in rule and place.has_hole(line_of(rule, "expr"), _end(rule, "expr", place)):
            return Expression("", "unknown", "holds a template variable")
        return Expression("", "invalid", "has no expression")
    if templates.TOKEN in text:
        return promql.unknown(text[:_MOST_TEXT], "holds a template variable")
    return promql.parse(text[: _MOST_TEXT + 1], place.origin.dialect)


def _fields(rule: dict[str, Any], place: Place) -> _Fields:
    unknown: list[str] = []
    held: dict[str, dict[str, str]] = {}
    for name in ("labels", "annotations"):
        value = rule.get(name)
        held[name] = texts(value)
        token = templates.holds_token(value) or any(templates.TOKEN in key for key in held[name])
        if token or (name in rule and place.has_hole(line_of(rule, name), _end(rule, name, place))):
            unknown.append(name)
        unknown += [f"{name}.{key}" for key, text in held[name].items() if templates.TOKEN in text]
    return _Fields({**place.labels, **held["labels"]}, held["annotations"], tuple(unknown))


def _templated(
    rule: dict[str, Any], expression: Expression, fields: _Fields, runbook: RunbookLink, severity: str
) -> tuple[str, ...]:
    """Names of the fields whose value a template decides. A missing label may come from a templated block of labels."""
    found = [
        name
        for key, name in (("alert", "name"), ("for", "for"), ("keep_firing_for", "keep_firing_for"))
        if templates.holds_token(rule.get(key))
    ]
    if templates.TOKEN in expression.text or (not expression.text and expression.valid == "unknown"):
        found.append("expr")
    if templates.TOKEN in severity or (not severity and "labels" in fields.templated):
        found.append("severity")
    if templates.TOKEN in runbook.value or (not runbook.value and "annotations" in fields.templated):
        found.append("runbook")
    return (*found, *fields.templated)


def _end(rule: dict[str, Any], name: str, place: Place) -> int:
    """The last line that can belong to a field: before the rule's next field, or the next rule."""
    line = line_of(rule, name)
    later = [int(mark[0]) - 1 for mark in getattr(rule, "marks", {}).values() if mark[0] > line]
    if later:
        return int(min(later))
    value = rule.get(name)
    last = (
        max((int(mark[0]) for mark in value.marks.values()), default=line)
        if isinstance(value, documents.Mapping)
        else line
    )
    return place.end or last + 3


def _known(text: str | None) -> str:
    return text if text is not None and templates.TOKEN not in text else ""


def _seconds(hold: str) -> int:
    try:
        return int(times.parse_duration(hold[:100]).total_seconds())
    except ValueError:
        return 0
