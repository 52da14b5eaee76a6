"""Fixes of what a workload says of its copies: how many, their budget, spread, rollout and autoscaler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.formats.workloads.model import Workload
from app.lib import yaml_writing
from app.lib.splices import Splice, after_line
from app.lib.yaml_edits import Uneditable
from app.lib.yaml_nodes import Node
from app.remediation.manifests import edit, manifest_of, pod_of, selector_of, workload_of
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, each

_STORES = re.compile(
    r"(^|/)(postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|valkey|rabbitmq|kafka|zookeeper|etcd|elasticsearch"
    r"|opensearch|cassandra|minio|nats|consul|vault|influxdb|clickhouse-server|memcached)\b"
)
_GRACE = 30
"""Seconds that Kubernetes gives by itself for ending."""


def replicas(case: Case) -> Iterator[Answer]:
    """As many copies as policy asks, in the manifest or as its autoscaler's minimum."""
    wanted = int(case.params.get("min_replicas", 2))

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        workload = workload_of(case, item)
        keeps = item.get("volume_claims") or item["kind"] == "StatefulSet" or _keeps_data(workload)
        if keeps and case.answer(f"replicas.{name}") != "yes":
            why = "it keeps data, so a second copy must know of the first"
            yield Question(f"replicas.{name}", f"Can {name} run as {wanted} copies ({why})?", ("yes",))
            return
        why = f"{name} keeps {wanted} copies"
        scaler = workload.autoscaler
        if scaler is not None:
            text = case.yaml(scaler.path)
            root, keda = text.document_at(scaler.line), scaler.object_kind == "ScaledObject"
            edits = text.put(root, ["spec", "minReplicaCount" if keda else "minReplicas"], wanted)
            if int(item.get("replicas_max") or 0) <= wanted:
                most = case.answer(f"max_replicas.{name}", "max_replicas")
                if not most.isdigit() or int(most) <= wanted:
                    yield Question(
                        f"max_replicas.{name}", f"Up to how many copies, {wanted} at least, may {name} grow?"
                    )
                    return
                edits += text.put(root, ["spec", "maxReplicaCount" if keda else "maxReplicas"], int(most))
            yield Edit(scaler.path, tuple(edits), why)
            return
        text, root = manifest_of(case, item)
        yield edit(item, text.put(root, ["spec", "replicas"], wanted, after="selector"), why)

    yield from each(case, case.items, mend)


def _keeps_data(workload: Workload) -> bool:
    """Whether one of its images is a data store, whose copies are no copies until they know each other."""
    return any(_STORES.search(container.image) for container in workload.containers)


def budget(case: Case) -> Iterator[Answer]:
    """A PodDisruptionBudget behind the manifest that it is for; one that protects nothing is corrected."""

    def mend(item: Item) -> Iterator[Answer]:
        found = workload_of(case, item).budget
        why = f"one copy of {item['name']} at a time may leave"
        if found is not None:
            text = case.yaml(found.path)
            spec = text.document_at(found.line).get("spec")
            if spec is None:
                raise Uneditable("its budget has no spec", found.line)
            if (old := spec.get("minAvailable")) is not None and (name := spec.key("minAvailable")) is not None:
                yield Edit(found.path, (*text.replace(name, "maxUnavailable"), *text.replace(old, 1)), why)
            else:
                yield Edit(found.path, tuple(text.put(spec, ["maxUnavailable"], 1)), why)
            return
        text, root = manifest_of(case, item)
        if root.flow:
            raise Uneditable("a JSON file holds one object only", root.line)
        metadata: dict[str, Any] = {"name": item["name"]}
        if (namespace := root.at("metadata", "namespace")) is not None:
            metadata["namespace"] = namespace.value
        document = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata,
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector_of(root)}},
        }
        lines = "---\n" + yaml_writing.document(document, text.style(root))
        yield edit(item, [after_line(text.text, len(text.text), lines)], why)

    yield from each(case, case.items, mend)


def spread(case: Case) -> Iterator[Answer]:
    """A topology spread constraint over zones (or nodes, where policy asks no more)."""
    key = "topology.kubernetes.io/zone" if case.params.get("zones_required") else "kubernetes.io/hostname"

    def mend(item: Item) -> Iterator[Answer]:
        text, root = manifest_of(case, item)
        pod = pod_of(root, item)
        constraint = {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector_of(root)},
        }
        there = pod.get("topologySpreadConstraints")
        if there is None:
            edits = text.put(pod, ["topologySpreadConstraints"], [constraint])
        else:
            edits = text.append(there, constraint)
        yield edit(item, edits, f"copies of {item['name']} are kept apart, and still start where they can't be")

    yield from each(case, case.items, mend)


