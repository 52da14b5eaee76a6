"""Fixes of Kubernetes manifests: copies, budgets, spread, rollout, probes, resources, images, rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.workloads.model import Workload
from app.lib import yaml_writing
from app.lib.splices import Splice, after_line
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation.model import Answer, Case, Edit, Item, Question, each

_POD = {"CronJob": ("spec", "jobTemplate", "spec", "template", "spec"), "Pod": ("spec",)}
_TEMPLATE = ("spec", "template", "spec")
_STORES = re.compile(
    r"(^|/)(postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|valkey|rabbitmq|kafka|zookeeper|etcd|elasticsearch"
    r"|opensearch|cassandra|minio|nats|consul|vault|influxdb|clickhouse-server|memcached)\b"
)
_GRACE = 30
_LAX = 6


def replicas(case: Case) -> Iterator[Answer]:
    """As many copies as policy asks, in the manifest or as its autoscaler's minimum."""
    wanted = int(case.params.get("min_replicas", 2))

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        workload = _workload(case, item)
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
        text, root = _manifest(case, item)
        yield _edit(item, text.put(root, ["spec", "replicas"], wanted), why)

    yield from each(case, case.items, mend)


def _keeps_data(workload: Workload) -> bool:
    """Whether one of its images is a data store, whose copies are no copies until they know each other."""
    return any(_STORES.search(container.image) for container in workload.containers)


def budget(case: Case) -> Iterator[Answer]:
    """A PodDisruptionBudget behind the manifest that it is for; one that protects nothing is corrected."""

    def mend(item: Item) -> Iterator[Answer]:
        found = _workload(case, item).budget
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
        text, root = _manifest(case, item)
        if root.flow:
            raise Uneditable("a JSON file holds one object only", root.line)
        metadata: dict[str, Any] = {"name": item["name"]}
        if (namespace := root.at("metadata", "namespace")) is not None:
            metadata["namespace"] = namespace.value
        document = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata,
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _selector(root)}},
        }
        lines = "---\n" + yaml_writing.document(document, text.style(root))
        yield _edit(item, [after_line(text.text, len(text.text), lines)], why)

    yield from each(case, case.items, mend)


def spread(case: Case) -> Iterator[Answer]:
    """A topology spread constraint over zones (or nodes, where policy asks no more)."""
    key = "topology.kubernetes.io/zone" if case.params.get("zones_required") else "kubernetes.io/hostname"

    def mend(item: Item) -> Iterator[Answer]:
        text, root = _manifest(case, item)
        pod = _pod(root, item)
        constraint = {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": _selector(root)},
        }
        there = pod.get("topologySpreadConstraints")
        if there is None:
            edits = text.put(pod, ["topologySpreadConstraints"], [constraint])
        else:
            edits = text.append(there, constraint)
        yield _edit(item, edits, f"copies of {item['name']} are kept apart, and still start where they can't be")

    yield from each(case, case.items, mend)


def rollout(case: Case) -> Iterator[Answer]:
    """A rolling update that never stops a copy before its successor answers, with time to finish."""

    def mend(item: Item) -> Iterator[Answer]:
        text, root = _manifest(case, item)
        edits: list[Splice] = []
        if item["kind"] == "Deployment" and not (item.get("strategy") == "rolling" and item.get("keeps_serving")):
            strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
            edits += text.put(root, ["spec", "strategy"], strategy)
        stop = int(item.get("pre_stop_seconds") or 0)
        if int(item.get("grace_seconds") or 0) <= stop:
            edits += text.put(_pod(root, item), ["terminationGracePeriodSeconds"], stop + _GRACE)
        if not edits:
            raise Uneditable(f"how a {item['kind']} is rolled out is for people to choose", root.line)
        yield _edit(item, edits, f"{item['name']} is replaced without a gap")

    yield from each(case, case.items, mend)


