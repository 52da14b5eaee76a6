"""What `fix` says beside the diff: what it mends and why, what is asked, what is left and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.cli import scorecard_text
from app.cli.scorecard_text import say
from app.lib import times
from app.remediation.model import Question, Refusal
from app.remediation.proposal import Proposal, levels_json

_MOST = 5


def beside(proposals: Sequence[Proposal], written: Sequence[str] | None = None) -> str:
    """`written`: the files that were changed; None where a diff was printed."""
    out = scorecard_text.console()
    if not proposals:
        out.print("Nothing here is scored, so there is nothing to mend: roadworthy check says why.")
    for one in proposals:
        out.print(f"\n[bold]{escape(one.entity)}[/]")
        for level in levels_json(one):
            before, after = _standing(level, "before"), _standing(level, "after")
            say(out, 2, f"{level['scorecard']}: {before}" + (f" → [bold]{after}[/]" if before != after else ""))
        _steps(out, one)
        _asked(out, one)
        _left(out, one)
    if written is not None:
        out.print(f"\n{len(written)} files written." if written else "\nNothing to write.")
        for path in written:
            say(out, 2, escape(path))
    return scorecard_text.text_of(out)


def _standing(level: Mapping[str, Any], when: str) -> str:
    possible = level[f"possible_{when}"]
    seen = f" ({possible} if all that is unseen passes)" if possible != level[when] else ""
    return f"{level[when]}{seen}, score {_score(level[f'score_{when}'])}"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _steps(out: Console, one: Proposal) -> None:
    for step in one.steps:
        result = "now passes" if step.outcome == "pass" else f"{step.outcome} still: {step.reason}"
        kind = "skeleton, " if step.kind == "skeleton" else ""
        say(out, 2, f"[green]±[/] {escape(step.check.title)} [dim]({step.check.id}, {kind}{escape(result)})[/]")
        for path, whys in sorted(step.whys.items()):
            say(out, 6, f"{escape(path)}: {escape('; '.join(whys[:_MOST]))}{_more(whys)}")
        say(out, 6, f"[dim]{escape(step.check.why)} By hand about {times.format_duration(step.check.effort)}.[/]")
    for told in one.notes:
        say(out, 2, f"[yellow]![/] {escape(str(told.said))}")


def _asked(out: Console, one: Proposal) -> None:
    if one.questions:
        say(out, 2, "[bold]asked for, since only you know[/]")
    for told in one.questions:
        question: Question = told.said
        say(out, 4, f"[bold]--set {escape(question.key)}=…[/] {escape(question.text)} [dim]({told.check.id})[/]")
        if question.suggestions:
            say(out, 8, f"[dim]perhaps: {escape(', '.join(question.suggestions))}[/]")


def _left(out: Console, one: Proposal) -> None:
    if one.refusals or one.unfixed:
        say(out, 2, "[bold]left as it is[/]")
    alike: dict[tuple[str, str], list[str]] = {}
    for told in one.refusals:
        refusal: Refusal = told.said
        place = f"{refusal.path}:{refusal.line}" if refusal.line else refusal.path
        alike.setdefault((told.check.id, refusal.why), []).append(place)
    for (check, why), places in alike.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        say(out, 4, f"{escape(places[0])}{more}{': ' if places[0] else ''}{escape(why)} [dim]({check})[/]")
    for told in one.unfixed:
        say(out, 4, f"{told.check.id}: {escape(str(told.said))}")


def _more(whys: Sequence[str]) -> str:
    return f"; and {len(whys) - _MOST} more" if len(whys) > _MOST else ""
