"""What one scorecard needs for a level: the checks that have to pass, and those that have to be seen. Pure.

`plan` puts the needs of all scorecards together; pages and counts ask for the way to the next level.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.policy.model import Check, Entry, Outcome, Scorecard

NEXT, TARGET, TOP = "next", "target", "top"
"""Goals beside the ids of levels: the next level, the one of its tier, the highest of which anything applies."""
_FAILING, _UNSEEN = (Outcome.FAIL,), (Outcome.UNKNOWN, Outcome.ERROR)
_OPEN = frozenset((*_FAILING, *_UNSEEN))


@dataclass(frozen=True, slots=True)
class Stand:
    """How an entity stands on a scorecard: its level, and each check's outcome. `early`: checks that do not count yet.

    `target` is the level of its tier, "" where it has none.
    """

    card: Scorecard
    level: str
    target: str
    outcomes: Mapping[str, str]
    early: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Needs:
    """`failing`, `unseen`: check → the rank of the level that needs it first. See `plan.Goal` for the rest."""

    level: str
    reached: bool
    why: str
    failing: dict[str, int]
    unseen: dict[str, int]


def needs_of(checks: Mapping[str, Check], stand: Stand, goal: str) -> Needs | None:
    """None where the scorecard has no such goal."""
    wanted = _rank(stand, goal)
    if wanted is None:
        return None
    now = stand.card.rank(stand.level)
    if 0 < wanted <= now:
        return Needs(_level(stand, wanted), True, "", {}, {})
    rank = next((rank for rank in _applying(stand) if rank >= max(1, wanted)), 0)
    if not rank:
        top = wanted > len(stand.card.levels)
        return Needs("", top, "" if top else "no check of this level or a higher one applies", {}, {})
    failing, unseen = _closed(checks, stand, rank)
    return Needs(_level(stand, rank), False, "", failing, unseen)


def _rank(stand: Stand, goal: str) -> int | None:
    card = stand.card
    if goal == NEXT:
        return max(0, card.rank(stand.level)) + 1
    if goal == TOP:
        return max(_applying(stand), default=0)
    return card.ranks.get(stand.target if goal == TARGET else goal)


def _level(stand: Stand, rank: int) -> str:
    return stand.card.levels[rank - 1].id if rank <= len(stand.card.levels) else ""


def _counting(stand: Stand) -> Iterable[tuple[Entry, str, int]]:
    """What counts now and applies: the entry, its outcome, and the rank of its level."""
    for entry in stand.card.entries:
        outcome = stand.outcomes.get(entry.check, Outcome.NOT_APPLICABLE)
        if entry.check not in stand.early and outcome != Outcome.NOT_APPLICABLE:
            yield entry, outcome, stand.card.ranks[entry.level]


def _applying(stand: Stand) -> list[int]:
    """The ranks of levels that anything proves: one without a check of its own is never held."""
    return sorted({rank for _, _, rank in _counting(stand)})


def _closed(checks: Mapping[str, Check], stand: Stand, rank: int) -> tuple[dict[str, int], dict[str, int]]:
    """All that stands before a level, with what blocks it: a prerequisite may belong to a higher one."""
    failing: dict[str, int] = {}
    unseen: dict[str, int] = {}
    for entry, held, of in _counting(stand):
        if of <= rank and held in _OPEN:
            for check, outcome in _with_blockers(checks, stand, entry.check).items():
                found = failing if outcome in _FAILING else unseen
                found[check] = min(of, found.get(check, of))
    return failing, unseen


def _with_blockers(checks: Mapping[str, Check], stand: Stand, check: str) -> dict[str, str]:
    """A check and what it requires, if through others, as far as it does not pass yet: check → outcome."""
    found: dict[str, str] = {}
    waiting = [check]
    while waiting:
        name = waiting.pop()
        outcome = stand.outcomes.get(name, Outcome.NOT_APPLICABLE)
        if outcome in _OPEN and name not in found:
            found[name] = outcome
            waiting += checks[name].requires
    return found


def proofs(
    checks: Mapping[str, Check], stand: Stand, needs: Needs, mended: Collection[str]
) -> list[dict[str, frozenset[str]]]:
    """For each required area of which nothing will be seen: check → all that must be seen so that it is. One is enough.

    `mended`: all checks of the plan. What only they block fails no more then, and may turn out as not to be seen.
    """
    if not needs.level:
        return []
    areas: dict[str, dict[str, frozenset[str]]] = {area: {} for area in stand.card.required_areas}
    judged = set()
    for entry, _, _ in _counting(stand):
        area = checks[entry.check].area
        if not _is_unsettled(checks, stand, mended, entry.check):
            judged.add(area)
        elif area in areas:
            areas[area][entry.check] = frozenset(_all_unsettled(checks, stand, mended, entry.check))
    return [found for area, found in areas.items() if found and area not in judged]


def _is_unsettled(checks: Mapping[str, Check], stand: Stand, mended: Collection[str], check: str) -> bool:
    """It could not be seen, or fails only for what blocks it and is mended, or is unsettled itself."""
    outcome = stand.outcomes.get(check, Outcome.NOT_APPLICABLE)
    if outcome in _UNSEEN:
        return True
    if outcome not in _FAILING or check in mended:
        return False
    blockers = [name for name in checks[check].requires if stand.outcomes.get(name) in _FAILING]
    return bool(blockers) and all(name in mended or _is_unsettled(checks, stand, mended, name) for name in blockers)


def _all_unsettled(checks: Mapping[str, Check], stand: Stand, mended: Collection[str], check: str) -> set[str]:
    """A check and what it requires, if through others, as far as they are unsettled."""
    found: set[str] = set()
    waiting = [check]
    while waiting:
        name = waiting.pop()
        if name not in found and _is_unsettled(checks, stand, mended, name):
            found.add(name)
            waiting += checks[name].requires
    return found


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the next level: checks that fail, and those that could not be seen. `level` "" at the top."""

    level: str
    failing: tuple[str, ...]
    unseen: tuple[str, ...]


def way_up(card: Scorecard, level: str, outcomes: Mapping[str, str], now: datetime) -> Way:
    """What stands between a level and the next, by the outcomes of the checks that count now. In the card's order."""
    rank = max(0, card.rank(level))
    following = next((one.id for one in card.levels if card.rank(one.id) == rank + 1), "")
    if not following:
        return Way("", (), ())
    wanted = [entry.check for entry in card.entries if card.rank(entry.level) <= rank + 1 and counts(entry, now)]
    failing = tuple(check for check in wanted if outcomes.get(check) == Outcome.FAIL)
    unseen = tuple(check for check in wanted if outcomes.get(check) in _UNSEEN)
    return Way(following, failing, unseen)


def counts(entry: Entry, now: datetime) -> bool:
    """Whether a check counts yet, or is only shown."""
    return entry.enforced_from is None or entry.enforced_from <= now