def probes(case: Case) -> Iterator[Answer]:
    """Probes from what is known of one another; a path that nobody named is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = _container(case, item)
        name = str(item["name"])
        if problem := item.get("probe_problem"):
            raise Uneditable(str(problem), box.line)
        ready, live = box.get("readinessProbe"), box.get("livenessProbe")
        edits: list[Splice] = []
        if ready is None:
            made = _probe(case, box, f"readiness.{name.rpartition('/')[2]}", "readiness")
            if made is None:
                yield Question(*_asked(name, "readiness", "whether it can answer now"))
            else:
                edits += text.put(box, ["readinessProbe"], made)
        if live is None and case.params.get("liveness_required", True):
            made = _probe(case, box, f"liveness.{name.rpartition('/')[2]}", "liveness")
            if made is None and ready is not None:
                made = {**_plain(ready), "failureThreshold": _patience(ready)}
            if made is None:
                yield Question(*_asked(name, "liveness", "only whether the process works"))
            else:
                edits += text.put(box, ["livenessProbe"], made)
        elif live is not None and ready is not None and item.get("probes_differ") is False:
            edits += text.put(live, ["failureThreshold"], _patience(ready))
        if edits:
            yield _edit(item, edits, f"{name}: a slow copy leaves the service before a dead one is restarted")

    yield from each(case, case.items, mend)


def _asked(name: str, kind: str, what: str) -> tuple[str, str]:
    key = f"{kind}.{name.rpartition('/')[2]}"
    return key, f"Which path of {name} tells {what} (such as /{kind[:5]}z or :8080/{kind[:5]}z)?"


def _probe(case: Case, box: Node, *keys: str) -> Mapping[str, Any] | None:
    """`/path`, `port/path` or `:port/path` as a probe; None where nothing was said, or no port is known."""
    said = case.answer(*keys).lstrip(":")
    port, slash, path = said.partition("/")
    first = box.at("ports", 0)
    known = first.get("name") or first.get("containerPort") if first is not None else None
    asked: int | str = int(port) if port.isdigit() else port or (_number(known.value) if known is not None else "")
    if not slash or not asked:
        return None
    return {"httpGet": {"path": f"/{path}", "port": asked}}


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _plain(node: Node) -> dict[str, Any]:
    """A probe as plain data, so that it can be written again."""
    return {key.value: _plain(value) if value.kind == "mapping" else _scalar(value) for key, value in node.pairs}


def _scalar(node: Node) -> Any:
    if node.kind == "sequence":
        return [_plain(one) if one.kind == "mapping" else _scalar(one) for one in node.items]
    return int(node.value) if not node.quote and node.value.isdigit() else node.value


def _patience(ready: Node) -> int:
    """More failures than readiness takes, whatever the periods: Kubernetes' default is three."""
    threshold = ready.get("failureThreshold")
    return max(_LAX, 2 * int(threshold.value) if threshold is not None and threshold.value.isdigit() else 0)


def resources(case: Case) -> Iterator[Answer]:
    """Requests from limits, as Kubernetes itself takes them; amounts that nobody wrote are asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = _container(case, item)
        name = str(item["name"]).rpartition("/")[2]
        edits: list[Splice] = []
        wanted = [("cpu", "requests", "cpu_request", "limits"), ("memory", "requests", "memory_request", "limits")]
        wanted.append(("memory", "limits", "memory_limit", "requests"))
        if case.params.get("cpu_limit_required"):
            wanted.append(("cpu", "limits", "cpu_limit", "requests"))
        found: dict[str, dict[str, str]] = {}
        for what, part, field, other in wanted:
            if item.get(field):
                continue
            amount = case.answer(f"{what}.{name}", what) or _amount(box, other, what, part, case)
            if amount:
                found.setdefault(part, {})[what] = amount
            else:
                text_ = f"How much {what} does {item['name']} need (such as {'100m' if what == 'cpu' else '256Mi'})?"
                yield Question(f"{what}.{name}", text_)
        if found:
            edits += text.put(box, ["resources"], found)
        elif (
            case.params.get("memory_equal_required") and item.get("memory_equal") is False and item.get("memory_limit")
        ):
            edits += text.put(box, ["resources", "requests", "memory"], str(item["memory_limit"]))
        if edits:
            yield _edit(item, edits, f"{item['name']} says what it needs")

    yield from each(case, case.items, mend)


def _amount(box: Node, other: str, what: str, part: str, case: Case) -> str:
    """What the container's other half says: a limit is the request by Kubernetes' own default; the reverse only where
    policy wants both the same."""
    node = box.at("resources", other, what)
    known = node.value if node is not None else ""
    return known if part == "requests" or case.params.get("memory_equal_required") else ""


def images(case: Case) -> Iterator[Answer]:
    """A version or digest: which one runs, only the team knows."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = _container(case, item)
        name = str(item["name"]).rpartition("/")[2]
        said, node = case.answer(f"image.{name}"), box.get("image")
        if node is None or not said:
            yield Question(f"image.{name}", f"Which version or digest of {item['image']} does {item['name']} run?")
            return
        yield _edit(item, text.replace(node, _image(node.value, said)), f"{item['name']} names what it runs")

    yield from each(case, case.items, mend)


