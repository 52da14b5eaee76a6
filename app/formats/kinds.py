"""Is this page a runbook? Its place and its content decide together.

Places: the globs seen in public repositories, by frequency. Content: a page whose headings answer three of meaning,
impact, diagnosis and mitigation is an alert's runbook wherever it lies; one with four of a service's topics, an
operational one among them, is a service's.
"""

from __future__ import annotations

import re

from app.formats.model import Runbook

_PLACE = re.compile(
    r"(^|/)(run-?_?books?|play-?books?|sops?|operations|on-?call|oncall)(/.*)?/[^/]+\.(md|markdown)$"
    r"|(^|/)[^/]*(run-?_?book|play-?book)[^/]*\.(md|markdown)$"
    r"|(^|/)rb-\d+[^/]*\.(md|markdown)$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(^|/)(_?index|readme|contributing|changelog|template|_template|code_of_conduct)\.(md|markdown)$", re.I
)
_ALERT = frozenset(("meaning", "impact", "diagnosis", "mitigation"))
_SERVICE = frozenset(("overview", "dependencies", "dashboards", "health", "failures", "rollback", "escalation"))
_OPERATIONAL = frozenset(("failures", "rollback", "escalation"))


def runbook_kind(path: str, runbook: Runbook) -> str:
    """`runbook`, `error-budget-policy` or `document`."""
    if runbook.document_type == "error-budget-policy":
        return runbook.document_type
    topics = {topic for section in runbook.sections for topic in section.topics}
    by_content = len(topics & _ALERT) >= 3 or (len(topics & _SERVICE) >= 4 and bool(topics & _OPERATIONAL))
    if _NOT.search(path):
        return "runbook" if by_content and "run" in path.lower() else "document"
    return "runbook" if by_content or _PLACE.search(path) else "document"
