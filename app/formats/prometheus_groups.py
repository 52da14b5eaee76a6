"""Rule groups as rulefmt defines them: names unique in a file, known fields, sound durations; rules inside.

Source of the rules: prometheus `model/rulefmt/rulefmt.go`; the extra fields of Thanos, Mimir, Loki and VictoriaMetrics
are known too, since nothing in a file says which of them loads it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from app.formats import prometheus_checks, prometheus_rules, templates
from app.formats.model import AlertRule, Finding, Object, Parsed, RecordingRule, Unreadable
from app.formats.prometheus_place import Origin, Place, text_of, texts
from app.lib import documents
from app.lib.documents import Document, line_of

_PROMETHEUS = ("name", "interval", "query_offset", "limit", "labels", "rules")
_THANOS_MIMIR_LOKI = (
    "partial_response_strategy",
    "source_tenants",
    "evaluation_delay",
    "align_evaluation_time_on_interval",
    "remote_write",
)
_VICTORIAMETRICS = (
    "concurrency",
    "tenant",
    "params",
    "headers",
    "notifier_headers",
    "type",
    "eval_offset",
    "eval_delay",
    "eval_alignment",
    "debug",
)
_GROUP_FIELDS = frozenset((*_PROMETHEUS, *_THANOS_MIMIR_LOKI, *_VICTORIAMETRICS))
_GROUP_DURATIONS = ("interval", "query_offset")
_MOST_FINDINGS = 1_000
TEMPLATED = "its rules are written by a template"


def read(groups: Any, origin: Origin, document: Document) -> Parsed:
    """Every rule of a `groups` list."""
    objects: list[Object] = []
    findings: list[Finding] = []
    names: dict[str, int] = {}
    for index, group in enumerate(groups):
        line = line_of(groups, index)
        if not isinstance(group, dict):
            if not templates.holds_token(group):
                findings.append(Finding(line, "group-shape", "a group must be a mapping with `name` and `rules`"))
            continue
        findings += _check(group, line, names)
        for one in _rules(group, origin, document):
            if isinstance(one, AlertRule | RecordingRule):
                objects.append(one)
            else:
                findings.append(one)
    unreadable = tuple(Unreadable("alerting", line, TEMPLATED) for line in _written_by_templates(groups, document))
    return Parsed(tuple(objects), tuple(findings[:_MOST_FINDINGS]), unreadable)


def _written_by_templates(groups: Any, document: Document) -> Iterator[int]:
    """Lines where a template writes groups or rules that only rendering shows: what is read is then not all."""
    for index, group in enumerate(groups):
        line = line_of(groups, index)
        if templates.holds_token(group):
            yield line
        if not isinstance(group, dict):
            continue
        rules = group.get("rules")
        end = line_of(groups, index + 1) if index + 1 < len(groups) else sys.maxsize
        if templates.holds_token(rules) or (not rules and any(line <= hole < end for hole in document.holes)):
            yield line_of(group, "rules")
        elif isinstance(rules, list):
            yield from (line_of(rules, at) for at, rule in enumerate(rules) if templates.holds_token(rule))


def _check(group: dict[str, Any], line: int, names: dict[str, int]) -> Iterator[Finding]:
    name = text_of(group.get("name")) or ""
    if not name:
        yield Finding(line, "group-name", "a group needs a name")
    elif name in names and templates.TOKEN not in name:
        yield Finding(line_of(group, "name"), "group-duplicate", f"group “{name}” already stands on line {names[name]}")
    names.setdefault(name, line_of(group, "name"))
    for key in group:
        if key not in _GROUP_FIELDS and templates.TOKEN not in key:
            yield Finding(line_of(group, key), "group-field", f"“{key}” is not a field of a rule group")
    for key in _GROUP_DURATIONS:
        if (problem := prometheus_checks.duration_problem(group.get(key))) is not None:
            yield Finding(line_of(group, key), "group-duration", f"`{key}`: {problem}")
    rules = group.get("rules")
    if rules is not None and not isinstance(rules, list) and not templates.holds_token(rules):
        yield Finding(line_of(group, "rules"), "group-shape", "`rules` must be a list")


def _rules(group: dict[str, Any], origin: Origin, document: Document) -> Iterator[AlertRule | RecordingRule | Finding]:
    rules = group.get("rules")
    if not isinstance(rules, list):
        return
    name = text_of(group.get("name")) or ""
    labels = texts(group.get("labels"))
    for index, rule in enumerate(rules):
        line = documents.line_of(rules, index)
        end = documents.line_of(rules, index + 1) - 1 if index + 1 < len(rules) else 0
        place = Place(name, labels, origin, line, end, document.holes)
        yield from prometheus_rules.read(rule, place)
