"""OpenSLO v1alpha, v1 and v2alpha: one Objective for each item of an SLO's `objectives`; targets are ratios.

Indicators, alert policies and conditions may stand in documents of their own: they come out as objects to be joined by
name (`slo_common.join`). Source: the OpenSLO specification, its enhancements/v2alpha.md, and its Go SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.formats import openslo_alerts, openslo_indicators, openslo_rules
from app.formats.model import Finding, Objective, Parsed
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
    with_policies,
)
from app.formats.slo_queries import Sli, signal_of
from app.lib.documents import Document, line_of
from app.slo import objective as targets

NAME = "openslo"
_VERSIONS = ("openslo/v1alpha", "openslo/v1", "openslo.com/v2alpha")
_KINDS = ("SLO", "SLI", "AlertPolicy", "AlertCondition")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def recognises(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("apiVersion") in _VERSIONS and value.get("kind") in _KINDS


def read(document: Document) -> Parsed:
    value = document.value
    match value["kind"]:
        case "SLI":
            parsed = openslo_indicators.read(value)
        case "AlertPolicy":
            parsed = openslo_alerts.read_policy(value)
        case "AlertCondition":
            parsed = openslo_alerts.read_condition(value)
        case _:
            return _read_slo(document)
    return Parsed(parsed.objects, (*_name_findings(mapping(value, "metadata")), *parsed.findings))


@dataclass(frozen=True, slots=True)
class _Slo:
    """An SLO document taken apart."""

    version: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    name: str
    several: bool
    window: openslo_rules.Window


def _read_slo(document: Document) -> Parsed:
    value = document.value
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    items = sequence(spec, "objectives")
    version = value["apiVersion"]
    shared = [*_name_findings(metadata), *openslo_rules.of_slo(version, spec), *too_many(spec, "objectives")]
    policies = openslo_alerts.of_slo(spec)
    hidden = () if items else hidden_parts(document, spec, "objectives")
    if not items and not hidden:
        shared.append(finding(spec, "objectives", "slo-empty", "an SLO needs at least one objective"))
    window = openslo_rules.window(version, spec)
    slo = _Slo(version, metadata, spec, text(metadata, "name"), len(items) > 1, window)
    objectives = []
    for index, item in enumerate(items[:MOST_OBJECTIVES]):
        if isinstance(item, dict):
            objective = _objective(slo, item, index, policies)
            objectives.append(objective)
        elif not holds_template(item):
            shared.append(finding(items, index, "slo-shape", "an objective must be a mapping"))
    elsewhere = [policy for policy in policies.inline if policy.condition_ref]
    return Parsed((*objectives, *elsewhere), (*shared, *policies.findings), hidden)


def _objective(slo: _Slo, item: Mapping[str, Any], index: int, policies: openslo_alerts.Policies) -> Objective:
    spec, metadata = slo.spec, slo.metadata
    title = text(item, "displayName") or str(index + 1)
    window = slo.window
    sli = openslo_indicators.of_objective(item, spec, f"{slo.name} {text(metadata, 'displayName')} {title}")
    ratio, problem = _target(item)
    hidden = templated(
        name=[slo.name, title if slo.several else ""],
        service=text(spec, "service"),
        target=[item.get("target"), item.get("targetPercent")],
        window=window.written,
        sli=openslo_indicators.holders(item, spec),
    )
    found = [
        *([problem] if problem and "target" not in hidden else ()),
        *([window.problem] if window.problem else ()),
        *openslo_rules.of_objective(slo.version, item, spec, slo.several),
        *_sli_findings(sli, item, spec, hidden),
    ]
    objective = Objective(
        line=line_of(item),
        name=f"{slo.name}/{title}" if slo.several else slo.name,
        slo=slo.name,
        format=NAME,
        service=text(spec, "service"),
        ratio=-1.0 if "target" in hidden else ratio,
        window=window.text,
        window_seconds=window.seconds,
        calendar=window.calendar,
        signal=sli.signal or signal_of("", f"{slo.name} {title}"),
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        policies=policies.names,
        indicator_ref=openslo_indicators.reference(item, spec),
        labels=texts(metadata, "labels"),
        object_labels=texts(metadata, "labels"),
        object_annotations=texts(metadata, "annotations"),
        description=text(spec, "description"),
        templated=hidden,
        findings=tuple(found),
    )
    return with_policies(objective, policies.inline)


def _target(item: Mapping[str, Any]) -> tuple[float, Finding | None]:
    """The ratio of `target` or `targetPercent`, and what is wrong with it."""
    percent = item.get("targetPercent")
    if percent is not None and item.get("target") is not None:
        return -1.0, finding(item, "targetPercent", "objective-twice", "say target or targetPercent, not both")
    key = "target" if percent is None else "targetPercent"
    target = targets.from_ratio(item.get("target")) if percent is None else targets.from_percent(percent)
    return target.ratio, finding(item, key, target.code, target.message) if target.code else None


def _sli_findings(
    sli: Sli, item: Mapping[str, Any], spec: Mapping[str, Any], hidden: tuple[str, ...]
) -> Iterator[Finding]:
    if sli.valid == "invalid" and "sli" not in hidden:
        holder, key = openslo_indicators.place(item, spec)
        yield finding(holder, key, "sli-query", sli.error)


def _name_findings(metadata: Mapping[str, Any]) -> Iterator[Finding]:
    name = text(metadata, "name")
    if not holds_template(name) and not _NAME.fullmatch(name):
        message = f"“{short(name)}” is no OpenSLO name: lower-case letters, digits and -, at most 63"
        yield finding(metadata, "name", "slo-name", message)
