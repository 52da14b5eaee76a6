"""What one change makes better or worse: two judgings of the same entities, before and after. Pure.

Old debt is left alone: a check that failed before and fails in the same places is told of nobody, nor one that was
not asked, since what it requires failed, and would have failed in the same places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.facts.model import Place
from app.policy import telling
from app.policy.model import CheckResult, Outcome, ScorecardResult
from app.policy.told import Offender, Told

Judgings = Mapping[str, Sequence[ScorecardResult]]
"""Entity reference → its results."""
Held = Callable[[Place], bool]
"""Whether the file of a place is still there after the change; a place without a file is."""
_GOOD = (Outcome.PASS, Outcome.WAIVED)
_UNSEEN = (Outcome.UNKNOWN, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Turn:
    """One check of one entity that this change moved. `offenders`: the places that are new (worse) or gone (better).

    `how` unseen: it could be judged before and can't be now.
    """

    entity: str
    scorecard: str
    how: Literal["worse", "better", "unseen"]
    before: Outcome | None
    result: CheckResult
    offenders: tuple[Offender, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelTurn:
    """An entity whose level is another now; `before` "" where it is new."""

    entity: str
    scorecard: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An entity that is scored no more. `heir` stands in its place, "" for nobody."""

    entity: str
    heir: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that a change moved. `entities` counts those that were judged after it."""

    turns: tuple[Turn, ...]
    levels: tuple[LevelTurn, ...]
    entities: int
    gone: tuple[Gone, ...] = ()

    def of(self, how: str) -> list[Turn]:
        return [turn for turn in self.turns if turn.how == how]


def compare(before: Judgings, after: Judgings, held: Held, heirs: Mapping[str, str] | None = None) -> Comparison:
    """`heirs`: entity → whose place it took, and whose debt is its own old debt. Given where both judgings are whole:
    then those are told that are scored no more. They have no result to be better or worse.
    `held`: what still fails in fewer places is better where the rest was mended, not where its files are gone.
    """
    turns: list[Turn] = []
    levels: list[LevelTurn] = []
    heirs, whole = heirs or {}, heirs is not None
    for entity, results in sorted(after.items()):
        known = {result.scorecard.id: result for result in before.get(entity) or before.get(heirs.get(entity, ""), ())}
        for result in results:
            earlier = known.get(result.scorecard.id)
            turns += _turns(entity, earlier, result, held)
            was = earlier.level if earlier else ""
            if was != result.level:
                levels.append(LevelTurn(entity, result.scorecard.id, was, result.level))
    heir_of = {old: new for new, old in heirs.items()}
    gone = tuple(Gone(one, heir_of.get(one, "")) for one in sorted(before) if whole and one not in after)
    return Comparison(tuple(turns), tuple(levels), len(after), gone)


def _turns(entity: str, before: ScorecardResult | None, after: ScorecardResult, held: Held) -> Iterable[Turn]:
    known = {check.check.id: check for check in before.checks} if before else {}
    for check in after.checks:
        if not check.enforced:
            continue
        earlier = known.get(check.check.id)
        how, offenders = _moved(earlier, check, held)
        if how is not None:
            yield Turn(entity, after.scorecard.id, how, earlier.outcome if earlier else None, check, offenders)


def _moved(
    before: CheckResult | None, after: CheckResult, held: Held
) -> tuple[Literal["worse", "better", "unseen"] | None, tuple[Offender, ...]]:
    was, now = before.outcome if before else None, after.outcome
    if now is Outcome.FAIL:
        if was is not Outcome.FAIL:
            return "worse", after.offenders
        if after.blocked_by:  # it names no offenders any more, which makes nothing better
            return None, ()
        there = telling.beneath(before) if before else Told()  # who is asked for the first time finds old debt, too
        fresh = _more(there.offenders, after.offenders)
        gone = _more(after.offenders, there.offenders)
        grown = after.offenders_total - there.offenders_total
        cut = there.offenders_total > len(there.offenders)  # then who was there isn't known
        if grown > 0 or (fresh and not cut):
            return "worse", fresh
        if cut:
            return ("better" if gone or grown < 0 else None), ()
        mended = tuple(one for one in gone if held(one.place))
        return ("better", mended) if mended else (None, ())
    if was is Outcome.FAIL and now in _GOOD:
        return "better", before.offenders if before else ()
    if was in _GOOD and now in _UNSEEN:
        return "unseen", ()
    return None, ()


def is_new(comparison: Comparison, entity: str, result: CheckResult, offender: Offender | None = None) -> bool:
    """Whether a failing check, or one place of it, is worse than before."""
    for turn in comparison.turns:
        if turn.how == "worse" and turn.entity == entity and turn.result.check.id == result.check.id:
            named = offender is None or turn.before is not Outcome.FAIL or not turn.offenders
            return named or offender in turn.offenders
    return False


def _more(before: Sequence[Offender], after: Sequence[Offender]) -> tuple[Offender, ...]:
    """Offenders after that were none before: by name and file, since lines move with every edit above them; then by
    name alone, since what stood in one file and stands in another now was only moved."""
    fresh, gone = _unpaired(before, after, _key)
    return _unpaired(gone, fresh, _name)[0]


def _unpaired(
    before: Sequence[Offender], after: Sequence[Offender], key: Callable[[Offender], tuple[str, ...]]
) -> tuple[tuple[Offender, ...], tuple[Offender, ...]]:
    """Those after without one before of the same key, and those before without one after."""
    left = Counter(key(one) for one in before)
    fresh = []
    for one in after:
        if left[key(one)]:
            left[key(one)] -= 1
        else:
            fresh.append(one)
    gone = []
    for one in reversed(before):
        if left[key(one)]:
            left[key(one)] -= 1
            gone.append(one)
    return tuple(fresh), tuple(gone)


def _key(one: Offender) -> tuple[str, ...]:
    return one.name, one.place.repository, one.place.path


def _name(one: Offender) -> tuple[str, ...]:
    """Its own name; where that is its file's, the last part of it."""
    path = one.place.path
    return one.name.replace(path, path.rsplit("/", 1)[-1]) if path else one.name, one.place.repository
