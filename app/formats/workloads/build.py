"""Workloads made of resources, each with what belongs to it: autoscaler, disruption budget, monitor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from app.formats.prometheus_place import texts
from app.formats.workloads import budgets, copies, scaling, spreading, strategies
from app.formats.workloads.containers import FILLED_IN, containers_of
from app.formats.workloads.marking import OPEN
from app.formats.workloads.metrics import beside, metrics_of
from app.formats.workloads.model import Workload
from app.formats.workloads.quantities import whole
from app.formats.workloads.resource import Pods, Resource, readable
from app.formats.workloads.selectors import labels_of, match_labels, selects, together

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job", "CronJob")
REPLICATED = ("Deployment", "StatefulSet", "Rollout")
_ALWAYS = (*REPLICATED, "DaemonSet")
_MOST_ANNOTATIONS = 100
LOAD_GENERATOR = "makes load for tests"
_LOAD = re.compile(
    r"(?:[\w.-]*[-_.])?(?:load-?_?gen(?:erator)?|load-?_?test(?:er|ing|s)?|locust|jmeter|gatling|k6|vegeta|fortio)"
)


def build(resources: Sequence[Resource]) -> list[tuple[Resource, Workload]]:
    """A workload for each resource that is one. Ignored resources are made too, and only matched with each other."""
    by_environment: dict[tuple[str, bool], list[Resource]] = {}
    for one in resources:
        by_environment.setdefault((one.environment, bool(one.ignored)), []).append(one)
    found = []
    apart = {off: beside((held for (_, o), held in by_environment.items() if o is off), KINDS) for off in (False, True)}
    for (_, off), group in by_environment.items():
        if running := [one for one in group if one.kind in KINDS]:
            neighbours = _by_kind((*group, *apart[off]))
            found += [(one, _workload(one, neighbours)) for one in running]
    return copies.told(_without_load(found))


def _without_load(made: list[tuple[Resource, Workload]]) -> list[tuple[Resource, Workload]]:
    """Beside what they put under load, generators of load are not judged: nobody waits for an answer of theirs."""
    loads = [is_load_generator(one) for _, one in made]
    if all(load or one.ignored for load, (_, one) in zip(loads, made, strict=True)):
        return made
    return [
        (resource, replace(one, ignored=one.ignored or LOAD_GENERATOR) if loads[index] else one)
        for index, (resource, one) in enumerate(made)
    ]


def is_load_generator(one: Workload) -> bool:
    """By its name, or by the name of what all its containers run."""
    images = [container.image.rpartition("/")[2].partition(":")[0] for container in one.containers]
    return bool(_LOAD.fullmatch(one.name) or (images and all(_LOAD.fullmatch(image) for image in images)))


def _by_kind(group: Iterable[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for one in group:
        found.setdefault(one.kind, []).append(one)
    return found


def pods_of(one: Resource, neighbours: Mapping[str, Sequence[Resource]]) -> Pods:
    """The pod template of a workload; that of another one where a Rollout refers to it."""
    spec: Any = one.body.get("spec")
    if one.kind == "CronJob":
        spec = _inside(_inside(spec, "jobTemplate"), "spec")
    reference = _inside(spec, "workloadRef")
    template = _inside(spec, "template")
    if template is None and isinstance(reference, dict):
        named = neighbours.get(str(reference.get("kind")), ())
        other = next((n for n in named if n.name == reference.get("name") and together(one, n)), None)
        template = _inside(other.body.get("spec"), "template") if other else None
    metadata, inner = _inside(template, "metadata"), _inside(template, "spec")
    return Pods(
        spec=inner if isinstance(inner, dict) else {},
        labels=labels_of(_inside(metadata, "labels")),
        selector=match_labels(_inside(spec, "selector")),
        annotations=_inside(metadata, "annotations"),
        known=isinstance(inner, dict) and isinstance(inner.get("containers"), list),
    )


def _inside(value: Any, key: str) -> Any:
    """A value's part; what a template writes as a whole is its own part."""
    if isinstance(value, str) and OPEN in value:
        return value
    return value.get(key) if isinstance(value, dict) else None


