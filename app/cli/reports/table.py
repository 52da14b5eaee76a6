"""The table a person reads: each entity's scorecards with its cheapest next steps, then what the files lack."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from app.cli import plan_text
from app.cli.scorecard_text import console, say, scorecard, text_of
from app.formats import ignoring
from app.pipeline.check import Report
from app.pipeline.plans import first_steps, plan_of
from app.policy.change_report import remedy, title_of
from app.policy.compare import Comparison
from app.policy.model import Outcome, ScorecardResult
from app.policy.results import scorecard_json
from app.remediation import offers

_SHOWN = 10
PROVISIONAL = "provisional: no descriptor here names an entity"
_DECLARED_AS = {
    "api_definition": ("a contract of an API", "an API"),
    "database": ("a database", "a Resource of type database"),
    "cluster": ("a cluster", "a Resource of type kubernetes-cluster"),
}
"""Kind of object → what it is, and the entity that has it judged."""


def render(report: Report) -> str:
    out = console()
    for judged in report.judged:
        for result in judged.results:
            note = PROVISIONAL if judged.entity.provisional else ""
            scorecard(out, judged.subject.ref, scorecard_json(result), note)
            if not report.goal and report.fixes is None:
                _mended(out, result)
        if report.goal:
            plan_text.plan(out, plan_of(judged.results, report.goal))
        else:
            first = first_steps(judged.results)
            if report.fixes is not None:  # no repository, where the command could run: the diff stands below
                first = [{**step, "fix": None} for step in first]
            plan_text.steps(out, first, "cheapest next steps")
    _rest(out, report)
    _fixed(out, report)
    if report.comparison is not None:
        _since(out, report.comparison)
    return text_of(out)


def _mended(out: Console, result: ScorecardResult) -> None:
    """The command for each check that has a diff, in the order of the levels."""
    failing = [one for one in result.checks if one.outcome is Outcome.FAIL and one.enforced and not one.blocked_by]
    commands = [command for one in failing if (command := offers.command(one.check))]
    if commands:
        out.print("\n[bold]mended as a diff by[/] roadworthy fix, or one by one")
    for command in commands:
        say(out, 2, escape(command))


def _fixed(out: Console, report: Report) -> None:
    """The diff for what was handed over, and what is asked before more can be mended."""
    for entity, fix in (report.fixes or {}).items():
        if fix["diff"]:
            out.print(f"\n[bold]the fix of {escape(entity)}[/] for git apply")
            out.print(escape(fix["diff"]), soft_wrap=True)
        for asked in fix["questions"]:
            say(out, 2, f"{escape(asked['text'])} [dim]{escape(asked['check'])}[/]")


def _undeclared(report: Report) -> list[str]:
    """What scorecards of its own would judge, had a repository without descriptors one; the first of each kind."""
    if any(not one.entity.provisional or one.entity.ref.kind != "component" for one in report.judged):
        return []
    counted = [one for one in report.inventory.found if not one.ignored] if report.judged else []
    first = {kind: next((one for one in counted if one.object.kind == kind), None) for kind in _DECLARED_AS}
    return [
        f"{one.path} holds {_DECLARED_AS[kind][0]}: declare {_DECLARED_AS[kind][1]} for it, and it is scored, too"
        for kind, one in first.items()
        if one is not None
    ]


def _rest(out: Console, report: Report) -> None:
    if not report.judged:
        out.print("Nothing here is scored: no entity that a scorecard applies to.")
    if report.unscored:
        said = [f"{one.ref} ({_kind(one.spec_text('type'))})" for one in report.unscored]
        out.print()
        say(out, 0, f"[dim]without a scorecard: {escape(_listed(said))}[/]")
        for one in report.unscored:
            if one.provisional:
                say(out, 0, f"[dim]{escape(str(one.metadata.get('description', '')))}[/]")
    for line in _undeclared(report):
        say(out, 0, f"[dim]{escape(line)}[/]")
    counting = [p for p in report.inventory.problems if not ignoring.reason(p.path)]
    _list(out, "problems in files", [f"{p.path}:{p.line} {p.message}" for p in counting])
    unreadable = [place for place in report.inventory.unreadable if not place.ignored]
    _list(out, "can't be read", [f"{place.path}:{place.line} {place.reason}" for place in unreadable])
    _list(out, "belongs to nobody", [f"{one.path}:{one.line} {one.kind}: {one.why}" for one in report.nobodys])


def _since(out: Console, comparison: Comparison) -> None:
    """Last, so that it stands right above the prompt: it is what the exit code says."""
    out.print(f"\n[bold]since the baseline[/] {escape(title_of(comparison).lower())}")
    for turn in comparison.of("worse"):
        check = turn.result.check
        say(out, 2, f"[red]✕[/] {escape(check.title)} [dim]{escape(check.id)}, {escape(turn.entity)}[/]")
        for one in turn.offenders[:_SHOWN]:
            place = f"[cyan]{escape(one.place.path)}:{one.place.line or 1}[/] " if one.place.path else ""
            say(out, 6, f"{place}{escape(one.name)}")
        say(out, 6, escape(remedy(turn)))


def _kind(type_: str) -> str:
    return f"type {type_}" if type_ else "no type"


def _listed(names: list[str], shown: int = 8) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _list(out: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    out.print(f"\n[bold]{title}[/]")
    for line in lines[:_SHOWN]:
        place, _, text = line.partition(" ")
        say(out, 2, f"[cyan]{escape(place)}[/] {escape(text)}")
    if len(lines) > _SHOWN:
        say(out, 2, f"[dim]and {len(lines) - _SHOWN} more[/]")
