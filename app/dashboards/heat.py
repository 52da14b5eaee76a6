"""Teams against areas, as a tree that folds: how many services have something failing in each area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from app.dashboards import links, standing, words
from app.policy.model import Policy, Scorecard
from app.store.groups import GroupTree
from app.store.standing_rows import Levels
from app.store.standings import Standings
from app.store.team_counts import STRANGERS

MOST_ROWS = 40
"""A page shows so many teams; those further below, and those after them, are a page of their own."""
_STEPS = (0.1, 0.25, 0.5, 0.75)
NOBODY = ""


@dataclass(slots=True)
class Row:
    """One team. `hidden` counts teams below it that are not shown here."""

    ref: str
    title: str
    href: str
    levels: Levels
    bar: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    below: list[Row] = field(default_factory=list)
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Heat:
    """A part of the teams of one level, with what is below them: those from `begin` on, of `total`. `areas`: titles of
    the columns, those that apply to any of them."""

    rows: Sequence[Row]
    areas: Sequence[str]
    begin: int
    total: int
    teams: int

    @property
    def following(self) -> int:
        """How many the next part has."""
        return min(MOST_ROWS, self.total - self.begin - self.teams)


def areas(policy: Policy, card: Scorecard) -> list[str]:
    """The areas a scorecard asks about, in its order."""
    return list(
        dict.fromkeys(policy.checks[entry.check].area for entry in card.entries if entry.check in policy.checks)
    )


def rows(
    standings: Standings,
    tree: GroupTree,
    policy: Policy,
    card: Scorecard,
    start: Sequence[str],
    *,
    begin: int = 0,
    others: bool = False,
) -> Heat:
    """The teams in `start` and those below them, as many levels of them as fit. Teams without entities are left out.

    `begin`: how many of `start` are passed over; past the end, all but the last part are. `others`: also what nobody
    owns, and what belongs to someone the catalog doesn't know.
    """
    stand = standings.levels(start).get(card.id, {}) if start else {}
    there = [ref for ref in start if ref in stand]
    begin = min(begin, max(0, len(there) - 1) // MOST_ROWS * MOST_ROWS)
    start = there[begin : begin + MOST_ROWS]
    shown, levels = _fitting(standings, tree, card, start)
    extra = [STRANGERS, NOBODY] if others else []
    levels |= standings.levels(extra).get(card.id, {}) if extra else {}
    seen = standings.areas(card.id, [*shown, *extra])
    columns = [area for area in areas(policy, card) if any(_applies(one.get(area, {})) for one in seen.values())]

    def row(ref: str) -> Row:
        below = [child for child in tree.children.get(ref, ()) if child in levels]
        folded = [row(child) for child in below if child in shown and shown[child] == ref]
        hidden = 0 if folded else len(tree.below(ref)) - 1
        title, href = tree.titles.get(ref, ref), links.entity(ref)
        bar, cells = standing.bar(card, levels[ref]), _cells(columns, seen.get(ref, {}))
        return Row(ref, title, href, levels[ref], bar, cells, folded, hidden)

    found = [row(ref) for ref in start if ref in levels]
    teams = len(found)
    titles = {
        STRANGERS: ("Owners the catalog doesn't know", url_for("dashboards.platform", _anchor="owners")),
        NOBODY: ("Nobody", links.listed(owner="nobody")),
    }
    for ref in extra:
        if ref in levels:
            title, href = titles[ref]
            bar, cells = standing.bar(card, levels[ref]), _cells(columns, seen.get(ref, {}))
            found.append(Row(ref, title, href, levels[ref], bar, cells))
    return Heat(found, [words.area(area) for area in columns], begin, len(there), teams)


def _fitting(
    standings: Standings, tree: GroupTree, card: Scorecard, start: Sequence[str]
) -> tuple[dict[str, str], dict[str, Levels]]:
    """Team → the team it is shown under, level by level of the tree while they fit; and how all of them stand."""
    shown: dict[str, str] = {}
    levels: dict[str, Levels] = {}
    layer = [(ref, "") for ref in start]
    while layer and len(shown) + len(layer) <= MOST_ROWS:
        found = standings.levels([ref for ref, _ in layer]).get(card.id, {})
        levels |= found
        shown |= {ref: under for ref, under in layer if ref in found}
        layer = [
            (child, ref)
            for ref, _ in layer
            if ref in found
            for child in tree.children.get(ref, ())
            if child not in shown
        ]
    return shown, levels


def _applies(counts: Mapping[str, int]) -> bool:
    return any(count for outcome, count in counts.items() if outcome != "not_applicable")


def _cells(columns: Sequence[str], seen: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    cells = []
    for area in columns:
        counts = seen.get(area, {})
        failing = counts.get("fail", 0)
        unseen = sum(counts.get(outcome, 0) for outcome in words.UNSEEN)
        good = counts.get("pass", 0) + counts.get("waived", 0)
        total = failing + unseen + good
        share = failing / total if total else 0.0
        heat = 1 + sum(share > step for step in _STEPS) if failing else 0
        name = words.area(area)
        cells.append({"area": name, "failing": failing, "unseen": unseen, "total": total, "heat": heat})
    return cells
