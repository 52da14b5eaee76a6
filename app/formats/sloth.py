"""Sloth: the `prometheus/v1` spec and the PrometheusServiceLevel custom resource. One Objective for each SLO.

Source: Sloth's specification (pkg/prometheus/api/v1, pkg/kubernetes/api/sloth/v1). Objectives are percentages; the
period is the tool's (30 days by default); page and ticket alerts are generated unless disabled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.model import Finding, Objective, Parsed, RunbookLink
from app.formats.slo_common import Sli, finding, mapping, queries, sequence, templated, text, texts
from app.lib.documents import Document, line_of
from app.slo import objective as targets

NAME = "sloth"
_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")
_WINDOW = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
_RUNBOOK_KEYS = ("runbook_url", "runbook", "playbook_url", "playbook", "sop_url", "sop")
_DAYS_30 = 30 * 86_400


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict):
        return False
    crd = value.get("apiVersion") == "sloth.slok.dev/v1" and value.get("kind") == "PrometheusServiceLevel"
    return crd or (value.get("version") == "prometheus/v1" and "slos" in value)


def read(document: Document) -> Parsed:
    value = document.value
    crd = "apiVersion" in value
    spec = mapping(value, "spec") if crd else value
    metadata = mapping(value, "metadata") if crd else {}
    service = text(spec, "service")
    findings = [] if service else [finding(spec, "service", "slo-service", "a Sloth spec needs a service")]
    slos = sequence(spec, "slos")
    if not slos:
        findings.append(finding(spec, "slos", "slo-empty", "a Sloth spec needs at least one SLO under slos"))
    objectives = []
    names: dict[str, int] = {}
    for index, slo in enumerate(slos):
        if not isinstance(slo, dict):
            findings.append(finding(slos, index, "slo-shape", "an SLO must be a mapping"))
            continue
        objectives.append(_objective(slo, service, spec, metadata, names))
    return Parsed(objects=tuple(objectives), findings=tuple(findings))


def _objective(
    slo: Mapping[str, Any], service: str, spec: Mapping[str, Any], metadata: Mapping[str, Any], names: dict[str, int]
) -> Objective:
    name = text(slo, "name")
    target = targets.from_percent(slo.get("objective"), hundred_allowed=True)
    hidden = templated(name=name, service=service, objective=slo.get("objective"))
    sli, sli_findings = _sli(slo)
    alerting = mapping(slo, "alerting")
    page, ticket = (
        _on(alerting, snake, camel) for snake, camel in (("page_alert", "pageAlert"), ("ticket_alert", "ticketAlert"))
    )
    found = [*_names(slo, name, names), *sli_findings]
    if target.code and "objective" not in hidden:
        found.append(finding(slo, "objective", target.code, target.message))
    if (page or ticket) and not text(alerting, "name"):
        found.append(finding(slo, "alerting", "alert-name", "alerting needs a name unless both alerts are disabled"))
    labels = {**texts(spec, "labels"), **texts(slo, "labels")}
    return Objective(
        line=line_of(slo),
        name=name,
        slo=name,
        format=NAME,
        service=service,
        ratio=-1.0 if "objective" in hidden else target.ratio,
        window="30d",
        window_seconds=_DAYS_30,
        window_assumed=True,
        signal=sli.signal or _named_signal(name),
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        page_alert=page,
        slow_alert=ticket,
        burn_windows=2 * (page + ticket),
        severities=_severities(alerting),
        runbook=_runbook(alerting),
        labels=labels,
        object_labels=texts(metadata, "labels"),
        object_annotations=texts(metadata, "annotations"),
        namespace=text(metadata, "namespace"),
        description=text(slo, "description"),
        templated=hidden,
        findings=tuple(found),
    )


def _named_signal(name: str) -> str:
    lowered = name.lower()
    return next((signal for signal in ("availability", "latency", "freshness") if signal in lowered), "")


def _names(slo: Mapping[str, Any], name: str, names: dict[str, int]) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        yield finding(slo, "name", "slo-name", f"“{name}” is no SLO name: two or more letters, digits, -, _ and .")
    if name in names:
        yield finding(slo, "name", "slo-duplicate", f"SLO {name} is already defined on line {names[name]}")
    names.setdefault(name, line_of(slo))


def _sli(slo: Mapping[str, Any]) -> tuple[Sli, list[Finding]]:
    sli = mapping(slo, "sli")
    kinds = [kind for kind in ("events", "raw", "plugin") if sli.get(kind)]
    if len(kinds) != 1:
        message = "an SLI needs exactly one of events, raw and plugin"
        return Sli("invalid", message), [finding(slo, "sli", "sli-kind", message)]
    node = mapping(sli, kinds[0])
    if kinds[0] == "plugin":
        return Sli("unknown", "a plugin makes the query", _named_signal(text(node, "id"))), []
    keys = (("error_query", "errorQuery"), ("total_query", "totalQuery"))
    if kinds[0] == "raw":
        keys = (("error_ratio_query", "errorRatioQuery"),)  # type: ignore[assignment]
    asked = [text(node, snake) or text(node, camel) for snake, camel in keys]
    for (snake, _), query in zip(keys, asked, strict=True):
        if not query:
            message = f"sli.{kinds[0]} needs {snake}"
            return Sli("invalid", message), [finding(sli, kinds[0], "sli-query", message)]
        if not _WINDOW.search(query) and "__TPL__" not in query:
            message = f"{snake} must use {{{{.window}}}}, or all windows give the same answer"
            return Sli("invalid", message), [finding(node, snake, "sli-window", message)]
    checked = queries(asked[0], asked[1] if len(asked) > 1 else "")
    if checked.valid == "invalid":
        return checked, [finding(sli, kinds[0], "sli-query", checked.error)]
    return checked, []


def _on(alerting: Mapping[str, Any], snake: str, camel: str) -> bool:
    """An alert is generated unless `disable: true` stands in it (a label of that name disables nothing)."""
    node = mapping(alerting, snake) or mapping(alerting, camel)
    return bool(alerting) and node.get("disable") is not True


def _severities(alerting: Mapping[str, Any]) -> tuple[str, ...]:
    nodes = (mapping(alerting, key) for key in ("page_alert", "pageAlert", "ticket_alert", "ticketAlert"))
    return tuple(dict.fromkeys(value for node in nodes if (value := texts(node, "labels").get("severity"))))


def _runbook(alerting: Mapping[str, Any]) -> RunbookLink:
    for node in (mapping(alerting, "page_alert"), mapping(alerting, "pageAlert"), alerting):
        annotations = texts(node, "annotations")
        for key in _RUNBOOK_KEYS:
            if annotations.get(key, "").strip():
                return RunbookLink(key=key, value=annotations[key].strip())
    return RunbookLink()