def rollout(case: Case) -> Iterator[Answer]:
    """A rolling update that never stops a copy before its successor answers, with time to finish."""

    def mend(item: Item) -> Iterator[Answer]:
        text, root = manifest_of(case, item)
        edits: list[Splice] = []
        stays = item.get("keeps_serving") if item.get("strategy") == "rolling" else item.get("volume_claims")
        if item["kind"] == "Deployment" and not stays:
            strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
            edits += text.put(root, ["spec", "strategy"], strategy)
        stop = int(item.get("pre_stop_seconds") or 0)
        if int(item.get("grace_seconds") or 0) <= stop:
            edits += text.put(pod_of(root, item), ["terminationGracePeriodSeconds"], stop + _GRACE)
        if item.get("revisions_kept") == 0 and (spec := root.get("spec")) is not None:
            edits += text.remove(spec, "revisionHistoryLimit")
        if not edits:
            raise Uneditable(f"how a {item['kind']} is rolled out is for people to choose", root.line)
        yield edit(item, edits, f"{item['name']} is replaced without a gap")

    yield from each(case, case.items, mend)


def monitored(case: Case) -> Iterator[Answer]:
    """A PodMonitor behind the manifest. The port is the one that is named for metrics, else it is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        told = item.get("metrics", {})
        if told.get("by"):
            raise Uneditable(f"{told['by']}: {told.get('problem')}", int(item["line"]))
        text, root = manifest_of(case, item)
        if root.flow:
            raise Uneditable("a JSON file holds one object only", root.line)
        port, slash, path = case.answer(f"metrics_port.{name}", "metrics_port").partition("/")
        port = port or _metrics_port(pod_of(root, item))
        if not port:
            yield Question(
                f"metrics_port.{name}", f"On which port, and path, does {name} show its metrics (such as http/metrics)?"
            )
            return
        endpoint: dict[str, Any] = {"portNumber": int(port)} if port.isdigit() else {"port": port}
        if slash and path != "metrics":
            endpoint["path"] = f"/{path}"
        metadata: dict[str, Any] = {"name": name}
        if (namespace := root.at("metadata", "namespace")) is not None:
            metadata["namespace"] = namespace.value
        document = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PodMonitor",
            "metadata": metadata,
            "spec": {"selector": {"matchLabels": selector_of(root)}, "podMetricsEndpoints": [endpoint]},
        }
        lines = "---\n" + yaml_writing.document(document, text.style(root))
        yield edit(item, [after_line(text.text, len(text.text), lines)], f"Prometheus collects the metrics of {name}")
        yield Note("A Prometheus that picks its monitors by a label (`podMonitorSelector`) needs it on the PodMonitor.")

    yield from each(case, case.items, mend)


def _metrics_port(pod: Node) -> str:
    """The name of a container's port that is called for metrics; "" where none is."""
    containers = pod.get("containers")
    for box in containers.items if containers is not None else ():
        ports = box.get("ports")
        for port in ports.items if ports is not None else ():
            name = port.get("name")
            if name is not None and re.search(r"metrics|prom", name.value):
                return name.value
    return ""


def autoscaler(case: Case) -> Iterator[Answer]:
    """A HorizontalPodAutoscaler behind the manifest; how far it may go is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        if "spec.replicas" in str(item.get("autoscaler_problem")):
            text, root = manifest_of(case, item)
            spec = root.get("spec")
            edits = text.remove(spec, "replicas") if spec is not None else []
            yield edit(item, edits, f"{name}: a fixed number of copies resets its autoscaler with every deployment")
            return
        if item.get("autoscaler"):
            raise Uneditable(f"its autoscaler: {item.get('autoscaler_problem')}", int(item["line"]))
        most = case.answer(f"max_replicas.{name}", "max_replicas")
        busy = case.answer(f"cpu_percent.{name}", "cpu_percent")
        if not most.isdigit():
            yield Question(f"max_replicas.{name}", f"Up to how many copies may {name} grow?")
        if not busy.isdigit():
            text_ = f"At which use of its requested CPU, in percent, does {name} get one more copy?"
            yield Question(f"cpu_percent.{name}", text_, ("70", "80"))
        if not most.isdigit() or not busy.isdigit():
            return
        text, root = manifest_of(case, item)
        if root.flow:
            raise Uneditable("a JSON file holds one object only", root.line)
        api = root.get("apiVersion")
        target = {"apiVersion": api.value if api is not None else "apps/v1", "kind": item["kind"], "name": name}
        goal = {"type": "Utilization", "averageUtilization": int(busy)}
        usage = {"type": "Resource", "resource": {"name": "cpu", "target": goal}}
        metadata: dict[str, Any] = {"name": name}
        if (namespace := root.at("metadata", "namespace")) is not None:
            metadata["namespace"] = namespace.value
        least = max(int(item.get("replicas_min") or 2), 2)
        document = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata,
            "spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": int(most), "metrics": [usage]},
        }
        lines = "---\n" + yaml_writing.document(document, text.style(root))
        spec = root.get("spec")
        fixed = text.remove(spec, "replicas") if spec is not None else []
        edits = [*fixed, after_line(text.text, len(text.text), lines)]
        yield edit(item, edits, f"{name} follows its load, up to {most}; a fixed number would reset it")

    yield from each(case, case.items, mend)
