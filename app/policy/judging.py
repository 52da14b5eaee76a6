"""One check on one entity's facts: the rule's answer. What is told of it is `telling`'s. Pure.

An `each` rule counts items three ways (see `counting`). Unknown items count both ways: the check passes if it holds
with all of them failing, fails if it fails with all of them passing, and is unknown otherwise.
"""

from __future__ import annotations

from app.policy.asks import Ask
from app.policy.counting import outcome_of, standings_of
from app.policy.model import CheckResult, Outcome
from app.policy.rules import ask as ask_rule
from app.policy.rules import reply
from app.policy.scene import Scene

_PASS, _FAIL, _UNKNOWN, _ERROR = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR
_FEW = 3
"""Items whose standings, at most 84 different ones, are decided once for each check."""
Clue = bytes | str | CheckResult | None
"""Where each item stands (`counting`); the name that is absent, of an unknown; what is broken, of an error; the
prerequisite that blocks. Small and flat, since every result of every entity holds one.
"""
Verdict = tuple[Outcome, Clue]
"""A check's answer before waivers and enforcement."""


def judge(ask: Ask, scene: Scene) -> Verdict:
    """The verdict of one check."""
    return _each(ask, scene) if ask.check.each else _require(ask, scene)


def _require(ask: Ask, scene: Scene) -> Verdict:
    data, activation = scene.whole(ask.showing)
    try:
        value = ask.stands(activation).value()
    except Exception:  # noqa: BLE001 (an exceeded budget, or something can't be held: asked again below)
        value = None
    if value is True:
        return _PASS, None
    if value is False:
        return _FAIL, None
    rule = ask.check.require
    if activation is None:  # perhaps only what another rule uses can't be held: this one is asked by itself
        answer = ask_rule(rule, scene.used(rule.names, ask.parameters))
    else:
        answer = reply(rule, data, activation)
    if answer.value is not None:
        return (_PASS if answer.value else _FAIL), None
    return (_ERROR, answer.error) if answer.error else (_UNKNOWN, answer.absent[0])


def _each(ask: Ask, scene: Scene) -> Verdict:
    items = scene.items(ask.showing)
    if items is None:
        return _UNKNOWN, ask.check.each
    if items.no_list:
        return _ERROR, items.wrong
    standings, broken = standings_of(ask, items)
    if broken:
        return _ERROR, broken
    if items.unread.count or len(standings) > _FEW:
        return outcome_of(ask.check, standings, items.unread.count), standings
    known = ask.decided.get(standings)
    if known is None:
        known = ask.decided[standings] = outcome_of(ask.check, standings, 0)
    return known, standings
