"""A scorecard as a person reads it, from the one JSON shape of results: for `check` and `explain`.

Level first, then what fails with its place, grouped by level; what a failing check blocks stands in one line under it;
what could not be seen stands apart, by reason.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

STYLE = {"bronze": "dark_orange3", "silver": "grey70", "gold": "gold3", "none": "red", "not_rated": "magenta"}
_SHOWN = 5
_SHORT = 3
"""That many things that fall short are worth a look where one of them is needed."""
_PIPE_WIDTH = 160
Check = Mapping[str, Any]


def console() -> Console:
    """Colours and the terminal's width on a terminal; plain and wide in a pipe. Writes into a text."""
    terminal = sys.stdout.isatty()
    colour = terminal and "NO_COLOR" not in os.environ
    width = None if terminal else _PIPE_WIDTH
    return Console(
        file=io.StringIO(), force_terminal=colour, no_color=not colour, width=width, highlight=False, emoji=False
    )


def text_of(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return "\n".join(line.rstrip() for line in out.file.getvalue().split("\n"))


def scorecard(out: Console, entity: str, card: Mapping[str, Any], note: str = "") -> None:
    """One scorecard of one entity; `note` stands beside the name."""
    beside = f" [dim]({escape(note)})[/]" if note else ""
    out.print(f"\n[bold]{escape(entity)}[/]{beside}")
    say(out, 0, " · ".join(_standing(card)))
    failing = [one for one in card["checks"] if one["outcome"] in ("fail", "error") and one["enforced"]]
    for level in dict.fromkeys(check["level"] for check in card["checks"]):
        _level(out, level, [check for check in failing if check["level"] == level], failing)
    _later(out, [one for one in card["checks"] if one["outcome"] == "fail" and not one["enforced"]])
    _unseen(out, [check for check in card["checks"] if check["outcome"] == "unknown"])


def say(out: Console, indent: int, markup: str) -> None:
    """A paragraph whose wrapped lines keep its indent."""
    out.print(Padding(markup, (0, 0, 0, indent)))


def _standing(card: Mapping[str, Any]) -> Iterable[str]:
    level = card["level"]
    yield f"level [{STYLE.get(level, 'bold')}]{level.replace('_', ' ')}[/]"
    if card["level_possible"] != level:
        yield f"{card['level_possible'].replace('_', ' ')} is possible"
    if card["target_level"]:
        yield f"target {card['target_level']}"
    yield "nothing judged" if card["score"] is None else f"score {card['score']:.0%}"
    yield f"coverage {card['coverage'] or 0:.0%}"
    yield f"[dim]{escape(card['id'])}[/]"


def _level(out: Console, level: str, failing: Sequence[Check], every: Sequence[Check]) -> None:
    own = [check for check in failing if not check["blocked_by"]]
    if not own:
        return
    out.print(f"[{STYLE.get(level, 'bold')}]{escape(level)}[/]")
    for check in own:
        say(out, 2, f"[red]✕[/] {escape(check['title'])} [dim]{escape(check['id'])}[/]")
        if check["reason"]:
            say(out, 6, escape(check["reason"]))
        _places(out, check)
        waiting = [other["id"] for other in every if other["blocked_by"] == check["id"]]
        if waiting:
            say(out, 6, f"[dim]{len(waiting)} more wait for it: {escape(', '.join(waiting))}[/]")


def _places(out: Console, check: Check) -> None:
    """Its offenders, those at one place that look alike once. Where some number is needed, many that fall short are no
    offenders to a person."""
    if check["reason"].endswith(" needed") and check["offenders_total"] > _SHORT:
        return
    offenders = check["offenders"] or [one for one in check["evidence"] if one["path"]][:1]
    lines = list(dict.fromkeys(_place(one) for one in offenders))
    for line in lines[:_SHOWN]:
        say(out, 6, line)
    more = check["offenders_total"] - len(offenders) + len(lines) - _SHOWN
    if more > 0:
        say(out, 6, f"[dim]and {more} more[/]")


def _place(one: Mapping[str, Any]) -> str:
    place = f"{one['path']}:{one['line'] or 1}" if one["path"] else one["url"] or one["repository"] or ""
    words = [escape(text) for text in (one.get("name", ""), one["observed"] if "name" in one else "") if text]
    return f"[cyan]{escape(place)}[/] {', '.join(words)}".rstrip()


def _later(out: Console, checks: Sequence[Check]) -> None:
    if checks:
        out.print("[bold]will count later[/]")
    for check in checks:
        say(out, 2, f"[dim]{escape(check['id'])}: {escape(check['reason'])}[/]")


def _unseen(out: Console, checks: Sequence[Check]) -> None:
    """By reason, the commonest cause being one for many checks; those that only wait for another stand with it."""
    reasons: dict[str, list[str]] = {}
    for check in checks:
        said = check["reason"].removeprefix(f"blocked by {check['blocked_by']}: ")
        reasons.setdefault(said, []).append(check["id"])
    if reasons:
        out.print("[bold]could not see[/] [dim](never a failure)[/]")
    for reason, names in reasons.items():
        say(out, 2, f"[magenta]?[/] {escape(reason)}")
        say(out, 6, f"[dim]{escape(', '.join(names))}[/]")
