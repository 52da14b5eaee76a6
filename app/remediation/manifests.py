"""Where a workload's fix goes: its manifest, pod and container in the file that declares it."""

from __future__ import annotations

from app.formats.workloads.model import SEPARATOR, Workload
from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation.model import Case, Edit, Item

_POD = {"CronJob": ("spec", "jobTemplate", "spec", "template", "spec"), "Pod": ("spec",)}
_TEMPLATE = ("spec", "template", "spec")


def workload_of(case: Case, item: Item) -> Workload:
    for found in case.world.objects(case.entity.ref, Workload.kind):
        thing = found.object
        if not isinstance(thing, Workload) or (found.path, thing.line) != (item["path"], item["line"]):
            continue
        if thing.environment in str(item.get("environment", "")).split(SEPARATOR):
            return thing
    raise Uneditable("its manifest is not at hand", int(item["line"]))


def manifest_of(case: Case, item: Item) -> tuple[YamlText, Node]:
    text = case.yaml(str(item["path"]))
    root = text.document_at(int(item["line"]))
    name = root.at("metadata", "name")
    if name is None or root.get("kind") is None:
        raise Uneditable("no object of its own stands there", int(item["line"]))
    return text, root


def container_of(case: Case, item: Item) -> tuple[YamlText, Node]:
    text = case.yaml(str(item["path"]))
    box = text.mapping_at(int(item["line"]))
    if box.get("name") is None or box.get("containers") is not None:
        raise Uneditable("its container does not stand there by itself", int(item["line"]))
    return text, box


def pod_of(root: Node, item: Item) -> Node:
    pod = root.at(*_POD.get(str(item["kind"]), _TEMPLATE))
    if pod is None or pod.kind != "mapping":
        raise Uneditable("its pod template stands elsewhere", root.line)
    return pod


def selector_of(root: Node) -> dict[str, str]:
    """The labels by which the workload itself picks its pods."""
    labels = root.at("spec", "selector", "matchLabels") or root.at("spec", "template", "metadata", "labels")
    if labels is None or not labels.pairs:
        raise Uneditable("its pods have no labels to be picked by", root.line)
    return {key.value: value.value for key, value in labels.pairs if value.kind == "scalar"}


def edit(item: Item, splices: list[Splice], why: str) -> Edit:
    return Edit(str(item["path"]), tuple(splices), why)
