"""Which files are worth reading, and what one file says: the explicit table of readers. Never raises."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from app.errors import DocumentError
from app.formats import (
    alertmanager,
    code_owners,
    dockerfile,
    helm_values,
    kubernetes,
    openslo,
    pipelines,
    prometheus,
    prometheus_groups,
    pyrra,
    rule_tests,
    runbooks,
    slo_generator,
    sloth,
)
from app.formats.apis import kong, openapi, tyk
from app.formats.apis.model import ApiDefinition
from app.formats.loading import Loaded, holds_definitions, is_chart_template, is_generated, load_documents
from app.formats.model import AlertRule, Finding, Object, Parsed, Unreadable
from app.formats.terraform import files as terraform
from app.formats.workloads import charts, kustomizations, manifests, tagging
from app.formats.workloads.model import Manifest
from app.lib import documents
from app.lib.documents import Document

VERSION = "22"
"""Raised whenever any reader's output changes: part of the cache's key."""

GENERATED = "; the file says that it is generated: mend it at its source"
SKELETON = "is a template skeleton, filled in when a new project is made from it"


class DocumentReader(Protocol):
    """A reader of one format: by content, one YAML or JSON document at a time."""

    NAME: str

    def recognises(self, document: Document) -> bool: ...

    def read(self, document: Document) -> Parsed: ...


DOCUMENT_READERS: tuple[DocumentReader, ...] = (
    rule_tests,
    prometheus,
    alertmanager,
    openslo,
    sloth,
    pyrra,
    slo_generator,
    manifests,
    charts,
    tagging,
    openapi,
    tyk,
    kong,
)
_YAML = (".yaml", ".yml", ".json", ".rules")
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml")
_MARKDOWN = (".md", ".markdown")
_JSONNET = (".jsonnet", ".libsonnet")
_NOISE = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|composer\.lock|pnpm-lock\.yaml|yarn\.lock|tsconfig[^/]*\.json"
    r"|node_modules/.*)$"
)
_JSONNET_ALERT = re.compile(rb"\balert['\"]?\s*:\s*(?:'[^'\n]|\"[^\"\n]|\|\|\|)")
_INCLUDED = re.compile(rb"\.Files\.(?:Glob|Get|Lines)\s*\(?\s*(?:printf\s+)?\"[^\"\n]+\.(?:ya?ml|json|rules)\"")
_PLACEHOLDER = "${{"


def wants(path: str) -> bool:
    """Whether a file may say something to us, by its name alone."""
    return bool(name_class(path)) and _NOISE.search(path) is None


def name_class(path: str) -> str:
    """What of a path changes the reading of its bytes, for a cache's key: "" where the file isn't wanted."""
    lowered = posixpath.basename(path).lower()
    if system := pipelines.system_of(path):
        return f"pipeline-{system}"
    if lowered in _KUSTOMIZATION:
        return "kustomization"
    if lowered.endswith(_YAML):
        kind = "json" if lowered.endswith(".json") else "values" if helm_values.is_values_file(path) else "yaml"
        return f"{kind}-template" if is_chart_template(path) else kind
    if lowered.endswith(_MARKDOWN):
        return "markdown"
    if lowered.endswith(_JSONNET):
        return "jsonnet"
    if terraform.wants(lowered):
        return "tfvars" if lowered.endswith(".tfvars") else "terraform"
    if dockerfile.wants(lowered):
        return "dockerfile"
    return "codeowners" if path in code_owners.PLACES else ""


def read(path: str, data: bytes) -> Parsed:
    """All that one file says: objects, findings, and what is there but can't be read."""
    kind = name_class(path)
    if kind == "jsonnet":
        return _jsonnet(data)
    if kind == "markdown":
        return runbooks.read(_text(data))
    if kind == "codeowners":
        return _code_owners(data)
    if kind == "dockerfile":
        return dockerfile.read(_text(data))
    if kind in ("terraform", "tfvars"):
        return terraform.read(_text(data), values=kind == "tfvars")
    if kind.startswith("pipeline-") and not path.endswith(_YAML):
        return Parsed(objects=tuple(pipelines.read(pipelines.system_of(path), (), data)))
    loaded = load_documents(path, data)
    if kind == "kustomization":
        return replace(_unread(loaded), objects=tuple(kustomizations.read(loaded.documents)))
    parsed = read_documents(loaded)
    if kind == "values":
        parsed = _merged([parsed, *_chart_rules(loaded.documents), *map(charts.read_values, loaded.documents)])
    elif released := [one for document in loaded.documents for one in kubernetes.release_values(document)]:
        shaped = [_asked(inner) for inner in kubernetes.unwrap(released) if prometheus.is_native(inner.value)]
        parsed = _merged([parsed, *shaped, *_chart_rules(released)])
    parsed = _digested(parsed, data)
    if steps := tuple(tagging.in_pipeline(data)):
        parsed = replace(parsed, objects=(*parsed.objects, *steps))
    parsed = _of_a_tool(parsed, path, data)
    said = _at_its_source(_of_interest(_without_included(parsed, data), data), data)
    if kind.startswith("pipeline-"):
        run = pipelines.read(pipelines.system_of(path), loaded.documents, data)
        said = replace(said, objects=(*said.objects, *run))
    return said


