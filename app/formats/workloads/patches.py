"""Kustomize's patches, applied to plain JSON: strategic merge for what Kubernetes merges by key, and JSON 6902.

Source: the Kubernetes API's `patchMergeKey` of pods; RFC 6902. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "ports": "containerPort",
    "topologySpreadConstraints": "topologyKey",
}
"""Lists of a pod that merge item by item; all others are replaced whole."""
_DEEPEST = 40


def merged(value: Any, patch: Any, depth: int = 0) -> Any:
    """A strategic merge: mappings merge, null deletes a key, lists merge by their key or are replaced."""
    if not isinstance(value, dict) or not isinstance(patch, dict) or depth > _DEEPEST:
        return patch
    if patch.get("$patch") == "replace":
        return {key: inner for key, inner in patch.items() if key != "$patch"}
    made = dict(value)
    for key, inner in patch.items():
        if key in ("$patch", "line"):
            continue
        if inner is None or (isinstance(inner, dict) and inner.get("$patch") == "delete"):
            made.pop(key, None)
        elif key in _MERGE_KEYS and isinstance(inner, list) and isinstance(made.get(key), list):
            made[key] = _merged_list(made[key], inner, _MERGE_KEYS[key], depth)
        else:
            made[key] = merged(made.get(key), inner, depth + 1)
    return made


def _merged_list(items: list[Any], patch: list[Any], key: str, depth: int) -> list[Any]:
    made = list(items)
    for change in patch:
        name = change.get(key) if isinstance(change, dict) else None
        at = next((n for n, item in enumerate(made) if isinstance(item, dict) and item.get(key) == name), None)
        if name is None or at is None:
            made.append(change)
        elif change.get("$patch") == "delete":
            del made[at]
        else:
            made[at] = merged(made[at], change, depth + 1)
    return made


def operated(value: Any, operations: list[Mapping[str, Any]]) -> Any:
    """Add, replace and remove of a JSON 6902 patch. Other operations, and paths that are not there, change nothing."""
    for one in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in str(one.get("path", "")).split("/")[1:]]
        if path and len(path) <= _DEEPEST and one.get("op") in ("add", "replace", "remove"):
            value = _set(value, path, str(one["op"]), one.get("value"))
    return value


def _set(value: Any, path: list[str], op: str, new: Any) -> Any:
    name, rest = path[0], path[1:]
    if isinstance(value, dict):
        if rest:
            return {**value, name: _set(value[name], rest, op, new)} if name in value else value
        made = {key: inner for key, inner in value.items() if key != name}
        return made if op == "remove" else {**made, name: new}
    if isinstance(value, list):
        return _set_item(value, name, rest, op, new)
    return value


def _set_item(items: list[Any], name: str, rest: list[str], op: str, new: Any) -> list[Any]:
    if name == "-":
        return [*items, new] if op == "add" and not rest else items
    if not name.isdecimal() or int(name) >= len(items) + (op == "add" and not rest):
        return items
    at = int(name)
    if rest:
        return [*items[:at], _set(items[at], rest, op, new), *items[at + 1 :]]
    return [*items[:at], *([] if op == "remove" else [new]), *items[at + (op != "add") :]]
