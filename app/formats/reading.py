"""Which files are worth reading, and what one file says: the explicit table of readers. Never raises."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import Protocol

from app.errors import DocumentError
from app.formats import (
    code_owners,
    kubernetes,
    openslo,
    prometheus,
    pyrra,
    rule_tests,
    runbooks,
    slo_generator,
    sloth,
    templates,
)
from app.formats.model import AlertRule, Finding, Object, Parsed, Unreadable
from app.lib import documents
from app.lib.documents import Document

VERSION = "1"
"""Raised whenever any reader's output changes: part of the cache's key."""


class DocumentReader(Protocol):
    """A reader of one format: by content, one YAML or JSON document at a time."""

    NAME: str

    def recognises(self, document: Document) -> bool: ...

    def read(self, document: Document) -> Parsed: ...


DOCUMENT_READERS: tuple[DocumentReader, ...] = (rule_tests, prometheus, openslo, sloth, pyrra, slo_generator)
_YAML = (".yaml", ".yml", ".json", ".rules")
_MARKDOWN = (".md", ".markdown")
_JSONNET = (".jsonnet", ".libsonnet")
_NOISE = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|composer\.lock|pnpm-lock\.yaml|yarn\.lock|tsconfig[^/]*\.json|node_modules/.*)$"
)
_LOOKS_LIKE_RULES = re.compile(rb"^\s*-?\s*alert:\s*\S", re.MULTILINE)
_LOOKS_LIKE_SLO = re.compile(rb"^\s*apiVersion:\s*(openslo|pyrra\.dev|sloth\.slok\.dev|sre\.google\.com)", re.MULTILINE)
_JSONNET_ALERT = re.compile(rb"\balert:\s*['\"]")


def wants(path: str) -> bool:
    """Whether a file may say something to us, by its name alone."""
    name = posixpath.basename(path)
    lowered = name.lower()
    if lowered.endswith((*_YAML, *_MARKDOWN, *_JSONNET)):
        return _NOISE.search(path) is None
    return path in code_owners.PLACES


def read(path: str, data: bytes) -> Parsed:
    """All that one file says: objects, findings, and what is there but can't be read."""
    lowered = path.lower()
    if lowered.endswith(_JSONNET):
        return _jsonnet(data)
    if lowered.endswith(_YAML):
        return _yaml(path, data)
    try:
        text = documents.decode(data)
    except DocumentError as error:
        if not lowered.endswith(_MARKDOWN):
            return Parsed(unreadable=(Unreadable("codeowners", error.line, error.message),))
        text = data.decode("utf-8", "replace")
    return runbooks.read(text) if lowered.endswith(_MARKDOWN) else code_owners.read(text)


def _jsonnet(data: bytes) -> Parsed:
    match = _JSONNET_ALERT.search(data)
    if match is None:
        return Parsed()
    line = data.count(b"\n", 0, match.start()) + 1
    return Parsed(unreadable=(Unreadable("alerting", line, "is Jsonnet, which is not evaluated"),))


def _yaml(path: str, data: bytes) -> Parsed:
    loaded = documents.load_all(data)
    templated = b"{{" in data and ("/templates/" in f"/{path}" or any(document.error for document in loaded))
    if not templated:
        return _merged([*_errors(data, loaded), *_documents(loaded)])
    neutral = templates.neutralise(data.decode("utf-8", "replace"))
    filled = [replace(document, holes=neutral.holes) for document in documents.load_all(neutral.text, last_wins=True)]
    found = _merged([*_errors(data, filled), *_documents(filled)])
    return replace(found, objects=tuple(_conditional(thing, neutral) for thing in found.objects))


def _conditional(thing: Object, neutral: templates.Neutral) -> Object:
    """Marks a rule that stands inside an `if` or `range` of its template."""
    if isinstance(thing, AlertRule) and neutral.is_conditional(thing.line):
        return replace(thing, conditional=True)
    return thing


def _documents(loaded: list[Document]) -> list[Parsed]:
    found = []
    for number, document in enumerate(kubernetes.unwrap([one for one in loaded if one.error is None])):
        reader = next((reader for reader in DOCUMENT_READERS if reader.recognises(document)), None)
        if reader is None:
            continue
        if number and reader.NAME == "prometheus" and prometheus.is_native(document.value) and len(loaded) > 1:
            message = "Prometheus reads the first document of a rule file only and ignores this one"
            found.append(Parsed(findings=(Finding(document.line, "second-document-ignored", message),)))
            continue
        found.append(reader.read(document))
    return found


def _errors(data: bytes, loaded: list[Document]) -> list[Parsed]:
    """A broken file is "present but unreadable" for the group it looks like, and one finding whatever it is."""
    broken = next((document for document in loaded if document.error is not None), None)
    if broken is None or broken.error is None:
        return []
    error = broken.error
    unreadable = []
    if _LOOKS_LIKE_RULES.search(data):
        unreadable.append(Unreadable("alerting", error.line, error.message))
    if _LOOKS_LIKE_SLO.search(data):
        unreadable.append(Unreadable("slo", error.line, error.message))
    interesting = unreadable or (b"{{" not in data and b"{%" not in data)
    findings = (Finding(error.line, error.code, f"can't be read: {error.message}"),) if interesting else ()
    return [Parsed(findings=findings, unreadable=tuple(unreadable))]


def _merged(parts: list[Parsed]) -> Parsed:
    objects: list[Object] = [thing for part in parts for thing in part.objects]
    findings = tuple(finding for part in parts for finding in part.findings)
    return Parsed(tuple(objects), findings, tuple(place for part in parts for place in part.unreadable))
