"""Is this page a runbook? Its place and its content decide together.

Places: the globs seen in public repositories, by frequency. A folder of operations holds all kinds of pages, so there
the content must speak of something to do. Content: a page whose headings answer three of meaning, impact, diagnosis and
mitigation is an alert's runbook wherever it lies; one with four of a service's topics, an operational one among them,
is a service's. Proposals, tutorials, release notes and the like have such headings too, and are none by content; nor
are long manuals in which such headings are rare.
"""

from __future__ import annotations

import re

from app.formats.model import Runbook

_PLACE = re.compile(
    r"(^|/)(run-?_?books?|play-?books?|sops?|on-?call|oncall)(/.*)?/[^/]+\.(md|markdown)$"
    r"|(^|/)[^/]*(run-?_?book|play-?book)[^/]*\.(md|markdown)$"
    r"|(^|/)rb-\d+[^/]*\.(md|markdown)$",
    re.IGNORECASE,
)
_OPERATIONS = re.compile(r"(^|/)(operations|ops)(/.*)?/[^/]+\.(md|markdown)$", re.IGNORECASE)
_NOT = re.compile(
    r"(^|/)(_?index|readme|contributing|changelog[^/]*|template|_template|code_of_conduct|claude|agents|gemini|features"
    r"|pull_request_template|release[-_ ]?notes|architecture|design)\.(md|markdown)$",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"(^|/)(\.github|\.gitlab|(proposal|enhancement|rfc|adr|decision|design|blog|tutorial|guide|upgrade|release)s?(-[a-z]+)?"
    r"|(user|developer|contributor)-guide|upgrading|getting[-_ ]started|release[-_]notes|changelogs?|posts?)/",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(^|/)[^/]*(run-?_?books?|play-?books?)[-_](template|guide(lines?)?|format|how-?to)[^/]*$"
    r"|(^|/)((add|adding|new|write|writing|creat(e|ing))[-_]|how[-_]?to[-_][^/]*)(a[-_])?(run-?_?book|play-?book)s?\.[a-z]+$",
    re.IGNORECASE,
)
"""Pages on how to write a runbook."""
_PROCESS = re.compile(
    r"\b(proposals?|triage|contributing|release process|governance|roadmap|polic(?:y|ies))\b", re.IGNORECASE
)
"""Titles of pages that speak of how people work together, with the headings of a runbook and nothing to run."""
_ALERT = frozenset(("meaning", "impact", "diagnosis", "mitigation"))
_SERVICE = frozenset(("overview", "dependencies", "dashboards", "health", "failures", "rollback", "escalation"))
_OPERATIONAL = frozenset(("failures", "rollback", "escalation"))
_ACTED_ON = _OPERATIONAL | {"diagnosis", "mitigation", "health"}
_LONGEST = 4
"""Words of a heading that names its topic and does not just mention it ("Risks and mitigations of the new design")."""
_SHARE = 0.2
"""Of a page's headings, those that name a topic: 24 % and more in all 251 pages of openshift/runbooks that are runbooks
by content, 14 % and less in the product manuals of CloudNativePG and Velero that have such headings, too."""


def runbook_kind(path: str, runbook: Runbook) -> str:
    """`runbook`, `error-budget-policy` or `document`."""
    if runbook.document_type == "error-budget-policy":
        return runbook.document_type
    headings = [one for one in runbook.sections if one.title]
    telling = [one for one in headings if one.topics and len(one.title.split()) <= _LONGEST]
    named = {topic for one in telling for topic in one.topics}
    speaks = len(telling) >= _SHARE * len(headings)
    by_content = (
        speaks
        and not _ELSEWHERE.search(path)
        and not _PROCESS.search(runbook.title)
        and (len(named & _ALERT) >= 3 or (len(named & _SERVICE) >= 4 and bool(named & _OPERATIONAL)))
    )
    if _ABOUT.search(path):
        return "document"
    if _NOT.search(path):
        return "runbook" if by_content and "run" in path.lower() else "document"
    if _PLACE.search(path) or by_content:
        return "runbook"
    return "runbook" if speaks and _OPERATIONS.search(path) and named & _ACTED_ON else "document"
