"""Ways back to the version before, as pages describe them: what the runbooks' retriever tells beside the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.facts.inventory import Found
from app.facts.seen import Item, place_of
from app.formats.model import Runbook, Section

_BACK = re.compile(
    r"\b(roll(ing|ed)?[ -]?back|rollbacks?|revert(ing)?|undo(ing)?|back(ing)?[ -]out|downgrad(e|ing)"
    r"|(previous|last good|earlier) (version|release))\b",
    re.IGNORECASE,
)
_OF_RELEASES = re.compile(r"deploy|releas|roll-?_?back|operat|upgrad|ci-?cd|deliver", re.IGNORECASE)


def rollbacks(pages: Iterable[Found], others: Iterable[Found]) -> list[Item]:
    """One item a section on going back: of runbooks (`pages`), and of other pages that speak of releases by name."""
    counted = [*pages, *(one for one in others if _OF_RELEASES.search(one.path.rpartition("/")[2]))]
    unique = {(one.repository, one.path): one for one in counted}
    return [item for one in unique.values() for item in _of_page(one)]


def _of_page(found: Found) -> Iterator[Item]:
    page = found.object
    if isinstance(page, Runbook):
        for section in page.sections:
            if _BACK.search(section.title):
                yield place_of(found) | {
                    "title": section.title,
                    "line": section.line,
                    "concrete": _is_concrete(section),
                }


def _is_concrete(section: Section) -> bool:
    """It names a command or a page, or two steps at least: what somebody can do at night who did not write it."""
    return bool(section.commands or section.links) or section.steps >= 2


def unseen(documents: Iterable[Item]) -> Iterator[Item]:
    """For each page that can't be seen: it may say how to go back."""
    for one in documents:
        why = one.get("unknown", {}).get("topics")
        if why:
            kept = {key: one[key] for key in ("title", "repository", "commit", "path", "line", "ignored")}
            yield kept | {"unknown": {"concrete": why}}
