"""What one scorecard asks of one tier, worked out once for a policy: in which order, with which parameters, and what
checks over the same list can share. `evaluate` judges thousands of entities by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.policy import wording
from app.policy.model import Check, CheckResult, Entry, Outcome, Policy, Scorecard, Waiver
from app.policy.shifts import instants_of, shifts_of
from app.policy.showing import Showing, showings_of
from app.policy.told import Told
from app.policy.written import Scope

_MAX_PREPARED = 200
"""Questionnaires kept for one policy. Scorecards and tiers are few; strangers' tiers must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One check as one scorecard asks it of one tier. `requires` are positions in the scorecard."""

    check: Check
    level: str
    weight: int
    parameters: Mapping[str, Any]
    enforced_from: datetime | None
    showing: Showing
    stands: Callable[[Any], Any]
    """Says of an item's activation where it stands, or nothing definite (see `Compiler.standing`)."""
    shifts: tuple[timedelta, ...]
    """By how much its rules shift an instant before they compare it with `now`; empty where time plays no part."""
    instants: tuple[datetime, ...]
    """The instants that its rules spell out."""
    position: int = 0
    requires: tuple[int, ...] = ()
    scope: Scope | None = None
    """Which entities it is for, where not for all."""
    beyond: CheckResult | None = None
    """The result of an entity that is not in its scope."""
    excluded: CheckResult | None = None
    """The result where the check is not for this tier, or policy leaves it out."""
    expected: str = ""
    """The rule with the values of its parameters for this tier, as evidence shows it."""
    decided: dict[bytes, Outcome] = field(default_factory=dict, compare=False, repr=False)
    """Where a few items stand → what that means, as `judging` has worked it out."""


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The checks of a scorecard, prerequisites first."""

    scorecard: Scorecard
    asks: tuple[Ask, ...]
    by_check: Mapping[str, Ask]


def questionnaire(policy: Policy, scorecard: Scorecard, tier: str) -> Questionnaire:
    """The questionnaire of this scorecard and tier, made once."""
    key = (id(scorecard), tier)
    known: Questionnaire | None = policy.prepared.get(key)
    if known is not None and known.scorecard is scorecard:
        return known
    if len(policy.prepared) >= _MAX_PREPARED:
        policy.prepared.clear()
    asks = _asks(policy, scorecard, tier)
    made = Questionnaire(scorecard, asks, {ask.check.id: ask for ask in asks})
    policy.prepared[key] = made
    return made


def waivers_of(policy: Policy, ref: str) -> Sequence[Waiver]:
    """The waivers of one entity, in the order of their file."""
    index: dict[str, list[Waiver]] | None = policy.prepared.get("waivers")
    if index is None:
        index = {}
        for waiver in policy.waivers:
            index.setdefault(waiver.entity, []).append(waiver)
        policy.prepared["waivers"] = index
    return index.get(ref, ())


def alone(check: Check, parameters: Mapping[str, Any]) -> Ask:
    """A check asked by itself, as its examples do. `parameters` are named `params.…`."""
    entry = Entry(check=check.id, level="", weight=1)
    return _ask(check, entry, parameters, showings_of([(check, parameters)])[check.id])


def parameters_of(check: Check, entry: Entry, tier: str) -> dict[str, Any]:
    """`params.<name>` → value: the check's default, then by tier, then what the scorecard says."""
    return {
        f"params.{name}": entry.parameters.get(name, parameter.by_tier.get(tier, parameter.default))
        for name, parameter in check.parameters.items()
    }


def _asks(policy: Policy, scorecard: Scorecard, tier: str) -> tuple[Ask, ...]:
    positions = {entry.check: position for position, entry in enumerate(scorecard.entries)}
    parameters = {e.check: parameters_of(policy.checks[e.check], e, tier) for e in scorecard.entries}
    showings = showings_of([(policy.checks[name], given) for name, given in parameters.items()])
    asks = []
    for entry in _ordered(policy, scorecard):
        check = policy.checks[entry.check]
        requires = tuple(positions[name] for name in check.requires if name in positions)
        ask = _ask(check, entry, parameters[check.id], showings[check.id])
        ask = replace(ask, position=positions[check.id], requires=requires)
        asks.append(_narrowed(policy, ask, entry, tier))
    return tuple(asks)


def _ask(check: Check, entry: Entry, parameters: Mapping[str, Any], showing: Showing) -> Ask:
    return Ask(
        check=check,
        level=entry.level,
        weight=entry.weight,
        parameters=parameters,
        enforced_from=entry.enforced_from,
        showing=showing,
        stands=check.standing.eval if check.standing is not None else _no_program,
        shifts=shifts_of(check, parameters),
        instants=instants_of(check),
        expected=wording.of_rule(check.rule_text, parameters),
    )


def _narrowed(policy: Policy, ask: Ask, entry: Entry, tier: str) -> Ask:
    """The same for only those entities that it is for: of a tier, of a scope, of a source within policy's scope."""
    if entry.tiers and tier not in entry.tiers:
        reason = f"asked of {', '.join(entry.tiers)} only; this is {tier or 'without a tier'}"
        return replace(ask, excluded=_not_asked(ask, reason))
    if entry.scope is not None:
        ask = replace(ask, scope=entry.scope, beyond=_not_asked(ask, f"asked only of {entry.scope.title}"))
    if {ask.check.id, ask.check.area} & set(policy.settings.get("sources_out_of_scope") or ()):
        return replace(ask, excluded=_not_asked(ask, "policy leaves this source out of scope"))
    return ask


def _not_asked(ask: Ask, reason: str) -> CheckResult:
    nowhere = Outcome.NOT_APPLICABLE
    return CheckResult(ask.check, ask.level, ask.weight, nowhere, nowhere, known=Told(reason=reason))


def _no_program(_activation: Any) -> Any:
    raise LookupError


def _ordered(policy: Policy, scorecard: Scorecard) -> Sequence[Entry]:
    """Entries with prerequisites first, whatever their order in the document. Cycles were refused at load."""
    entries = {entry.check: entry for entry in scorecard.entries}
    done: dict[str, Entry] = {}

    def visit(name: str) -> None:
        if name in done or name not in entries:
            return
        for prerequisite in policy.checks[name].requires:
            visit(prerequisite)
        done[name] = entries[name]

    for name in entries:
        visit(name)
    return list(done.values())
