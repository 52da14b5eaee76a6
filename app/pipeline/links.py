"""Links to the forge in a result's JSON: each place that a forge shows gets the page of its line at its commit.

Results are stored without them, since which forge a host is stands in the settings, which may change. Added for
whoever is served: `/results` and `roadworthy explain`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from app.lib.forge_urls import Forges, forge_of, line_url

_RULES = 1
"""Raise it when links are made another way: copies that clients keep are then told to be old."""
_PLACES = ("evidence", "offenders")


def with_links(scorecard: Mapping[str, Any], forges: Forges) -> dict[str, Any]:
    """One stored scorecard, its evidence and offenders with their `url`. None where no forge is known to show it."""
    return {**scorecard, "checks": [_check(check, forges) for check in scorecard["checks"]]}


def fingerprint(forges: Forges) -> str:
    """Another text whenever links may have become others."""
    return hashlib.sha256(repr((_RULES, sorted(forges.items()))).encode()).hexdigest()[:8]


def _check(check: Mapping[str, Any], forges: Forges) -> dict[str, Any]:
    linked = {name: [{**place, "url": _url(place, forges)} for place in check[name]] for name in _PLACES}
    return {**check, **linked}


def _url(place: Mapping[str, Any], forges: Forges) -> str | None:
    """A link of its own (an outside page, a report's run) stays."""
    repository = place["repository"] or ""
    if place["url"] or not forge_of(repository, forges):
        return place["url"]  # type: ignore[no-any-return]
    return line_url(repository, place["commit"] or "", place["path"] or "", place["line"] or 0, forges) or None
