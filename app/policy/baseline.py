"""What failed before, written to a file: so that `check --baseline` fails for new debt only. Pure.

The file is JSON, sorted, to be committed and read in a diff. It names checks, a digest of what each asked, outcomes and
the places of what failed; nothing of the repository's content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import DocumentError
from app.facts.model import Place
from app.policy import telling
from app.policy.compare import Judgings
from app.policy.model import Check, CheckResult, Outcome, Policy, Scorecard, ScorecardResult
from app.policy.told import Offender, Told

FORMAT = 1


def dump(judgings: Judgings, home: str) -> str:
    """The baseline's text. `home` is the repository's own URL, left out: another copy of it has another."""
    entities = {
        entity: {result.scorecard.id: _card(result, home) for result in results}
        for entity, results in sorted(judgings.items())
    }
    return json.dumps({"format": FORMAT, "entities": entities}, indent=1, ensure_ascii=False) + "\n"


def _card(result: ScorecardResult, home: str) -> dict[str, Any]:
    return {
        "level": result.level,
        "asked": {one.check.id: _asked(one.check, result.scorecard) for one in result.checks},
        "checks": {
            check.check.id: _check(check, home) for check in sorted(result.checks, key=lambda one: one.check.id)
        },
    }


def _asked(check: Check, card: Scorecard) -> str:
    """Another text where policy asks the check otherwise: another rule, another parameter."""
    entry = card.by_check.get(check.id)
    parts = (check.rule_text, check.at_least, check.minimum, sorted(check.parameters.items(), key=lambda one: one[0]))
    return hashlib.sha256(repr((parts, entry and sorted(entry.parameters.items()))).encode()).hexdigest()[:8]


def _check(check: CheckResult, home: str) -> Any:
    """The outcome alone, or of a failure also where; of one that is blocked, where it would fail when it is asked."""
    if check.outcome is not Outcome.FAIL:
        return str(check.outcome)
    told = telling.beneath(check)
    places = sorted([one.name, _other(one.place.repository, home), one.place.path] for one in told.offenders)
    return {"outcome": "fail", "total": told.offenders_total, "offenders": places}


def _other(repository: str, home: str) -> str:
    return "" if repository == home else repository


def load(text: str, policy: Policy, home: str) -> Judgings:
    """Judgings as they were written, enough of them to compare. What policy no longer knows, or asks
    otherwise, is left out.

    Raises DocumentError with one sentence.
    """
    try:
        body = json.loads(text)
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            raise DocumentError(f"no baseline of format {FORMAT}; write it anew with --write-baseline")
        return {str(entity): list(_results(cards, policy, home)) for entity, cards in body["entities"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise DocumentError("no baseline; write it anew with --write-baseline") from None


def _results(cards: Mapping[str, Any], policy: Policy, home: str) -> Iterator[ScorecardResult]:
    for name, told in cards.items():
        card = policy.scorecards.get(name)
        if card is None:
            continue
        asked = told.get("asked", {})
        same = [
            id_
            for id_ in told["checks"]
            if id_ in policy.checks and asked.get(id_, "") in ("", _asked(policy.checks[id_], card))
        ]
        checks = tuple(_restored(policy.checks[id_], told["checks"][id_], home) for id_ in same)
        yield ScorecardResult(
            scorecard=card,
            level=str(told["level"]),
            level_possible="",
            raw_level="",
            target_level="",
            score=None,
            coverage=None,
            as_of=None,
            valid_until=None,
            commit="",
            policy_version="",
            checks=checks,
        )


def _restored(check: Check, told: Any, home: str) -> CheckResult:
    outcome = Outcome(told if isinstance(told, str) else told["outcome"])
    places: Sequence[Any] = () if isinstance(told, str) else told["offenders"]
    offenders = tuple(Offender(str(one[0]), Place(repository=str(one[1]) or home, path=str(one[2]))) for one in places)
    total = len(offenders) if isinstance(told, str) else int(told["total"])
    known = Told(offenders=offenders, offenders_total=total)
    return CheckResult(check, "", 0, outcome, outcome, known=known)


def without_newer_checks(before: Judgings, after: Judgings) -> Judgings:
    """`after` with only such checks as an entity's baseline judged, as they were asked: what policy asks since then, or
    asks otherwise, is nobody's new debt.

    Entities and scorecards that the baseline does not know are new, and stay whole.
    """
    return {entity: [_known(result, before.get(entity, ())) for result in results] for entity, results in after.items()}


def _known(result: ScorecardResult, before: Sequence[ScorecardResult]) -> ScorecardResult:
    earlier = next((one for one in before if one.scorecard.id == result.scorecard.id), None)
    if earlier is None:
        return result
    names = {check.check.id for check in earlier.checks}
    return replace(result, checks=tuple(check for check in result.checks if check.check.id in names))