def _workload(one: Resource, neighbours: Mapping[str, Sequence[Resource]]) -> Workload:
    pods = pods_of(one, neighbours)
    services = _services(one, pods, neighbours)
    containers = containers_of(pods.spec, served=bool(services), long_running=one.kind in _ALWAYS)
    unknown: dict[str, str] = {}
    if not pods.known:
        unknown["containers"] = FILLED_IN
    replicas = scaling.replicas_of(one, containers, neighbours, unknown)
    parts = {
        "autoscaler": None,
        "monitor": None,
        **replicas,
        **budgets.budget_of(one, pods.labels, pods.selector, replicas["replicas_min"], neighbours, unknown),
        **spreading.spread_of(pods.spec, pods.labels, pods.selector, unknown),
        **strategies.strategy_of(one, replicas["replicas_min"], unknown),
        **metrics_of(one, pods, services, neighbours, unknown),
        "volume_claims": _has_claims(one, pods.spec),
        "grace_seconds": _number(pods.spec.get("terminationGracePeriodSeconds"), 30),
        "revisions_kept": _number(one.spec.get("revisionHistoryLimit"), 10),
    }
    if one.missing:
        unknown.update(dict.fromkeys(_EVERYTHING, one.missing))
    off = one.kind in REPLICATED and parts["autoscaler"] is None and one.spec.get("replicas") == 0
    return Workload(
        line=one.line,
        ignored=one.ignored or ("is switched off (replicas: 0)" if off else ""),
        object_kind=one.kind,
        name=_name_of(one),
        namespace=one.namespace,
        environment=one.environment,
        labels={key: value for key, value in pods.labels.items() if OPEN not in value},
        object_labels={key: value for key, value in labels_of(one.metadata.get("labels")).items() if OPEN not in value},
        object_annotations=dict(islice(texts(one.metadata.get("annotations")).items(), _MOST_ANNOTATIONS)),
        replicated=one.kind in REPLICATED,
        containers=containers,
        bundled=one.bundled,
        unknown=unknown,
        **parts,
    )


_EVERYTHING = (
    *("containers", "replicas_min", "replicas_max", "autoscaler_problem", "budget_state"),
    *("spread_zone", "spread_node", "strategy", "keeps_serving", "metrics_way"),
)


def _name_of(one: Resource) -> str:
    """Its name; what a chart's helper writes of it, or a value that is left empty, is told by the chart's place."""
    stand_in = _chart_name(one)
    name = readable(one.name, stand_in)
    return name or readable(str(one.metadata.get("generateName", "")), stand_in) or stand_in


def _chart_name(one: Resource) -> str:
    """The chart's folder, or the one around it where the former says only that it is a chart (`cart/chart/`)."""
    parts = one.path.split("/")
    above = parts[: parts.index("templates")] if "templates" in parts[1:] else []
    return next((folder for folder in reversed(above) if not copies.is_way(folder)), above[-1] if above else "…")


def _has_claims(one: Resource, pod: Mapping[str, Any]) -> bool:
    volumes = pod.get("volumes")
    claimed = any(isinstance(v, dict) and v.get("persistentVolumeClaim") for v in volumes or ()) if volumes else False
    return bool(one.spec.get("volumeClaimTemplates")) or (claimed and isinstance(volumes, list))


def _number(written: Any, default: int) -> int:
    """What is written, else what Kubernetes takes instead."""
    number = whole(written)
    return default if number is None else number


def _services(one: Resource, pods: Pods, neighbours: Mapping[str, Sequence[Resource]]) -> list[Resource]:
    """The Services that send requests to the pods."""
    found = []
    for service in neighbours.get("Service", ()):
        selector = service.spec.get("selector")
        if selector and together(one, service) and selects({"matchLabels": selector}, pods.labels, pods.selector):
            found.append(service)
    return found
