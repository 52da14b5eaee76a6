"""slo-generator's ServiceLevelObjective (`sre.google.com/v2`). Goals are ratios; windows stand in a shared policy.

Source: google/slo-generator, docs and samples. Some files write `api` for `apiVersion`; `${NAME}` stands for an
environment variable and is unknown here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.model import Finding, Objective, Parsed
from app.formats.slo_common import finding, mapping, templated, text, texts
from app.formats.slo_queries import Sli, elsewhere, is_prometheus, queries
from app.lib.documents import Document, line_of
from app.slo import objective as targets

NAME = "slo-generator"
_PARTS = ("filter_good", "filter_bad")
_BY_METHOD = {"distribution_cut": "latency"}


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "ServiceLevelObjective":
        return False
    return str(value.get("apiVersion", value.get("api", ""))).startswith("sre.google.com/")


def read(document: Document) -> Parsed:
    value = document.value
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    labels = texts(metadata, "labels")
    name, service = text(metadata, "name"), labels.get("service_name", "")
    target = targets.from_ratio(spec.get("goal"))
    hidden = templated(name=name, service=service, objective=spec.get("goal"))
    sli = _sli(spec, f"{name} {labels.get('slo_name', '')}")
    objective = Objective(
        line=line_of(value),
        name=name,
        slo=labels.get("slo_name", name),
        format=NAME,
        service=service,
        ratio=-1.0 if "objective" in hidden else target.ratio,
        signal=_BY_METHOD.get(text(spec, "method")) or sli.signal,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        labels=labels,
        object_labels=labels,
        object_annotations=texts(metadata, "annotations"),
        description=text(spec, "description"),
        templated=hidden,
        findings=tuple(_findings(metadata, spec, target, sli, hidden)),
    )
    return Parsed(objects=(objective,))


def _findings(
    metadata: Mapping[str, Any], spec: Mapping[str, Any], target: targets.Target, sli: Sli, hidden: tuple[str, ...]
) -> Iterator[Finding]:
    if not text(metadata, "name"):
        yield finding(metadata, "name", "slo-name", "metadata.name is needed")
    for key in ("backend", "method", "description"):
        if not text(spec, key):
            yield finding(spec, key, f"slo-{key}", f"spec.{key} is needed")
    if target.code and "objective" not in hidden:
        yield finding(spec, "goal", target.code, target.message)
    if sli.valid == "invalid":
        yield finding(spec, "service_level_indicator", "sli-query", sli.error)


def _sli(spec: Mapping[str, Any], names: str) -> Sli:
    """`query_sli` writes a whole expression; the other methods bare filters that slo-generator wraps itself."""
    indicator = mapping(spec, "service_level_indicator")
    backend = text(spec, "backend")
    asked = {key: text(indicator, key) for key in indicator if isinstance(indicator[key], str)}
    if not is_prometheus(backend.partition("/")[0]):
        return elsewhere(backend, " ".join(asked.values()), names)
    expression = asked.get("expression", "")
    if expression or asked.get("query"):
        whole = text(spec, "method") == "query_sli"
        return queries(expression or asked["query"], counters=whole, names=names)
    part = next((asked[key] for key in _PARTS if asked.get(key)), "")
    other = asked.get("filter_valid") or (asked.get("filter_bad", "") if asked.get("filter_good") else "")
    if not part:
        return Sli("unknown", "holds no query")
    if not other:
        return Sli("invalid", "good events need filter_valid or filter_bad beside them")
    return queries(part, other, counters=False, names=names)
