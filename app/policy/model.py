"""Policy and results as shapes: what is asked, and what the answer was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from app.lib.times import parse_duration
from app.policy.rules import Rule
from app.policy.told import Evidence, Offender, Told
from app.policy.written import Example, Parameter, Scope

LONGEST_WAIVER = timedelta(days=90)
"""Where policy.yaml names no other."""
_NO_FACTS = ("params.", "entity.", "item.")


class Outcome(StrEnum):
    """See docs/scoring.md. Unknown and error are neither pass nor fail."""

    PASS = "pass"  # noqa: S105 (an outcome)
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question. A rule is `require`, or `each` with `where`, `require`, `unknown`, and `at_least` or `minimum`."""

    id: str
    title: str
    area: str
    why: str
    source: str
    owner: str
    remediation: str
    effort: timedelta
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """What is mended first where it fails too: it decides the order of a plan and no outcome."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    each: str = ""
    where: Rule | None = None
    require: Rule
    unknown: Rule | None = None
    standing: Any = None
    """`where`, `unknown` and `require` in one program (`Compiler.standing`); without it they are asked one by one."""
    at_least: float = 1.0
    minimum: int = 0
    include_ignored: bool = False
    fix: str = ""
    help_url: str = ""
    examples: tuple[Example, ...] = ()
    path: str = ""
    line: int = 1
    rules: tuple[Rule, ...] = field(init=False, compare=False, repr=False)
    """`where`, `require` and `unknown`, those it has."""
    names: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """What its rules use."""
    item_paths: tuple[tuple[str, str, tuple[str, ...]], ...] = field(init=False, compare=False, repr=False)
    """Of these the item's fields: (name, first key, further keys)."""
    shown: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """The facts that a rule without `each` shows as its evidence."""
    rule_text: str = field(init=False, compare=False, repr=False)
    """The rule as a person reads it."""

    def __post_init__(self) -> None:
        rules = tuple(rule for rule in (self.where, self.require, self.unknown) if rule is not None)
        names = tuple(dict.fromkeys(name for rule in rules for name in rule.names))
        split = [(name, name.split(".")) for name in names if name.startswith("item.")]
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "item_paths", tuple((name, parts[1], tuple(parts[2:])) for name, parts in split))
        own = tuple(name for name in self.require.names if name != "now" and not name.startswith(_NO_FACTS))
        object.__setattr__(self, "shown", own)
        object.__setattr__(self, "rule_text", self._rule_text())

    def _rule_text(self) -> str:
        if not self.each:
            return self.require.source
        where = f" where {self.where.source}" if self.where else ""
        share = f"at least {self.minimum}" if self.minimum else "all" if self.at_least == 1 else f"{self.at_least:.0%}"
        return f"{share} of {self.each}{where}: {self.require.source}"


