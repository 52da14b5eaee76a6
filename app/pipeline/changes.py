"""What changed between two judgings of one entity, and why: code, policy, data source, waiver, scope or time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from app.catalog.model import EntityRef
from app.policy.model import Outcome, ScorecardResult
from app.store.last import Earlier
from app.store.model import Change, HistoryRow, Why

_ORDER = ("policy", "waiver", "scope", "data source", "code", "time")


def reason_of(why: Why, before: Earlier | None, result: ScorecardResult) -> str:
    """The one reason to tell: a new policy before anything else, time only when nothing else happened."""
    if before is None:
        return "first seen"
    if before.policy_version != result.policy_version:
        return "policy"
    words = why.words
    saw_more = before.coverage is not None and (result.coverage or 0) < before.coverage
    if set(words) == {"code"} and saw_more and _lost_sight(result):
        return "data source"
    return next((word for word in _ORDER if word in words), "time")


def _lost_sight(result: ScorecardResult) -> bool:
    return any(check.code in ("source_failing", "expired", "forbidden") for check in result.checks)


def told(
    entity: EntityRef,
    before: Earlier | None,
    outcomes: Mapping[tuple[str, str], str],
    result: ScorecardResult,
    reason: str,
    now: datetime,
) -> Iterator[Change]:
    """Level changes, and checks that began or stopped to fail. A first sight is no change."""
    if before is None:
        return
    card, at = result.scorecard.id, {"commit": result.commit} if result.commit else {}
    if before.level != result.level:
        yield _change(entity, card, "level", before.level, result.level, reason, now, at)
    for check in result.checks:
        was, now_is = outcomes.get((card, check.check.id), ""), str(check.outcome)
        if was and was != now_is and Outcome.FAIL in (was, now_is):
            yield _change(entity, card, "outcome", was, now_is, reason, now, {"check": check.check.id, **at})


def _change(
    entity: EntityRef,
    card: str,
    what: str,
    before: str,
    after: str,
    reason: str,
    now: datetime,
    detail: Mapping[str, str],
) -> Change:
    return Change(
        at=now,
        entity=entity,
        scorecard=card,
        what=what,
        before=before,
        after=after,
        reason=reason,
        detail=detail,
    )


def history_of(
    before: Earlier | None, result: ScorecardResult, changes: Iterable[Change], reason: str, now: datetime
) -> tuple[HistoryRow, ...]:
    """A row only when level, score or coverage is another, or a check turned."""
    same = before is not None and (before.level, before.score, before.coverage) == (
        result.level,
        result.score,
        result.coverage,
    )
    if same and not any(True for _ in changes):
        return ()
    row = HistoryRow(
        scorecard=result.scorecard.id,
        at=now,
        level=result.level,
        score=result.score,
        coverage=result.coverage,
        reason=reason,
    )
    return (row,)
