"""Reports laid over a world, so that retrievers see a rendered rule as they see one in git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.catalog.model import Catalog, EntityRef
from app.facts import codec
from app.facts.inventory import Found
from app.facts.model import Unknown
from app.facts.parameters import Parameters
from app.facts.pushed import RENDERED, Pushed, Reported, end_of, lapsed, live
from app.facts.unseen import UnreadablePlace
from app.facts.world import RepositoryView, World

_GROUPS = {
    "alert_rule": "alerting",
    "recording_rule": "alerting",
    "objective": "slo",
    "workload": "workloads",
    "database": "database",
    "cluster": "cluster",
    "api_definition": "api",
}
"""Kind of object → the fact group that it is judged in."""


@dataclass
class PushedWorld:
    """A world with reports laid over it. Made for one judging."""

    world: World
    reported: Reported
    now: datetime
    _reports: dict[EntityRef, Sequence[Pushed]] = field(default_factory=dict)
    _rendered: dict[EntityRef, list[Found]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        return self.world.catalog

    @property
    def catalog_complete(self) -> bool:
        return self.world.catalog_complete

    @property
    def parameters(self) -> Parameters:
        return self.world.parameters

    def pushed(self, ref: EntityRef) -> Sequence[Pushed]:
        known = self._reports.get(ref)
        if known is None:
            known = self._reports[ref] = self.reported(ref)
        return known

    def objects(self, ref: EntityRef, kind: str) -> Sequence[Found]:
        found = self.world.objects(ref, kind)
        pushed = self.pushed(ref)
        reports = live(pushed, RENDERED, self.now) if pushed else ()
        if not reports:
            return found
        if ref not in self._rendered:
            self._rendered[ref] = [one for report in reports for one in rendered(report)]
        kept = [one for one in found if not self._is_replaced(ref, one.repository, one.path, reports)]
        return [*kept, *(one for one in self._rendered[ref] if one.object.kind == kind)]

    def unreadable(self, ref: EntityRef, group: str) -> Sequence[UnreadablePlace]:
        places = self.world.unreadable(ref, group)
        reports = live(self.pushed(ref), RENDERED, self.now) if places else []
        kept = [one for one in places if not self._is_replaced(ref, one.repository, one.path, reports)]
        return [
            *kept,
            *(one for report in lapsed(self.pushed(ref), RENDERED, self.now) for one in _hidden(report, group)),
        ]

    def shared(self, kind: str) -> Sequence[Found]:
        return self.world.shared(kind)

    def repository(self, url: str) -> RepositoryView | Unknown:
        return self.world.repository(url)

    def _is_replaced(self, ref: EntityRef, repository: str, path: str, reports: Sequence[Pushed]) -> bool:
        """Only in the entity's own repository: what others hold about it is not CI's to replace."""
        entity = self.catalog.get(ref)
        if entity is None or entity.repository != repository:
            return False
        places = [place.strip("/") for report in reports for place in report.data.get("replaces", ())]
        return any(path == place or path.startswith(f"{place}/") for place in places)


def _hidden(report: Pushed, group: str) -> list[UnreadablePlace]:
    """What an expired report of rendered files told of a fact group: it is there, and can't be seen any more."""
    paths = dict.fromkeys(
        path for path, ignored, kind, _ in report.data["objects"] if _GROUPS.get(kind) == group and not ignored
    )
    return [UnreadablePlace(group, report.origin, report.commit, path, 0, end_of(report)) for path in paths]


def rendered(report: Pushed) -> list[Found]:
    """The objects of a report of rendered files; those of a reader's older shape are left out."""
    found = []
    for path, ignored, kind, body in report.data["objects"]:
        try:
            thing = codec.decode(codec.KINDS[kind], body)
        except (ValueError, KeyError):
            continue
        found.append(Found(thing, report.origin, report.commit, path, ignored))
    return found