def _of_a_tool(parsed: Parsed, path: str, data: bytes) -> Parsed:
    """Manifests that a tool wrote say so, and so do those of an operator's release."""
    if not any(isinstance(thing, Manifest) for thing in parsed.objects):
        return parsed
    generated, bundled = is_generated(data), holds_definitions(data) and not is_chart_template(path)
    if not generated and not bundled:
        return parsed
    things = (
        replace(one, generated=generated, bundled=bundled) if isinstance(one, Manifest) else one
        for one in parsed.objects
    )
    return replace(parsed, objects=tuple(things))


def _digested(parsed: Parsed, data: bytes) -> Parsed:
    """A file that holds one API definition is known by its text, for entities that took it over as it is."""
    if len(parsed.objects) > 2 or not any(isinstance(thing, ApiDefinition) for thing in parsed.objects):
        return parsed
    digest = openapi.digest_of(_text(data))
    things = (replace(one, digest=digest) if isinstance(one, ApiDefinition) else one for one in parsed.objects)
    return replace(parsed, objects=tuple(things))


def _unread(loaded: Loaded) -> Parsed:
    """What a file could not say."""
    return Parsed(findings=loaded.findings, unreadable=loaded.unreadable)


def read_documents(loaded: Loaded) -> Parsed:
    """What the documents of one file say."""
    parts = [_unread(loaded)]
    for number, document in enumerate(loaded.documents):
        if number and prometheus.is_native(document.value) and "namespace" not in document.value:
            message = "Prometheus reads the first document of a rule file only and ignores this one"
            parts.append(Parsed(findings=(Finding(document.line, "second-document-ignored", message),)))
            continue
        part = _merged([_asked(inner) for inner in kubernetes.unwrap([document])])
        parts.append(_skeleton(part) if part.objects and _holds_placeholder(document.value) else part)
    found = _merged(parts)
    return replace(found, objects=tuple(_conditional(thing, loaded) for thing in found.objects))


def _chart_rules(values: Iterable[Document]) -> list[Parsed]:
    """Rules in a chart's values; those that are switched off by default are conditional."""
    found = []
    for held in (one for document in values for one in helm_values.rules_in(document)):
        part = prometheus.read(held.document)
        rules = (replace(one, conditional=True) if isinstance(one, AlertRule) else one for one in part.objects)
        found.append(replace(part, objects=tuple(rules)) if held.switched_off else part)
    return found


def _without_included(parsed: Parsed, data: bytes) -> Parsed:
    """A template that only prints rule files of its chart hides nothing: those files are read for themselves."""
    if not parsed.unreadable or not _INCLUDED.search(data) or b"toYaml" in data:
        return parsed
    return replace(
        parsed, unreadable=tuple(one for one in parsed.unreadable if one.reason != prometheus_groups.TEMPLATED)
    )


def _of_interest(parsed: Parsed, data: bytes) -> Parsed:
    """A key set twice in a file that says nothing to us (a CI configuration, say) is its own tool's business."""
    if parsed.objects or parsed.unreadable or b"backstage.io/" in data:
        return parsed
    return replace(parsed, findings=tuple(one for one in parsed.findings if one.code != "yaml-duplicate-key"))


def _at_its_source(parsed: Parsed, data: bytes) -> Parsed:
    """What is wrong in a generated file is mended where it is made: nobody is sent to edit what the next run undoes."""
    if not parsed.findings or not is_generated(data):
        return parsed
    told = (replace(one, message=f"{one.message}{GENERATED}") for one in parsed.findings)
    return replace(parsed, findings=tuple(told))


def _asked(document: Document) -> Parsed:
    """What the first reader that knows a document makes of it."""
    reader = next((reader for reader in DOCUMENT_READERS if reader.recognises(document)), None)
    return Parsed() if reader is None else reader.read(document)


def _jsonnet(data: bytes) -> Parsed:
    match = _JSONNET_ALERT.search(data)
    if match is None:
        return Parsed()
    line = data.count(b"\n", 0, match.start()) + 1
    return Parsed(unreadable=(Unreadable("alerting", line, "is Jsonnet, which is not evaluated"),))


def _text(data: bytes) -> str:
    """Markdown's text; what is no text in it costs only the characters concerned."""
    try:
        return documents.decode(data)
    except DocumentError:
        return data.decode("utf-8", "replace")


def _code_owners(data: bytes) -> Parsed:
    try:
        return code_owners.read(documents.decode(data))
    except DocumentError as error:
        return Parsed(unreadable=(Unreadable("codeowners", error.line, error.message),))


def _conditional(thing: Object, loaded: Loaded) -> Object:
    """Marks a rule that stands inside an `if` or `range` of its template."""
    if isinstance(thing, AlertRule) and loaded.neutral is not None and loaded.neutral.is_conditional(thing.line):
        return replace(thing, conditional=True)
    return thing


def _skeleton(part: Parsed) -> Parsed:
    return replace(part, objects=tuple(replace(thing, ignored=thing.ignored or SKELETON) for thing in part.objects))


def _holds_placeholder(value: Any) -> bool:
    """Whether any text in a document is a scaffolder's `${{ values.name }}`. Aliases are followed once."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if _PLACEHOLDER in item:
                return True
        elif isinstance(item, dict | list) and id(item) not in seen:
            seen.add(id(item))
            stack.extend([*item, *item.values()] if isinstance(item, dict) else item)
    return False


def _merged(parts: list[Parsed]) -> Parsed:
    objects: list[Object] = [thing for part in parts for thing in part.objects]
    findings = tuple(finding for part in parts for finding in part.findings)
    return Parsed(tuple(objects), findings, tuple(place for part in parts for place in part.unreadable))
