"""Pieces that several groups' schemas share."""

from __future__ import annotations

from app.facts.schema import Fact, Field

LINK = {
    "runbook.key": Field("string", "Annotation key that links the runbook, or empty"),
    "runbook.value": Field("string", "The link as written, or empty"),
}


def place() -> dict[str, Field]:
    """Where an item was seen."""
    return {
        "repository": Field("string", "Canonical URL of the repository"),
        "commit": Field("string", "Commit it was read at"),
        "path": Field("string", "Path in the repository"),
        "line": Field("int", "Line, from 1 (0: the file as a whole)"),
    }


def unreadable(what: str) -> Fact:
    """The list every group has: what is there but can't be read."""
    return Fact(
        "items",
        f"Places where {what} are present but can't be read.",
        fields={
            "reason": Field("string", "Why it can't be read"),
            "ignored": Field("string", "Why it never counts, or empty"),
            **place(),
        },
    )
