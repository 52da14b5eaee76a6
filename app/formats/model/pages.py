"""Markdown pages with their sections, and CODEOWNERS files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.formats.model.base import Finding, Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading and what stands under it. `topics` are synonym groups the heading falls in (see formats.runbooks).

    `words`, `links`, `commands` (code blocks or spans that look like a command) and `steps` (numbered or bulleted
    items) count the section's own text and that of its sub-sections.
    """

    title: str
    level: int
    line: int
    anchor: str
    topics: tuple[str, ...] = ()
    words: int = 0
    links: int = 0
    commands: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook(Object):
    """One Markdown document that may be a runbook (or an error-budget policy: `document_type`).

    `document_type`: "runbook", "error-budget-policy" or "document" (any other page: kept only as the target of links).
    The last word on "is this a runbook" needs the path and lies with facts. `reviewed_at`, `revisit_at` and
    `approved_at` are ISO dates from the front matter or text, or "". `anchors` holds every anchor of the page.
    """

    kind: ClassVar[str] = "runbook"
    title: str
    document_type: str = "document"
    sections: tuple[Section, ...] = ()
    anchors: tuple[str, ...] = ()
    words: int = 0
    topics: tuple[str, ...] = ()
    stub: str = ""
    """Why it is a stub ("13 words", "only placeholders", "deprecated", "marked as a draft"), or ""."""
    reviewed_at: str = ""
    review_by: str = ""
    revisit_at: str = ""
    approved_at: str = ""
    consequence: bool = False
    exceptions: bool = False
    approver: bool = False
    contacts: tuple[str, ...] = ()
    """Kinds of contact in the escalation section: url, email, chat, pager, phone. Never the value."""
    alerts: tuple[str, ...] = ()
    """Alert names that stand in headings: `## HighErrorRate`, `Alert Name: "X"`."""
    front_matter: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule:
    line: int
    pattern: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners(Object):
    """A CODEOWNERS file. Only the first of `.github/`, root, `docs/` counts: that is decided where paths are known."""

    kind: ClassVar[str] = "codeowners"
    rules: tuple[OwnerRule, ...]
    findings: tuple[Finding, ...] = ()
