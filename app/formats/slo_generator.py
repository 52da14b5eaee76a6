"""slo-generator's ServiceLevelObjective (`sre.google.com/v2`). Goals are ratios; windows stand in a shared policy.

Source: google/slo-generator, docs and samples. Some files write `api` for `apiVersion`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.formats.model import Objective, Parsed
from app.formats.slo_common import Sli, finding, mapping, queries, signal_of, templated, text, texts
from app.lib.documents import Document, line_of
from app.slo import objective as targets

NAME = "slo-generator"


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "ServiceLevelObjective":
        return False
    return str(value.get("apiVersion", value.get("api", ""))).startswith("sre.google.com/")


def read(document: Document) -> Parsed:
    value = document.value
    metadata, spec = mapping(value, "metadata"), mapping(value, "spec")
    labels = texts(metadata, "labels")
    name = text(metadata, "name")
    target = targets.from_ratio(spec.get("goal"))
    hidden = templated(name=name, service=labels.get("service_name", ""), objective=spec.get("goal"))
    sli = _sli(spec)
    findings = []
    if target.code and "objective" not in hidden:
        findings.append(finding(spec, "goal", target.code, target.message))
    for key in ("backend", "method"):
        if not text(spec, key):
            findings.append(finding(spec, key, f"slo-{key}", f"spec.{key} is needed"))
    objective = Objective(
        line=line_of(value),
        name=name,
        slo=labels.get("slo_name", name),
        format=NAME,
        service=labels.get("service_name", ""),
        ratio=-1.0 if "objective" in hidden else target.ratio,
        signal=sli.signal,
        metrics=sli.metrics,
        sli_valid=sli.valid,
        sli_error=sli.error,
        labels=labels,
        object_labels=labels,
        object_annotations=texts(metadata, "annotations"),
        description=text(spec, "description"),
        templated=hidden,
        findings=tuple(findings),
    )
    return Parsed(objects=(objective,))


def _sli(spec: Mapping[str, Any]) -> Sli:
    indicator = mapping(spec, "service_level_indicator")
    asked = {key: value for key, value in indicator.items() if isinstance(value, str)}
    signal = signal_of(" ".join([*asked.values(), text(spec, "method"), text(spec, "description")]))
    if not text(spec, "backend").startswith("prometheus"):
        return Sli("unknown", f"queries of {text(spec, 'backend') or 'this backend'} are not read", signal)
    plain = [re.sub(r"\[window", "[5m", asked[key]) for key in asked if key.startswith(("filter_", "expression"))]
    if not plain:
        return Sli("unknown", "holds no query", signal)
    checked = queries(plain[0], plain[1] if len(plain) > 1 else "", counters=False)
    return Sli(checked.valid, checked.error, signal, checked.metrics)
