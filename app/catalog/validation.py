"""Backstage's rules for an entity, each broken one told with its line and one clear sentence.

Source: Backstage catalog-model (kind validators, field formats); docs “Descriptor Format of Catalog Entities”.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.catalog.model import EntityRef
from app.lib.documents import line_of
from app.lib.problems import Problem

_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_NAMESPACE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*")
_DNS = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*")
_VERSION = re.compile(r"[a-z0-9A-Z]{1,63}")
_TAG = re.compile(r"[a-z0-9:+#.]+(?:-[a-z0-9:+#.]+)*")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "component": ("type", "lifecycle", "owner"),
    "api": ("type", "lifecycle", "owner", "definition"),
    "resource": ("type", "owner"),
    "system": ("owner",),
    "domain": ("owner",),
    "group": ("type", "children"),
    "template": ("type", "steps"),
}
REFERENCES: Mapping[str, tuple[str, bool]] = {
    "owner": ("Group", False),
    "system": ("System", False),
    "domain": ("Domain", False),
    "subcomponentOf": ("Component", False),
    "subdomainOf": ("Domain", False),
    "parent": ("Group", False),
    "providesApis": ("API", True),
    "consumesApis": ("API", True),
    "dependsOn": ("", True),
    "dependencyOf": ("", True),
    "children": ("Group", True),
    "members": ("User", True),
    "memberOf": ("Group", True),
}
"""spec field → (default kind, is a list). No default kind: the reference must name one."""


def problems_of(document: Mapping[str, Any], path: str) -> tuple[Problem, ...]:
    """Every broken rule of one entity document."""
    return tuple(Problem(path, line, code, message) for line, code, message in _broken(document))


Broken = tuple[int, str, str]


def _broken(document: Mapping[str, Any]) -> Iterator[Broken]:
    yield from _envelope(document)
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        yield line_of(document, "metadata"), "entity-metadata", "metadata must be a mapping that holds at least a name"
        return
    yield from _identity(metadata)
    yield from _labels(metadata)
    yield from _tags_and_links(metadata)
    yield from _spec(document)


def _envelope(document: Mapping[str, Any]) -> Iterator[Broken]:
    prefix, slash, version = str(document.get("apiVersion", "")).rpartition("/")
    if not _VERSION.fullmatch(version) or (slash and not (_DNS.fullmatch(prefix) and len(prefix) <= 253)):
        yield line_of(document, "apiVersion"), "entity-api-version", "apiVersion must look like backstage.io/v1alpha1"
    kind = document.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or len(kind) > 63:
        yield line_of(document, "kind"), "entity-kind", "kind must be a word of letters and digits, such as Component"


def _identity(metadata: Mapping[str, Any]) -> Iterator[Broken]:
    name = metadata.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 63:
        told = f"“{name}”" if isinstance(name, str) else "the name"
        message = (
            f"{told} must be text of 1 to 63 letters, digits, -, _ and ., beginning and ending with a letter or digit"
        )
        yield line_of(metadata, "name"), "entity-name", message
    namespace = metadata.get("namespace", "default")
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace) or len(namespace) > 63:
        message = f"namespace “{namespace}” must be 1 to 63 lower-case letters, digits and -"
        yield line_of(metadata, "namespace"), "entity-namespace", message
    for key in ("title", "description"):
        if not isinstance(metadata.get(key, ""), str):
            yield line_of(metadata, key), f"entity-{key}", f"{key} must be text; put it in quotes"


def _labels(metadata: Mapping[str, Any]) -> Iterator[Broken]:
    for field, what in (("labels", "label"), ("annotations", "annotation")):
        values = metadata.get(field)
        if values is None:
            continue
        if not isinstance(values, dict):
            yield line_of(metadata, field), f"entity-{field}", f"{field} must be a mapping of texts"
            continue
        for key, value in values.items():
            line = line_of(values, key)
            prefix, slash, name = key.rpartition("/")
            if not _NAME.fullmatch(name) or len(name) > 63 or (slash and not _DNS.fullmatch(prefix)):
                yield line, f"{what}-key", f"{what} key “{key}” must look like example.org/name"
            if not isinstance(value, str):
                yield line, f"{what}-value", f"{what} {key} must be text; put its value in quotes"
            elif field == "labels" and value and (not _NAME.fullmatch(value) or len(value) > 63):
                yield line, "label-value", f"label {key} must be 1 to 63 letters, digits, -, _ and ."


def _tags_and_links(metadata: Mapping[str, Any]) -> Iterator[Broken]:
    tags = metadata.get("tags")
    if tags is not None and not isinstance(tags, list):
        yield line_of(metadata, "tags"), "entity-tags", "tags must be a list of texts"
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        if not isinstance(tag, str) or not _TAG.fullmatch(tag) or len(tag) > 63:
            message = f"tag “{tag}” must be lower-case letters, digits, : + # and -, at most 63"
            yield line_of(tags, index), "entity-tag", message
    links = metadata.get("links")
    if links is not None and not isinstance(links, list):
        yield line_of(metadata, "links"), "entity-links", "links must be a list of mappings with a url"
    for index, link in enumerate(links if isinstance(links, list) else ()):
        if not isinstance(link, dict) or not isinstance(link.get("url"), str) or not link["url"]:
            yield line_of(links, index), "entity-link", "a link needs a url"


def _spec(document: Mapping[str, Any]) -> Iterator[Broken]:
    kind = str(document.get("kind", "")).lower()
    spec = document.get("spec")
    if spec is None and kind not in REQUIRED:
        return
    if not isinstance(spec, dict):
        yield line_of(document, "spec"), "entity-spec", "spec must be a mapping"
        return
    for key in REQUIRED.get(kind, ()):
        if not (key == "definition" and _is_remote(spec)):
            yield from _required(spec, key, kind)
    if kind == "user" and "memberOf" not in spec:
        yield line_of(document, "spec"), "spec-member-of", "a User needs spec.memberOf (it may be an empty list)"
    namespace = document.get("metadata", {}).get("namespace", "default")
    for key, (default, many) in REFERENCES.items():
        if key in spec and not (kind == "template" and key != "owner"):
            yield from _reference(spec, key, default, many, str(namespace))


def _is_remote(spec: Mapping[str, Any]) -> bool:
    """An API of the type mcp-server says where it is served instead of carrying a definition."""
    remotes = spec.get("remotes")
    return spec.get("type") == "mcp-server" and isinstance(remotes, list) and bool(remotes)


def _required(spec: Mapping[str, Any], key: str, kind: str) -> Iterator[Broken]:
    value = spec.get(key)
    if key in ("children", "steps"):
        if not isinstance(value, list):
            yield line_of(spec, key), f"spec-{key}", f"a {kind.capitalize()} needs spec.{key}, a list (it may be empty)"
    elif (
        key == "definition"
        and isinstance(value, dict)
        and set(value) & {"$text", "$json", "$yaml", "$openapi", "$asyncapi"}
    ):
        return
    elif not isinstance(value, str) or not value.strip():
        name = kind.upper() if kind == "api" else kind.capitalize()
        yield line_of(spec, key), f"spec-{key}", f"a {name} needs spec.{key}, a text that is not empty"


def _reference(spec: Mapping[str, Any], key: str, default: str, many: bool, namespace: str) -> Iterator[Broken]:
    value = spec[key]
    if many and not isinstance(value, list):
        yield line_of(spec, key), f"spec-{key.lower()}", f"spec.{key} must be a list of entity references"
        return
    for index, text in enumerate(value if many else [value]):
        line = line_of(value, index) if many else line_of(spec, key)
        if not isinstance(text, str) or not text:
            if many or text is not None:
                yield line, "entity-ref", f"spec.{key} must hold entity references as text"
            continue
        try:
            EntityRef.parse(text, kind=default or None, namespace=namespace)
        except ValueError as error:
            yield line, "entity-ref", f"spec.{key}: {error}"
