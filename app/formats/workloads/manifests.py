"""Reader of Kubernetes manifests: each object that is judged becomes a `Manifest`, trimmed to what counts."""

from __future__ import annotations

from typing import Any

from app.formats.model import Parsed, Unreadable
from app.formats.slo_common import mapping
from app.formats.templates import Neutral, holds_token
from app.formats.workloads.marking import guards_of, marked
from app.formats.workloads.model import JsonPatch, Manifest
from app.formats.workloads.shapes import GATEKEEPER, SHAPES, keep, pruned
from app.lib.documents import Document

NAME = "manifests"
_MOST_BRANCHES = 2_000
_MOST_OPERATIONS = 200
_SILENT = frozenset(("env", "envFrom", "args", "command", "data", "stringData", "groups"))
"""Parts of an object that may be secret, or that other readers judge."""
_PLATFORM = {
    ("nais.io", "Application"): "a NAIS Application",
    ("nais.io", "Naisjob"): "a Naisjob",
    ("serving.knative.dev", "Service"): "a Knative Service",
    ("core.oam.dev", "Application"): "a KubeVela Application",
    ("core.oam.dev", "Component"): "an OAM Component",
    ("apps.openshift.io", "DeploymentConfig"): "an OpenShift DeploymentConfig",
    ("score.dev", "Workload"): "a Score workload",
}
"""What a platform makes workloads of by rules of its own."""
_CHARTS = {("helm.toolkit.fluxcd.io", "HelmRelease"), ("helm.cattle.io", "HelmChart"), ("argoproj.io", "Application")}


def recognises(document: Document) -> bool:
    value = document.value
    if isinstance(value, dict):
        return (known := _kind(value)) in SHAPES or known in _PLATFORM or _is_nameless(value)
    return isinstance(value, list) and bool(value) and all(_is_operation(one) for one in value)


def read(document: Document) -> Parsed:
    if isinstance(document.value, list):
        return _json_patch(document)
    group, kind = _kind(document.value)
    if (group, kind) in _PLATFORM:
        reason = f"it is {_PLATFORM[group, kind]}, of which its platform makes the workload"
        return Parsed(unreadable=(Unreadable("workloads", _line(document), reason),))
    hidden = _elsewhere(document, kind) if (group, kind) in _CHARTS else ()
    if not kind:
        return Parsed(unreadable=(Unreadable("workloads", document.line, "a template decides what kind it is"),))
    origin = document.origin
    if isinstance(origin, Neutral) and len(origin.guards) + len(origin.holes) > _MOST_BRANCHES:
        return Parsed(unreadable=(Unreadable("workloads", document.line, "its template has too many branches"),))
    manifest = Manifest(
        line=_line(document),
        api=group,
        object_kind=kind,
        content=keep(marked(document), SHAPES[group, kind]) or {},
        templated=isinstance(origin, Neutral),
        guards=guards_of(document),
    )
    return Parsed((manifest,), unreadable=hidden)


def _kind(value: Any) -> tuple[str, str]:
    """(API group, kind); a version that a template writes stands for the one group that has such a kind."""
    api, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api, str) or not isinstance(kind, str) or holds_token(kind):
        return "", ""
    if holds_token(api):
        return next(((group, one) for group, one in SHAPES if one == kind and group), ("", ""))
    group, slash, _ = api.partition("/")
    return (group if slash else ""), "Constraint" if group == GATEKEEPER else kind


def _is_nameless(value: Any) -> bool:
    """An object that runs pods, whose kind only a template knows."""
    spec = value.get("spec")
    return holds_token(value.get("kind")) and isinstance(spec, dict) and isinstance(spec.get("template"), dict)


def _line(document: Document) -> int:
    """Where the object begins: its first key, rather than the `---` before it."""
    marks = getattr(document.value, "marks", {})
    return min((line for line, _ in marks.values()), default=document.line)


def _elsewhere(document: Document, kind: str) -> tuple[Unreadable, ...]:
    """A release of a chart: what it runs is known only where the chart is rendered."""
    spec = document.value.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    several = spec.get("sources")
    sources = [spec.get("source"), *(several if isinstance(several, list) else ())]
    chart = spec.get("chart") if kind != "Application" else next((_chart(one) for one in sources if _chart(one)), None)
    chart = chart or mapping(spec, "chartRef").get("name")  # Flux: an OCIRepository or HelmChart of its own
    if not chart:
        return ()
    inner = chart.get("spec") if isinstance(chart, dict) else None
    name = inner.get("chart") if isinstance(inner, dict) else chart
    reason = f"it is rendered from the chart {name if isinstance(name, str) else ''}".rstrip() + ", which is not here"
    return (Unreadable("workloads", document.line, reason),)


def _chart(source: Any) -> Any:
    return source.get("chart") if isinstance(source, dict) else None


def _is_operation(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("op"), str) and str(value.get("path", "")).startswith("/")


def _json_patch(document: Document) -> Parsed:
    """A JSON 6902 patch, as overlays keep them in files of their own."""
    operations = tuple(made for one in document.value[:_MOST_OPERATIONS] if (made := operation(one)))
    return Parsed((JsonPatch(line=document.line, operations=operations),)) if operations else Parsed()


def operation(value: Any) -> dict[str, Any]:
    """One operation without what may be secret; {} where it touches nothing that counts."""
    path = str(value.get("path", ""))
    if not _SILENT.isdisjoint(path.split("/")):
        return {}
    return {"op": str(value.get("op")), "path": path[:500], "value": pruned(value.get("value"))}
