"""What a judging depends on, as one fingerprint: while it stands and time turns nothing, judging again says the same.

Facts, the entity as rules see it, the commit, policy and all waivers, and the program itself: a new release may say it
better. Time is the caller's: see `ScorecardResult.steady_until`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

import app
from app.pipeline.scoring import Looked
from app.policy.model import Policy
from app.store.codec import DumpedFacts
from app.store.last import LastJudging

_JUDGES = ("policy/*.py", "facts/model.py", "lib/times.py", "pipeline/judge.py", "pipeline/scoring.py")
"""The program between facts and the stored body of a result."""


def fingerprint(policy: Policy, looked: Looked, facts: Iterable[DumpedFacts], commit: str) -> str:
    """Equal for equal inputs. `facts`: those of `looked`, dumped."""
    seen = [(one.facts.retriever, one.digest, one.facts.expires_at) for one in facts]
    parts = (_program(), policy.version, looked.subject, commit, seen, looked.waivers)
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def still_holds(last: LastJudging, inputs: str, looked: Looked, now: datetime) -> bool:
    """Whether the last judging says what a new one would say now."""
    if last.inputs != inputs or last.judged_at is None or now < last.judged_at:
        return False
    same_cards = last.results.keys() == {card.id for card in looked.scorecards}
    return same_cards and (last.steady_until is None or now < last.steady_until)


@cache
def _program() -> str:
    """Another one for another release, and for another working copy of one."""
    root, found = Path(app.__file__).parent, hashlib.blake2b(digest_size=16)
    for path in sorted(path for pattern in _JUDGES for path in root.glob(pattern)):
        found.update(path.read_bytes())
    return found.hexdigest()