@dataclass(frozen=True, slots=True)
class Level:
    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A check as one scorecard uses it. `tiers` empty: every tier; no `scope`: every entity of the scorecard."""

    check: str
    level: str
    weight: int
    tiers: tuple[str, ...] = ()
    scope: Scope | None = None
    enforced_from: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    id: str
    title: str
    description: str
    owner: str
    applies_to: Rule
    levels: tuple[Level, ...]
    entries: tuple[Entry, ...]
    targets: Mapping[str, str]
    required_areas: tuple[str, ...] = ()
    ranks: Mapping[str, int] = field(init=False, compare=False, repr=False)
    """Level → its rank, from 1."""
    by_check: Mapping[str, Entry] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", {level.id: number for number, level in enumerate(self.levels, 1)})
        object.__setattr__(self, "by_check", {entry.check: entry for entry in self.entries})

    def rank(self, level: str) -> int:
        """1 for the first level, and so on; 0 for `none`, −1 for `not_rated`."""
        return self.ranks.get(level, -1 if level == "not_rated" else 0)


@dataclass(frozen=True, slots=True)
class Waiver:
    """An agreed exception. It ends at `until`; what it hides stays visible in `raw_level`.

    `id`: of one that was granted over the API; 0 for one of policy's file.
    """

    entity: str
    check: str
    reason: str
    until: datetime
    approved_by: str
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that was loaded from one folder. `version` is a digest of its documents."""

    checks: Mapping[str, Check]
    scorecards: Mapping[str, Scorecard]
    waivers: tuple[Waiver, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`policy.yaml`: tiers, types, keys by which files and entities are understood."""
    version: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    """File name → text: enough to load the same policy again."""
    prepared: dict[Any, Any] = field(init=False, compare=False, repr=False, default_factory=dict)
    """What `asks` has worked out of this policy; nobody else's."""

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(self.settings.get("tiers", ()))

    @property
    def default_tier(self) -> str:
        return str(self.settings.get("default_tier", ""))

    def place(self, scorecard: str) -> int:
        """Where policy has a scorecard shown; one that it no longer has comes last."""
        return list(self.scorecards).index(scorecard) if scorecard in self.scorecards else len(self.scorecards)

    @property
    def longest_waiver(self) -> timedelta:
        """How long a waiver that is granted over the API may hold; zero: none may be."""
        stated: Any = self.settings.get("waivers")
        longest = stated.get("longest") if isinstance(stated, dict) else None
        return LONGEST_WAIVER if longest is None else parse_duration(str(longest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The entity as rules see it. References are canonical texts, "" when there is none."""

    ref: str
    kind: str
    type: str = ""
    lifecycle: str = ""
    tier: str = ""
    namespace: str = "default"
    name: str
    owner: str = ""
    system: str = ""
    tags: tuple[str, ...] = ()
    api_types: tuple[str, ...] = ()
    """Types of the APIs that it provides, or its own when it is one: openapi, graphql, grpc …"""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class Teller(Protocol):
    def tell(self, result: CheckResult) -> Told: ...


@dataclass(slots=True, eq=False)
class CheckResult:
    """One check on one entity. `raw` is the outcome before a waiver. Not `enforced`: shown, but does not count yet.

    Many are made, few are read: so it is not frozen (that doubles its cost), and `teller` works out what is told of it
    when first asked, from facts that stay as they are."""

    check: Check
    level: str
    weight: int
    outcome: Outcome
    raw: Outcome
    waiver: Waiver | None = None
    enforced: bool = True
    turns_at: datetime | None = None
    teller: Teller | None = None
    clue: bytes | str | CheckResult | None = None
    """What the teller needs to know besides the facts: see `judging.Clue`."""
    known: Told | None = None

    @property
    def told(self) -> Told:
        if self.known is None:
            self.known = self.teller.tell(self) if self.teller is not None else Told()
        return self.known

    @property
    def reason(self) -> str:
        return self.told.reason

    @property
    def code(self) -> str:
        return self.told.code

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return self.told.evidence

    @property
    def offenders(self) -> tuple[Offender, ...]:
        return self.told.offenders

    @property
    def offenders_total(self) -> int:
        return self.told.offenders_total

    @property
    def remediation(self) -> str:
        return self.told.remediation

    @property
    def blocked_by(self) -> str:
        return self.told.blocked_by

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CheckResult) and self._compared() == other._compared()

    __hash__ = None  # type: ignore[assignment]

    def _compared(self) -> tuple[Any, ...]:
        own = (self.check, self.level, self.weight, self.outcome, self.raw, self.waiver, self.enforced, self.turns_at)
        return (*own, self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardResult:
    """One entity against one scorecard. `score` is None when nothing was judged; shares are 0..1."""

    scorecard: Scorecard
    level: str
    level_possible: str
    raw_level: str
    target_level: str
    score: float | None
    coverage: float | None
    as_of: datetime | None
    valid_until: datetime | None
    commit: str
    policy_version: str
    checks: tuple[CheckResult, ...]
    steady_until: datetime | None = None
    """Until then nothing of it changes by time, not even what is told; None: ever. An outcome turns no earlier."""

    @property
    def meets_target(self) -> bool | None:
        """None when its tier has no target."""
        if not self.target_level:
            return None
        return self.scorecard.rank(self.level) >= self.scorecard.rank(self.target_level)
