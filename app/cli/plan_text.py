"""A plan as a person reads it in a terminal: the first steps, or all towards a level. For `check` and `explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.cli.scorecard_text import STYLE, say

_MANY = 8


def steps(out: Console, planned: Sequence[Mapping[str, Any]], title: str) -> None:
    """What to do, in the order to work in."""
    if planned:
        out.print(f"\n[bold]{title}[/]")
    for number, step in enumerate(planned, 1):
        _step(out, number, step, f", towards {step['towards']}")


def plan(out: Console, found: Mapping[str, Any]) -> None:
    """All that stands before the goal, level by level, then what must be seen."""
    out.print(f"\n[bold]the cheapest plan to {_goal(found['goal'])}[/] [dim]{_effort(found)}[/]")
    for one in found["goals"]:
        say(out, 2, f"{escape(one['title'])}: {_standing(one)}")
    for level, group in groupby(enumerate(found["items"], 1), key=lambda pair: str(pair[1]["towards"])):
        out.print(f"[{STYLE.get(level, 'bold')}]{escape(level)}[/]")
        for number, step in group:
            _step(out, number, step)
    if found["unseen"]:
        out.print("[bold]needs to be seen[/]")
    for one in found["unseen"][:_MANY]:
        say(out, 2, f"{escape(one['title'])} [dim]{escape(one['check'])}: {escape(one['reason'])}[/]")
    if len(found["unseen"]) > _MANY:
        rest = ", ".join(one["check"] for one in found["unseen"][_MANY:])
        say(out, 2, f"[dim]and {len(found['unseen']) - _MANY} more: {escape(rest)}[/]")


def _step(out: Console, number: int, step: Mapping[str, Any], towards: str = "") -> None:
    cards = dict.fromkeys(need["scorecard"] for need in step["serves"])
    serves = f", serves {escape(' and '.join(cards))}" if len(cards) > 1 else ""
    say(out, 2, f"{number}. {escape(step['title'])} [dim](about {step['effort']}{towards}{serves})[/]")
    if step["waits_for"]:
        say(out, 5, f"[dim]waits for {escape(', '.join(step['waits_for']))}, and may pass with it[/]")
        return
    say(out, 5, escape(step["remediation"]))
    if step["fix"]:
        say(out, 5, f"[cyan]{escape(step['fix']['command'])}[/] [dim]{_OFFERS[step['fix']['kind']]}[/]")


_OFFERS = {
    "fix": "shows the fix as a diff",
    "skeleton": "shows a skeleton to fill",
}


def _goal(goal: str) -> str:
    return {"next": "the next level", "target": "the target", "top": "the top"}.get(goal, escape(goal))


def _effort(found: Mapping[str, Any]) -> str:
    if not found["items"]:
        return "nothing to mend"
    least, most = found["effort"], found["effort_at_most"]
    return f"about {least}" if least == most else f"about {least}, at most {most} with what waits"


def _standing(one: Mapping[str, Any]) -> str:
    now, goal = str(one["level"]).replace("_", " "), one["goal"]
    if one["reached"]:
        return f"{escape(now)}, there already" if goal else f"{escape(now)}, nothing is above"
    if not goal:
        return f"{escape(now)}, out of reach: {escape(one['why'])}"
    unseen = f", {one['unseen']} to be seen" if one["unseen"] else ""
    return f"{escape(now)} → {escape(goal)} with {one['steps']} step{'' if one['steps'] == 1 else 's'}{unseen}"
