"""How the metrics of a workload's pods are collected: a monitor that finds them, an annotation, or a push of their own.

Sources: the API references of prometheus-operator, VictoriaMetrics' operator and Google's managed Prometheus;
OpenTelemetry's operator (injection); Datadog's autodiscovery; kube-linter dangling-servicemonitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.formats.prometheus_place import texts
from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.marking import OPEN
from app.formats.workloads.model import Matched
from app.formats.workloads.quantities import whole
from app.formats.workloads.resource import Pods, Resource, is_known, readable
from app.formats.workloads.selectors import labels_of, match_labels, selects

OVER_PODS = ("PodMonitor", "VMPodScrape", "PodMonitoring", "ClusterPodMonitoring")
OVER_SERVICES = ("ServiceMonitor", "VMServiceScrape")
MONITORS = (*OVER_PODS, *OVER_SERVICES)
_EVERYWHERE = "ClusterPodMonitoring"
_SCRAPE = "prometheus.io/scrape"
_DATADOG = "ad.datadoghq.com/"
_INJECTED = ("instrumentation.opentelemetry.io/inject-", "sidecar.opentelemetry.io/inject")
Neighbours = Mapping[str, Sequence[Resource]]


def metrics_of(
    one: Resource,
    pods: Pods,
    services: Sequence[Resource],
    neighbours: Neighbours,
    unknown: dict[str, str],
) -> dict[str, Any]:
    """`metrics_way` (monitor, annotation, push, ""), `metrics_by`, `metrics_problem` and `monitor`.

    A monitor that collects nothing is told where nothing else collects; one whose selector only a template knows makes
    it unknown, and so do annotations that only a template knows.
    """
    dangling: dict[str, Any] = {}
    for monitor, ports in _found(one, pods, services, neighbours):
        if monitor.missing:
            continue
        problem = _problem(monitor, ports)
        told = {"metrics_by": f"{monitor.kind} {readable(monitor.name)}", "monitor": matched(monitor)}
        if not problem:
            return told | {"metrics_way": "monitor"}
        dangling = dangling or told | {"metrics_problem": problem}
    written = [(one, pods.annotations), *((service, service.metadata.get("annotations")) for service in services)]
    for holder, said in written:
        if way := _annotated(texts(said)):
            return {"metrics_way": way[0], "metrics_by": way[1], "monitor": matched(holder)}
    hidden = next((monitor for monitor in _monitors(neighbours) if _is_hidden(monitor)), None)
    if not dangling and hidden is not None:
        unknown["metrics_way"] = hidden.missing or f"what a monitor selects {FILLED_IN}"
    elif not dangling and any(_conceals(said) for _, said in written):
        unknown["metrics_way"] = f"what annotates its pods {FILLED_IN}"
    return dangling


def matched(resource: Resource) -> Matched:
    return Matched(object_kind=resource.kind, name=readable(resource.name), path=resource.path, line=resource.line)


def _monitors(neighbours: Neighbours) -> Iterator[Resource]:
    for kind in MONITORS:
        yield from neighbours.get(kind, ())


def _found(
    one: Resource, pods: Pods, services: Sequence[Resource], neighbours: Neighbours
) -> Iterator[tuple[Resource, frozenset[str] | None]]:
    """Monitors that pick the pods, or a Service before them, each with the names of the ports it may ask."""
    for kind in OVER_PODS:
        for monitor in neighbours.get(kind, ()):
            if _reaches(monitor, one) and selects(monitor.spec.get("selector"), pods.labels, pods.selector):
                yield monitor, _ports_of(pods.spec)
    for service in services:
        carried = labels_of(service.metadata.get("labels"))
        for kind in OVER_SERVICES:
            for monitor in neighbours.get(kind, ()):
                if _reaches(monitor, service) and selects(monitor.spec.get("selector"), carried):
                    yield monitor, _names(service.spec.get("ports"))


def _ports_of(pod: Mapping[str, Any]) -> frozenset[str] | None:
    listed = [*_listed(pod.get("containers")), *_listed(pod.get("initContainers"))]
    found = [_names(one.get("ports")) for one in listed if isinstance(one, dict) and one.get("ports") is not None]
    return None if any(names is None for names in found) else frozenset().union(*(names or () for names in found))


def _names(ports: Any) -> frozenset[str] | None:
    """Names and numbers of ports; None where a template writes some of them."""
    if ports is not None and not isinstance(ports, list):
        return None
    listed = [port for port in _listed(ports) if isinstance(port, dict)]
    said = [port.get(key) for port in listed for key in ("name", "port", "containerPort") if port.get(key) is not None]
    return frozenset(map(str, said)) if all(map(is_known, said)) else None


def _problem(monitor: Resource, ports: frozenset[str] | None) -> str:
    """Why it collects nothing, or "". Ports given by number or as a target are taken at their word."""
    asked = monitor.spec.get("podMetricsEndpoints", monitor.spec.get("endpoints"))
    if asked is None or asked == []:
        return "it names no endpoint"
    named = [one.get("port") for one in _listed(asked) if isinstance(one, dict) and one.get("targetPort") is None]
    if ports is None or len(named) < len(_listed(asked)) or not all(isinstance(one, str) for one in named):
        return ""
    known = [str(one) for one in named if is_known(one)]
    if len(known) < len(named) or any(one in ports or whole(one) is not None for one in known):
        return ""
    return f"it asks port “{known[0]}”, which is not declared"


def _listed(value: Any) -> Sequence[Any]:
    return value[:100] if isinstance(value, list) else ()


def _annotated(annotations: Mapping[str, str]) -> tuple[str, str] | None:
    """(way, the annotation) where one has the pods scraped, or has them push."""
    for key, value in annotations.items():
        if key == _SCRAPE and value.lower() == "true":
            return "annotation", key
        if key.startswith(_DATADOG) and key.endswith((".checks", ".instances")):
            return "annotation", key
        if key.startswith(_INJECTED) and value.lower() not in ("", "false"):
            return "push", key
    return None


def _conceals(annotations: Any) -> bool:
    """Whether a template may write one that counts: by an `include`, or as the value of the one we ask for."""
    if isinstance(annotations, dict):
        return any(OPEN in key or (key == _SCRAPE and not is_known(value)) for key, value in annotations.items())
    return isinstance(annotations, str) and OPEN in annotations


def _is_hidden(monitor: Resource) -> bool:
    """Only a template, or an overlay that can't be followed, knows what it selects."""
    selector = monitor.spec.get("selector")
    if monitor.missing or (isinstance(selector, str) and OPEN in selector):
        return True
    return any(OPEN in f"{key}{value}" or not is_known(value) for key, value in match_labels(selector).items())


def _reaches(monitor: Resource, other: Resource) -> bool:
    """A monitor looks in its own namespace unless its namespaceSelector says more. What names no namespace goes along;
    which overlay it comes from is no matter, since monitors are often kept in one of their own (`beside`)."""
    if monitor.kind == _EVERYWHERE:
        return True
    selector = monitor.spec.get("namespaceSelector")
    if isinstance(selector, dict):
        names = selector.get("matchNames")
        if selector.get("any") is True or (
            isinstance(names, list) and (other.namespace in names or not other.namespace)
        ):
            return True
    return len({monitor.namespace, other.namespace} - {""}) < 2


def beside(groups: Iterable[Sequence[Resource]], kinds: Iterable[str]) -> list[Resource]:
    """Monitors rendered where no workload is (`kinds`): an overlay of monitoring alone serves those of the others."""
    running = frozenset(kinds)
    return [
        one for group in groups if running.isdisjoint(x.kind for x in group) for one in group if one.kind in MONITORS
    ]
