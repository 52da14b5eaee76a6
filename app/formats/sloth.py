"""Sloth: the `prometheus/v1` spec and the PrometheusServiceLevel custom resource. One Objective for each SLO.

Source: Sloth's pkg/prometheus/api/v1, pkg/kubernetes/api/sloth/v1 and pkg/common/validation. Objectives are percents;
the period is the tool's (30 days by default); page and ticket alerts are generated unless disabled. The spec writes
snake_case and the custom resource camelCase: a key in the other's spelling is ignored by Sloth, and so here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.formats.model import Finding, Objective, Parsed, RunbookLink
from app.formats.slo_common import (
    MOST_OBJECTIVES,
    finding,
    hidden_parts,
    holds_template,
    mapping,
    sequence,
    short,
    templated,
    text,
    texts,
    too_many,
)
from app.formats.slo_queries import Sli, queries, signal_of
from app.formats.templates import holds_token
from app.lib.documents import Document, line_of
from app.slo import objective as targets

NAME = "sloth"
_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")
_LONGEST_NAME = 128
_WINDOW = re.compile(r"\{\{-? *\.window *-?\}\}")
_RUNBOOK_KEYS = ("runbook_url", "runbook", "playbook_url", "playbook", "sop_url", "sop")
_DAYS_30 = 30 * 86_400
_QUERIES = {"events": ("error_query", "total_query"), "raw": ("error_ratio_query",)}


@dataclass(frozen=True, slots=True)
class _Group:
    """What the SLOs of one document share."""

    spec: Mapping[str, Any]
    metadata: Mapping[str, Any]
    crd: bool
    service: str
    names: dict[str, int] = field(default_factory=dict)

    def key(self, snake: str) -> str:
        """A key as this form of the document spells it."""
        first, *rest = snake.split("_")
        return first + "".join(word.capitalize() for word in rest) if self.crd else snake


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict):
        return False
    crd = value.get("apiVersion") == "sloth.slok.dev/v1" and value.get("kind") == "PrometheusServiceLevel"
    return crd or (value.get("version") == "prometheus/v1" and ("slos" in value or "service" in value))


def read(document: Document) -> Parsed:
    value = document.value
    crd = "apiVersion" in value
    spec = mapping(value, "spec") if crd else value
    group = _Group(spec, mapping(value, "metadata") if crd else {}, crd, text(spec, "service"))
    findings = [*_service(group), *too_many(spec, "slos")]
    slos = sequence(spec, "slos")
    hidden = () if slos else hidden_parts(document, spec, "slos")
    if not slos and not hidden:
        findings.append(finding(spec, "slos", "slo-empty", "a Sloth spec needs at least one SLO under slos"))
    objectives = []
    for index, slo in enumerate(slos[:MOST_OBJECTIVES]):
        if isinstance(slo, dict):
            objectives.append(_objective(slo, group))
        elif not holds_template(slo):
            findings.append(finding(slos, index, "slo-shape", "an SLO must be a mapping"))
    return Parsed(tuple(objectives), tuple(findings), hidden)


def _service(group: _Group) -> Iterator[Finding]:
    if not group.service:
        yield finding(group.spec, "service", "slo-service", "a Sloth spec needs a service")
    elif not _NAME.fullmatch(group.service) and not holds_template(group.service):
        message = f"“{short(group.service)}” is no service name: two or more letters, digits, -, _ and ."
        yield finding(group.spec, "service", "slo-service", message)


def _objective(slo: Mapping[str, Any], group: _Group) -> Objective:
    name = text(slo, "name")
    target = targets.from_percent(slo.get("objective"))
    hidden = templated(name=name, service=group.service, objective=slo.get("objective"))
    sli, found = _sli(slo, group)
    if target.code and "objective" not in hidden:
        found.append(finding(slo, "objective", target.code, target.message))
    alerting = mapping(slo, "alerting")
    page, ticket = (_on(alerting, group.key(key)) for key in ("page_alert", "ticket_alert"))
    found.extend([*_names(slo, name, group.names), *_alert_findings(slo, group)])
    return Objective(
        line=line_of(slo),
        name=name,
        slo=name,
        format=NAME,
        service=group.service,
        ratio=-1.0 if "objective" in hidden else target.ratio,
        window="30d",
        window_seconds=_DAYS_30,
        window_assumed=True,
        signal=sli.signal,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        page_alert=page,
        slow_alert=ticket,
        burn_windows=2 * (page + ticket),
        severities=_severities(alerting, group),
        runbook=_runbook(alerting, group),
        labels={**texts(group.spec, "labels"), **texts(slo, "labels")},
        object_labels=texts(group.metadata, "labels"),
        object_annotations=texts(group.metadata, "annotations"),
        namespace=text(group.metadata, "namespace"),
        description=text(slo, "description"),
        templated=hidden,
        findings=tuple(sorted(found, key=lambda one: one.line)),
    )


def _names(slo: Mapping[str, Any], name: str, names: dict[str, int]) -> Iterator[Finding]:
    if holds_template(name):
        return
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = f"“{short(name)}” is no SLO name: two to 128 letters, digits, -, _ and ."
        yield finding(slo, "name", "slo-name", message)
    if name in names:
        message = f"SLO {short(name)} is already defined on line {names[name]}"
        yield finding(slo, "name", "slo-duplicate", message)
    names.setdefault(name, line_of(slo))


def _sli(slo: Mapping[str, Any], group: _Group) -> tuple[Sli, list[Finding]]:
    """The SLI and what is wrong with it: exactly one kind, each query over the window Sloth fills in."""
    sli = mapping(slo, "sli")
    if holds_template(slo.get("sli")) and not sli:
        return Sli("unknown", "is filled in by a template"), []
    kinds = [kind for kind in ("events", "raw", "plugin") if sli.get(kind)]
    if len(kinds) != 1:
        message = "an SLI needs exactly one of events, raw and plugin"
        return Sli("invalid", message), [finding(slo, "sli", "sli-kind", message)]
    kind, names = kinds[0], f"{text(slo, 'name')} {text(mapping(slo, 'alerting'), 'name')}"
    node = mapping(sli, kind)
    if kind == "plugin":
        return _plugin(sli, text(node, "id"), names)
    keys = [group.key(key) for key in _QUERIES[kind]]
    asked = [text(node, key) for key in keys]
    for key, query in zip(keys, asked, strict=True):
        if not query:
            message = f"sli.{kind} needs {key}"
            return _wrong(message, asked, names), [finding(sli, kind, "sli-query", message)]
        if not _WINDOW.search(query) and not holds_token(query):
            message = f"{key} must use {{{{.window}}}}, or every window gives the same answer"
            return _wrong(message, asked, names), [finding(node, key, "sli-window", message)]
    checked = queries(*asked, names=names)
    return checked, [finding(node, keys[0], "sli-query", checked.error)] if checked.valid == "invalid" else []


def _plugin(sli: Mapping[str, Any], plugin: str, names: str) -> tuple[Sli, list[Finding]]:
    if not plugin:
        message = "sli.plugin needs an id"
        return Sli("invalid", message), [finding(sli, "plugin", "sli-kind", message)]
    return Sli("unknown", "a plugin makes the query", signal_of("", f"{plugin} {names}")), []


def _wrong(message: str, asked: list[str], names: str) -> Sli:
    return Sli("invalid", message, signal_of(" ".join(asked), names))


def _on(alerting: Mapping[str, Any], key: str) -> bool:
    """An alert is generated unless `disable: true` stands in it (a label of that name disables nothing)."""
    return bool(alerting) and mapping(alerting, key).get("disable") is not True


def _alert_findings(slo: Mapping[str, Any], group: _Group) -> Iterator[Finding]:
    alerting = mapping(slo, "alerting")
    if holds_template(slo.get("alerting")) and not alerting:
        return
    keys = [group.key(key) for key in ("page_alert", "ticket_alert")]
    disabled = [mapping(alerting, key).get("disable") is True for key in keys]
    if not all(disabled) and not text(alerting, "name"):
        place, key = (alerting, "name") if alerting else (slo, "alerting")
        yield finding(place, key, "alert-name", "alerting needs a name unless both alerts are disabled")
    for key in keys:
        labels = mapping(mapping(alerting, key), "labels")
        if "disable" in labels and not all(disabled):
            message = f"a label named disable disables nothing; write {key}: {{disable: true}}"
            yield finding(labels, "disable", "alert-disable", message)


def _severities(alerting: Mapping[str, Any], group: _Group) -> tuple[str, ...]:
    """Severity labels of the alerts that are generated: an alert's own over those of both."""
    both = texts(alerting, "labels")
    found = []
    for key in ("page_alert", "ticket_alert"):
        if _on(alerting, group.key(key)):
            found.append({**both, **texts(mapping(alerting, group.key(key)), "labels")}.get("severity", ""))
    return tuple(dict.fromkeys(severity for severity in found if severity))


def _runbook(alerting: Mapping[str, Any], group: _Group) -> RunbookLink:
    """The page's own runbook, else the one of both alerts."""
    for node in (mapping(alerting, group.key("page_alert")), alerting):
        annotations = texts(node, "annotations")
        for key in _RUNBOOK_KEYS:
            if value := annotations.get(key, "").strip():
                return RunbookLink(key=key, value=value)
    return RunbookLink()
