"""Prometheus rule files, PrometheusRule and the custom resources shaped like it.

Recognised by apiVersion and shape, never by kind or folder alone: Grafana provisioning and promtool tests share the key
`groups`, CRDs name the same fields in their schemas. `prometheus_groups` reads what is inside.
"""

from __future__ import annotations

from typing import Any

from app.formats import prometheus_groups, templates
from app.formats.model import Finding, Parsed, Unreadable
from app.formats.prometheus_groups import TEMPLATED
from app.formats.prometheus_place import Origin, texts
from app.lib.documents import Document, line_of

NAME = "prometheus"

_RESOURCES: dict[tuple[str, str], tuple[str, str]] = {
    ("monitoring.coreos.com", "PrometheusRule"): ("prometheusrule", "promql"),
    ("monitoring.rhobs", "PrometheusRule"): ("prometheusrule", "promql"),
    ("azmonitoring.coreos.com", "PrometheusRule"): ("prometheusrule", "promql"),
    ("monitoring.openshift.io", "AlertingRule"): ("prometheusrule", "promql"),
    (templates.TOKEN, "PrometheusRule"): ("prometheusrule", "promql"),
    ("operator.victoriametrics.com", "VMRule"): ("vmrule", "metricsql"),
    ("loki.grafana.com", "AlertingRule"): ("loki", "logql"),
    ("loki.grafana.com", "RecordingRule"): ("loki", "logql"),
    ("monitoring.googleapis.com", "Rules"): ("google", "promql"),
    ("monitoring.googleapis.com", "ClusterRules"): ("google", "promql"),
    ("monitoring.googleapis.com", "GlobalRules"): ("google", "promql"),
}
"""(API group, kind) → (source, dialect of its expressions)."""


def recognises(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and (_resource(value) is not None or is_native(value))


def is_native(value: Any) -> bool:
    """Whether a value is a rule file as Prometheus itself reads it (or Loki's, Mimir's, Thanos' ruler)."""
    if not isinstance(value, dict) or "apiVersion" in value or "kind" in value or "tests" in value:
        return False
    groups = value.get("groups")
    return isinstance(groups, list) and any(_is_group(group) for group in groups)


def read(document: Document) -> Parsed:
    """Rules with their findings; unreadable where a template holds them all."""
    value = document.value
    resource = _resource(value)
    if resource is None:
        origin = _origin(document, document.within, "prometheus", "promql")
        return prometheus_groups.read(value["groups"], origin, document)
    spec = value.get("spec")
    groups = spec.get("groups") if isinstance(spec, dict) else None
    if isinstance(groups, list):
        return prometheus_groups.read(groups, _origin(document, value, *resource), document)
    line = line_of(spec, "groups") if isinstance(spec, dict) else document.line
    if document.holes or templates.holds_token(groups) or templates.holds_token(spec):
        return Parsed(unreadable=(Unreadable("alerting", line, TEMPLATED),))
    if groups is None or groups == {}:  # an empty mapping is what a kustomize base leaves to its patches
        return Parsed()
    return Parsed(findings=(Finding(line, "group-shape", "`groups` must be a list of rule groups"),))


def _resource(value: dict[str, Any]) -> tuple[str, str] | None:
    api, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api, str) or not isinstance(kind, str):
        return None
    group = templates.TOKEN if templates.TOKEN in api else api.partition("/")[0]
    return _RESOURCES.get((group, kind))


def _is_group(group: Any) -> bool:
    if not isinstance(group, dict):
        return False
    rules = group.get("rules")
    if not isinstance(rules, list):
        return False
    return any(isinstance(rule, dict) and ("alert" in rule or "record" in rule) for rule in rules)


def _origin(document: Document, holder: Any, source: str, dialect: str) -> Origin:
    """Where rules come from: the custom resource, or the ConfigMap around a native file."""
    metadata = holder.get("metadata") if isinstance(holder, dict) else None
    if not isinstance(metadata, dict):
        metadata = {}
    namespace = metadata.get("namespace")
    return Origin(
        source=source,
        dialect=dialect,
        namespace=namespace if isinstance(namespace, str) and templates.TOKEN not in namespace else "",
        labels=texts(metadata.get("labels")),
        annotations=texts(metadata.get("annotations")),
    )
