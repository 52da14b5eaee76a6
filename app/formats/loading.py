"""One file's YAML or JSON, loaded once for every reader: templates neutralised, schemas of Kubernetes left out.

What can't be loaded is told as "present but unreadable" for the group it looks like, and one finding a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from app.formats import templates
from app.formats.model import Finding, Unreadable
from app.formats.templates import Neutral
from app.lib import documents
from app.lib.documents import Document

_CRD = re.compile(rb"^kind:[ \t]*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_DOCUMENT_START = re.compile(rb"^---(?=\s|$)", re.MULTILINE)
_JSON_SIGNS = re.compile(
    rb'"(?:apiVersion|groups|receivers|rule_files|slos|spec|op|openapi|swagger|listen_path|_format_version)"[ \t]*:'
)
_ALERT = re.compile(rb"^[ \t]*(?:-[ \t]+)?[\"']?alert[\"']?[ \t]*:[ \t]*\S", re.MULTILINE)
_EXPR = re.compile(rb"^[ \t]*(?:-[ \t]+)?[\"']?expr[\"']?[ \t]*:", re.MULTILINE)
UNREADABLE = "can't be read: "
"""How the finding of a file that can't be parsed begins."""
_RULES = re.compile(rb"^\s*[\"']?rules[\"']?\s*:", re.MULTILINE)
_SLO = re.compile(
    rb"^[ \t]*apiVersion:[ \t]*[\"']?(?:openslo|pyrra\.dev|sloth\.slok\.dev|sre\.google\.com)", re.MULTILINE
)
_WORKLOAD = re.compile(rb"^kind:[ \t]*[\"']?(?:Deployment|StatefulSet|DaemonSet|Rollout|CronJob)\b", re.MULTILINE)
_SLOTH = re.compile(rb"^version:[ \t]*[\"']?prometheus/v1", re.MULTILINE)


_GENERATED = re.compile(
    rb"^#[^\n]*generated\b[^\n]*(?:\n#[^\n]*)?\bdo not (?:\w+ )?(?:edit|modify|change)", re.IGNORECASE | re.MULTILINE
)
_HEAD = 2_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """`documents` are those that could be read. `neutral` is the template they came from, or None for plain files."""

    documents: tuple[Document, ...] = ()
    neutral: Neutral | None = field(default=None, repr=False)
    findings: tuple[Finding, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def templated(self) -> bool:
        return self.neutral is not None


def load_documents(path: str, data: bytes) -> Loaded:
    """Every document of a file. Never raises. `path` decides only whether the file may be a chart's template."""
    if path.lower().endswith(".json") and not _JSON_SIGNS.search(data):
        return Loaded()
    braces = b"{{" in data
    if braces and is_chart_template(path):
        return _load_template(data)
    found = documents.load_all(_without_schemas(data))
    error = next((document.error for document in found if document.error is not None), None)
    if error is None:
        return Loaded(tuple(found))
    if braces and not error.code.startswith("yaml-limit"):
        return _load_template(data)
    if error.code == "yaml-duplicate-key":
        again = _outcome(documents.load_all(_without_schemas(data), last_wins=True), data, None)
        return replace(again, findings=again.findings or (Finding(error.line, error.code, error.message),))
    return _outcome(found, data, None)


def is_generated(data: bytes) -> bool:
    """Whether the head of a file says that a tool wrote it and nobody is to edit it."""
    return _GENERATED.search(data[:_HEAD]) is not None


def holds_definitions(data: bytes) -> bool:
    """Whether a file defines kinds of its own (CustomResourceDefinition)."""
    return _CRD.search(data) is not None


def is_chart_template(path: str) -> bool:
    return "/templates/" in f"/{path}"


def _load_template(data: bytes) -> Loaded:
    neutral = templates.neutralise(_without_schemas(data).decode("utf-8-sig", "replace"))
    found = documents.load_all(neutral.text, last_wins=True)
    return _outcome([replace(document, holes=neutral.holes, origin=neutral) for document in found], data, neutral)


def _outcome(found: list[Document], data: bytes, neutral: Neutral | None) -> Loaded:
    good = tuple(document for document in found if document.error is None)
    error = next((document.error for document in found if document.error is not None), None)
    if error is None:
        return Loaded(good, neutral)
    unreadable = tuple(Unreadable(group, error.line, error.message) for group in _likely_groups(data))
    if not unreadable and (neutral is not None or b"{%" in data):
        return Loaded(good, neutral)  # a template of something else is nobody's problem
    return Loaded(good, neutral, (Finding(error.line, error.code, UNREADABLE + error.message),), unreadable)


def _likely_groups(data: bytes) -> list[str]:
    """The fact groups a broken text looks to belong to."""
    found = []
    if _ALERT.search(data) and (_EXPR.search(data) or _RULES.search(data)):
        found.append("alerting")
    if _SLO.search(data) or _SLOTH.search(data):
        found.append("slo")
    if _WORKLOAD.search(data):
        found.append("workloads")
    return found


def _without_schemas(data: bytes) -> bytes:
    """The text with CustomResourceDefinitions blanked: they are large, and their schemas look like rules."""
    if not _CRD.search(data):
        return data
    edges = [0, *(match.start() for match in _DOCUMENT_START.finditer(data) if match.start()), len(data)]
    chunks = (data[first:last] for first, last in pairwise(edges))
    return b"".join(_blanked(chunk) if _CRD.search(chunk) else chunk for chunk in chunks)


def _blanked(chunk: bytes) -> bytes:
    start = b"---" if chunk.startswith(b"---") else b""
    return start + b"\n" * chunk.count(b"\n")
