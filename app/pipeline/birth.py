"""What a golden path is born with: rendered, scored in memory, set against its target. For `new` and `policy lint`.

Nothing is written and nobody is asked. A catalog has not seen it yet and nothing runs, so some checks stay unknown;
they are told by name, and count for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.golden_paths import answers as answering
from app.golden_paths.model import GoldenPath
from app.golden_paths.rendering import render
from app.pipeline.check import Report, check
from app.policy.model import Outcome, Policy, ScorecardResult
from app.repos.memory import MemorySnapshot

REPOSITORY, TIER = "repoUrl", "tier"
"""Questions whose answers are more than text here: where it will lie, and which target it has."""


@dataclass(frozen=True, slots=True)
class Birth:
    """One entity on one scorecard, on the day it is made. `failing` are check ids; `unseen` gives each its reason."""

    entity: str
    scorecard: str
    level: str
    possible: str
    target: str
    failing: tuple[str, ...]
    unseen: Mapping[str, str]
    reaches: bool
    """The target is met, or would be if everything unseen were good."""
    met: bool


def snapshot_of(files: Mapping[str, bytes], answers: Mapping[str, str], now: datetime) -> MemorySnapshot:
    """The files as the repository that they are meant for."""
    return MemorySnapshot(files, url=url_of(answers.get(REPOSITORY, "")), now=now)


def url_of(picked: str) -> str:
    """`github.com?owner=acme&repo=orders` → `https://github.com/acme/orders`."""
    host, _, query = picked.partition("?")
    parts = dict(one.partition("=")[::2] for one in query.split("&"))
    if not host or not parts.get("repo"):
        return "https://git.example/new"
    owner = parts.get("owner", "").replace("%2F", "/")
    return f"https://{host}/{owner}/{parts['repo']}"


def births(report: Report) -> list[Birth]:
    """How each scored entity of a report stands."""
    return [_birth(judged.subject.ref, result) for judged in report.judged for result in judged.results]


def _birth(entity: str, result: ScorecardResult) -> Birth:
    card, target = result.scorecard, result.target_level
    failing = [one for one in result.checks if one.outcome in (Outcome.FAIL, Outcome.ERROR) and one.enforced]
    rank = card.rank(target) if target else 0
    return Birth(
        entity=entity,
        scorecard=card.id,
        level=result.level,
        possible=result.level_possible,
        target=target,
        failing=tuple(one.check.id for one in failing),
        unseen={one.check.id: one.reason for one in result.checks if one.outcome is Outcome.UNKNOWN},
        reaches=card.rank(result.level_possible) >= rank,
        met=card.rank(result.level) >= rank,
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """A golden path at one tier under a policy, and how its entities stand."""

    kind: str
    tier: str
    births: tuple[Birth, ...]

    @property
    def below(self) -> tuple[Birth, ...]:
        return tuple(one for one in self.births if not one.reaches)


def try_out(paths: Iterable[GoldenPath], policy: Policy, now: datetime) -> Iterator[Tried]:
    """Every path at every tier that both it and the policy know, rendered with its own examples as answers."""
    for path in paths:
        question = path.question(TIER)
        tiers = [tier for tier in question.choices if tier in policy.tiers] if question else []
        examples = {one.name: one.example for one in path.questions if one.example}
        for tier in tiers or [""]:
            given = examples | ({TIER: tier} if tier else {})
            answers = answering.complete(path, given, now.date())
            report = check(snapshot_of(render(path, answers), answers, now), policy, now)
            yield Tried(path.kind, tier, tuple(births(report)))