def _image(written: str, said: str) -> str:
    """A tag or a digest in place of the one that is written; a whole image as it is."""
    if "/" in said or (":" in said and not said.startswith("sha256:")):
        return said
    head, slash, last = written.split("@")[0].rpartition("/")
    return f"{head}{slash}{last.split(':')[0]}{'@' if said.startswith('sha256:') else ':'}{said}"


def autoscaler(case: Case) -> Iterator[Answer]:
    """A HorizontalPodAutoscaler behind the manifest; how far it may go is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        if "spec.replicas" in str(item.get("autoscaler_problem")):
            text, root = _manifest(case, item)
            spec = root.get("spec")
            edits = text.remove(spec, "replicas") if spec is not None else []
            yield _edit(item, edits, f"{name}: a fixed number of copies resets its autoscaler with every deployment")
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
        text, root = _manifest(case, item)
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
        yield _edit(item, edits, f"{name} follows its load, up to {most}; a fixed number would reset it")

    yield from each(case, case.items, mend)


def rights(case: Case) -> Iterator[Answer]:
    """No way to more rights; that an image runs without root is asked, since one that can't would not start."""

    def mend(item: Item) -> Iterator[Answer]:
        text, box = _container(case, item)
        name = str(item["name"]).rpartition("/")[2]
        if item.get("privileged"):
            raise Uneditable("it is privileged: whether it must be is for people to say", box.line)
        wanted: dict[str, Any] = {}
        if item.get("escalates"):
            wanted["allowPrivilegeEscalation"] = False
        if not item.get("non_root"):
            if case.answer(f"non_root.{name}", "non_root") == "yes":
                wanted["runAsNonRoot"] = True
            else:
                asked = f"Does the image of {item['name']} run as another user than root (else it would not start)?"
                yield Question(f"non_root.{name}", asked, ("yes",))
        if case.params.get("read_only_root_required") and not item.get("read_only_root"):
            if case.answer(f"read_only.{name}", "read_only") == "yes":
                wanted["readOnlyRootFilesystem"] = True
            else:
                asked = f"Does {item['name']} write nowhere but into volumes?"
                yield Question(f"read_only.{name}", asked, ("yes",))
        if wanted:
            yield _edit(item, text.put(box, ["securityContext"], wanted), f"{item['name']} can't gain more rights")

    yield from each(case, case.items, mend)


def _workload(case: Case, item: Item) -> Workload:
    for found in case.world.objects(case.entity.ref, Workload.kind):
        thing = found.object
        here = (found.path, thing.line, getattr(thing, "environment", ""))
        if isinstance(thing, Workload) and here == (item["path"], item["line"], item.get("environment", "")):
            return thing
    raise Uneditable("its manifest is not at hand", int(item["line"]))


def _manifest(case: Case, item: Item) -> tuple[YamlText, Node]:
    text = case.yaml(str(item["path"]))
    root = text.document_at(int(item["line"]))
    name = root.at("metadata", "name")
    if name is None or root.get("kind") is None:
        raise Uneditable("no object of its own stands there", int(item["line"]))
    return text, root


def _container(case: Case, item: Item) -> tuple[YamlText, Node]:
    text = case.yaml(str(item["path"]))
    box = text.mapping_at(int(item["line"]))
    if box.get("name") is None or box.get("containers") is not None:
        raise Uneditable("its container does not stand there by itself", int(item["line"]))
    return text, box


def _pod(root: Node, item: Item) -> Node:
    pod = root.at(*_POD.get(str(item["kind"]), _TEMPLATE))
    if pod is None or pod.kind != "mapping":
        raise Uneditable("its pod template stands elsewhere", root.line)
    return pod


def _selector(root: Node) -> dict[str, str]:
    """The labels by which the workload itself picks its pods."""
    labels = root.at("spec", "selector", "matchLabels") or root.at("spec", "template", "metadata", "labels")
    if labels is None or not labels.pairs:
        raise Uneditable("its pods have no labels to be picked by", root.line)
    return {key.value: value.value for key, value in labels.pairs if value.kind == "scalar"}


def _edit(item: Item, splices: list[Splice], why: str) -> Edit:
    return Edit(str(item["path"]), tuple(splices), why)
