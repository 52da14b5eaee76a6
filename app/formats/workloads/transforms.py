"""What an overlay does to objects: patches find their targets, labels, names, images and replicas are changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.formats.workloads import patches
from app.formats.workloads.model import Kustomization
from app.formats.workloads.resource import Resource

_SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet", "Rollout")
_CLUSTER_WIDE = ("Namespace", "ClusterPolicy")
_LONGEST_NAME = 253


def patched(resources: Iterable[Resource], merge: Mapping[str, Any], target: Mapping[str, str]) -> list[Resource]:
    """A strategic merge patch applied to what it targets: by `target`, or by its own kind and name."""
    wanted = target or _identity(merge)
    change = {key: value for key, value in merge.items() if key in ("metadata", "spec", "$patch")}
    change["metadata"] = _without_name(change.get("metadata"))
    deletes = merge.get("$patch") == "delete"
    found = []
    for one in resources:
        if not _is_target(one, wanted):
            found.append(one)
        elif not deletes:
            found.append(replace(one, body=patches.merged(one.body, change)))
    return found


def operated(
    resources: Iterable[Resource], operations: list[Mapping[str, Any]], target: Mapping[str, str]
) -> list[Resource]:
    """A JSON 6902 patch; without a target it is for nothing."""
    return [
        replace(one, body=patches.operated(one.body, operations)) if target and _is_target(one, target) else one
        for one in resources
    ]


def transformed(resource: Resource, one: Kustomization) -> Resource:
    """Namespace, name, labels, annotations, replicas and images, in kustomize's order."""
    metadata = dict(resource.metadata)
    if resource.kind not in _CLUSTER_WIDE:
        if one.namespace:
            metadata["namespace"] = one.namespace
        metadata["name"] = f"{one.prefix}{resource.name}{one.suffix}"
    for key, extra in (("labels", one.labels), ("annotations", one.annotations)):
        if extra:
            metadata[key] = {**_mapping(metadata.get(key)), **extra}
    body = {**resource.body, "metadata": metadata}
    if one.selectors or one.templates:
        body["spec"] = _labelled(resource.spec, resource.kind, one)
    count = one.replicas.get(resource.original)
    if count is not None and resource.kind in _SCALABLE:
        body["spec"] = {**_mapping(body.get("spec")), "replicas": count}
    if one.images:
        body["spec"] = _with_images(body.get("spec"), one.images)
    if one.prefix or one.suffix:
        body["spec"] = _retargeted(body.get("spec"), one)
    return replace(resource, body=body)


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _identity(patch: Mapping[str, Any]) -> dict[str, str]:
    metadata = _mapping(patch.get("metadata"))
    return {"kind": str(patch.get("kind", "")), "name": f"^{re.escape(str(metadata.get('name', '')))}$"}


def _without_name(metadata: Any) -> dict[str, Any]:
    return {key: value for key, value in _mapping(metadata).items() if key not in ("name", "namespace")}


def _is_target(resource: Resource, target: Mapping[str, str]) -> bool:
    """Kind and name as the target says; names are the ones in files. A label selector of equalities is followed."""
    if target.get("kind") and target["kind"] != resource.kind:
        return False
    name = target.get("name", "")
    if name and not any(_matches(name, one) for one in (resource.original, resource.name)):
        return False
    selector = target.get("labelSelector", "")
    labels = _mapping(resource.metadata.get("labels"))
    pairs = (part.replace("==", "=").partition("=") for part in selector.split(",") if part.strip())
    return all(labels.get(key.strip()) == value.strip() for key, _, value in pairs)


def _matches(pattern: str, name: str) -> bool:
    """A target's name is a regular expression; one that is more than letters and `.*` is compared as text."""
    bare = pattern.removeprefix("^").removesuffix("$")
    plain = re.sub(r"\\(.)", r"\1", bare)
    if plain == name:
        return True
    if not re.fullmatch(r"[\w.*|-]{1,200}", bare, re.ASCII) or bare.count("*") > 2 or len(name) > _LONGEST_NAME:
        return False
    try:
        return re.fullmatch(bare, name) is not None
    except re.error:
        return False


def _labelled(spec: Mapping[str, Any], kind: str, one: Kustomization) -> dict[str, Any]:
    """Selectors and pod templates with the labels that the overlay gives them."""
    made = dict(spec)
    if kind == "Service" and "selector" in made:
        made["selector"] = {**_mapping(made["selector"]), **one.selectors}
    elif isinstance(made.get("selector"), dict) and one.selectors:
        selector = made["selector"]
        made["selector"] = {**selector, "matchLabels": {**_mapping(selector.get("matchLabels")), **one.selectors}}
    if isinstance(made.get("template"), dict) and one.templates:
        template = made["template"]
        metadata = _mapping(template.get("metadata"))
        metadata["labels"] = {**_mapping(metadata.get("labels")), **one.templates}
        made["template"] = {**template, "metadata": metadata}
    return made


def _with_images(spec: Any, images: Iterable[Mapping[str, str]]) -> Any:
    """`images:` applied to every container below `spec`."""
    if isinstance(spec, dict):
        return {
            key: [_with_image(item, images) for item in inner]
            if key in ("containers", "initContainers") and isinstance(inner, list)
            else _with_images(inner, images)
            if key in ("template", "spec", "jobTemplate")
            else inner
            for key, inner in spec.items()
        }
    return spec


def _with_image(container: Any, images: Iterable[Mapping[str, str]]) -> Any:
    image = container.get("image") if isinstance(container, dict) else None
    if not isinstance(image, str):
        return container
    name, digest = image.partition("@")[0], image.partition("@")[2]
    head, colon, tail = name.rpartition(":")
    name, tag = (head, tail) if colon and "/" not in tail else (name, "")
    for change in images:
        if change.get("name") == name:
            tag, digest = change.get("newTag", "" if change.get("digest") else tag), change.get("digest", digest)
            name = change.get("newName") or name
            return {**container, "image": name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")}
    return container


def _retargeted(spec: Any, one: Kustomization) -> Any:
    """The reference of an autoscaler follows the name of what it scales."""
    target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
    name = target.get("name") if isinstance(target, dict) else None
    if not isinstance(target, dict) or not isinstance(name, str):
        return spec
    return {**spec, "scaleTargetRef": {**target, "name": f"{one.prefix}{name}{one.suffix}"}}
