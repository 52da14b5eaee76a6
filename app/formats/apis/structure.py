"""Where an OpenAPI document breaks its specification, as far as one document shows it.

Source: the OpenAPI specifications 3.0.4, 3.1.1 and 3.2, and Swagger 2.0. Schemas of bodies are left to their tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from app.formats.apis.operations import METHODS, walk
from app.formats.apis.references import line, pointed, resolved
from app.formats.model import Finding
from app.lib.documents import line_of

MOST_FINDINGS = 50
_ITEM = frozenset((*METHODS, "summary", "description", "servers", "parameters", "$ref", "additionalOperations"))
_STATUS = re.compile(r"[1-5](\d\d|XX)|default", re.IGNORECASE)
_VARIABLE = re.compile(r"\{([^{}/]{1,100})\}")
_MOST_VALUES = 200_000


def findings(root: Mapping[str, Any], *, swagger: bool, old: bool) -> tuple[Finding, ...]:
    """What is wrong, in order of line. `old`: OpenAPI 3.0, which still needs `paths` and answers."""
    found = chain(
        _info(root), _paths(root, old=old or swagger), _answers(root, old=old or swagger), _ids(root), _references(root)
    )
    return tuple(sorted(islice(found, MOST_FINDINGS), key=lambda one: one.line))


def _finding(container: Any, key: str | None, code: str, message: str) -> Finding:
    return Finding(line_of(container, key), f"openapi-{code}", message)


def _info(root: Mapping[str, Any]) -> Iterator[Finding]:
    info = root.get("info")
    if not isinstance(info, dict):
        yield _finding(root, "info", "info", "`info` with a title and a version is missing")
        return
    for key in ("title", "version"):
        value = info.get(key)
        if not isinstance(value, str | int | float) or not str(value).strip():
            yield _finding(info, key, "info", f"`info.{key}` is missing")


def _paths(root: Mapping[str, Any], *, old: bool) -> Iterator[Finding]:
    paths = root.get("paths")
    if paths is None and not old and (root.get("components") or root.get("webhooks")):
        return
    if not isinstance(paths, dict):
        yield _finding(root, "paths", "paths", "`paths` is missing")
        return
    if not paths and not (root.get("webhooks") and not old):
        yield _finding(root, "paths", "paths", "`paths` is empty: the document describes no operation")
    for path, written in paths.items():
        if not path.startswith("/") and not path.startswith("x-"):
            yield _finding(paths, path, "path", f"the path {path[:80]} must begin with a slash")
        item = resolved(written, root)
        for key in item if isinstance(item, dict) else ():
            if key not in _ITEM and not key.startswith("x-"):
                yield _finding(item, key, "path-item", f"{key[:40]} is no method and no part of a path item")
        if isinstance(item, dict):
            yield from _variables(path, paths, item, root)


def _variables(path: str, paths: Any, item: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Finding]:
    """Every `{name}` of a path is declared as a required parameter, by the item or by each operation."""
    wanted = set(_VARIABLE.findall(path))
    if not wanted:
        return
    shared = _declared(item.get("parameters"), root)
    for method in METHODS:
        operation = item.get(method)
        if not isinstance(operation, dict) or shared is None:
            continue
        own = _declared(operation.get("parameters"), root)
        for name in sorted(wanted - shared - own) if own is not None else ():
            message = f"{method.upper()} {path[:80]} declares no path parameter {name}"
            yield _finding(item, method, "parameter", message)


def _declared(parameters: Any, root: Mapping[str, Any]) -> set[str] | None:
    """Names of path parameters; None where one stands in another file."""
    names = set()
    for written in parameters if isinstance(parameters, list) else ():
        parameter = resolved(written, root)
        if parameter is None:
            return None
        if isinstance(parameter, dict) and parameter.get("in") == "path":
            names.add(str(parameter.get("name")))
    return names


def _answers(root: Mapping[str, Any], *, old: bool) -> Iterator[Finding]:
    for path, item, method, operation in walk(root):
        name = f"{method.upper()} {path[:80]}"
        responses = operation.get("responses")
        if not isinstance(responses, dict) or not [code for code in responses if not code.startswith("x-")]:
            if old or responses is not None:
                yield _finding(item, method, "responses", f"{name} declares no response")
            continue
        for code, written in responses.items():
            if code.startswith("x-"):
                continue
            if not _STATUS.fullmatch(code):
                yield _finding(responses, code, "status", f"{name}: {code[:20]} is no status code")
            answer = resolved(written, root)
            if isinstance(answer, dict) and not isinstance(answer.get("description", answer.get("summary")), str):
                yield _finding(responses, code, "description", f"{name}: the response {code} has no description")


def _ids(root: Mapping[str, Any]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    schemes = _schemes(root)
    for path, item, method, operation in walk(root):
        name, own = f"{method.upper()} {path[:80]}", operation.get("operationId")
        if isinstance(own, str):
            if own in seen:
                yield _finding(item, method, "operation-id", f"{name}: operationId {own[:80]} is {seen[own]}'s already")
            seen.setdefault(own, name)
        yield from _requirements(operation, schemes, name)
    yield from _requirements(root, schemes, "the document")


def _schemes(root: Mapping[str, Any]) -> frozenset[str]:
    components = root.get("components")
    held = components.get("securitySchemes") if isinstance(components, dict) else root.get("securityDefinitions")
    return frozenset(held) if isinstance(held, dict) else frozenset()


def _requirements(holder: Mapping[str, Any], schemes: frozenset[str], name: str) -> Iterator[Finding]:
    required = holder.get("security")
    for one in required if isinstance(required, list) else ():
        for scheme in one if isinstance(one, dict) else ():
            if scheme not in schemes:
                yield _finding(holder, "security", "security", f"{name} requires {scheme[:80]}, which is not defined")


def _references(root: Any) -> Iterator[Finding]:
    """Local references that point nowhere. Examples may hold anything and are left alone."""
    stack, seen, looked = [root], set(), 0
    while stack and looked < _MOST_VALUES:
        value, looked = stack.pop(), looked + 1
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list):
            stack.extend(value)
            continue
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#") and pointed(reference, root) is None:
            yield Finding(line(value, "$ref"), "openapi-reference", f"{reference[:120]} points to nothing")
        stack.extend(inner for key, inner in value.items() if key not in ("example", "examples", "default", "enum"))
