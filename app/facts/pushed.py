"""What CI and other tools report of an entity, where we can't look: rendered rules, on-call, proofs with a date.

A report holds until it expires; a newer one of the same source replaces it. Where a report holds, evidence names
`report:<source>` as its repository. `pushed_world` lays reports over any world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog.model import EntityRef

RENDERED, ONCALL, DRILLS = "rendered", "oncall", "drills"
FEEDS: Mapping[str, frozenset[str]] = {
    RENDERED: frozenset(("alerting", "slo", "workloads", "database")),
    ONCALL: frozenset(("oncall",)),
    DRILLS: frozenset(("workloads", "database")),
}
"""Group of reports → the retrievers that look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One report. `data` is of its group's schema; of rendered files their objects are kept, never the text:
    `{objects: [[path, ignored, kind, object], …], replaces: [path, …]}`."""

    group: str
    source: str
    data: Mapping[str, Any]
    observed_at: datetime
    expires_at: datetime
    by: str = ""
    url: str = ""
    commit: str = ""

    @property
    def origin(self) -> str:
        """What evidence names as the repository."""
        return f"report:{self.source}"


Reported = Callable[[EntityRef], Sequence[Pushed]]
"""An entity's reports, expired ones too."""


def live(reports: Iterable[Pushed], group: str, now: datetime) -> list[Pushed]:
    """The reports of one group that hold now, by source."""
    return sorted((one for one in reports if one.group == group and now < one.expires_at), key=lambda one: one.source)


def lapsed(reports: Iterable[Pushed], group: str, now: datetime) -> list[Pushed]:
    """The reports of one group that hold no longer, the latest first: what they told is unknown, not gone."""
    past = (one for one in reports if one.group == group and one.expires_at <= now)
    return sorted(past, key=lambda one: one.expires_at, reverse=True)


def end_of(report: Pushed) -> str:
    """What is said of a report that holds no longer."""
    return f"the last report, of {report.source}, held until {report.expires_at:%Y-%m-%d %H:%M} UTC"


def expiry(reports: Iterable[Pushed], retriever: str, now: datetime) -> datetime | None:
    """When the first of the reports that feed a retriever stops to hold."""
    ends = [one.expires_at for one in reports if retriever in FEEDS[one.group] and now < one.expires_at]
    return min(ends, default=None)
