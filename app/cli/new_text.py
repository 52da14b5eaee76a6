"""What `roadworthy new` prints: the golden paths there are, or the files it made and the level they are born with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from app.cli.scorecard_text import STYLE, console, say, text_of
from app.golden_paths.model import GoldenPath
from app.pipeline.birth import Birth, births
from app.pipeline.check import Report
from app.policy.results import to_json


def listing(paths: Iterable[GoldenPath], output: str) -> str:
    """The golden paths and what each asks."""
    if output == "json":
        return json.dumps({"golden_paths": [_described(path) for path in paths]}, indent=2, ensure_ascii=False) + "\n"
    out = console()
    for path in paths:
        out.print(f"[bold]{escape(path.kind)}[/]  {escape(path.title)}")
        say(out, 2, escape(path.description))
        say(out, 2, f"[dim]asks for {escape(', '.join(one.name for one in path.questions))}[/]")
    out.print("\nBegin: roadworthy new KIND NAME")
    return text_of(out)


def _described(path: GoldenPath) -> dict[str, object]:
    asked = [
        {
            "name": one.name,
            "title": one.title,
            "description": one.description,
            "required": one.required,
            "choices": list(one.choices),
        }
        for one in path.questions
    ]
    return {"kind": path.kind, "title": path.title, "description": path.description, "questions": asked}


def made(
    path: GoldenPath,
    folder: Path,
    answers: Mapping[str, str],
    files: Mapping[str, bytes],
    report: Report,
    output: str,
) -> str:
    """The files and the score: level against target for each scorecard, then what could not be seen, by name."""
    if output == "json":
        body = {
            "kind": path.kind,
            "folder": str(folder),
            "files": list(files),
            "answers": dict(answers),
            "births": [_born(one) for one in births(report)],
            "entities": [to_json(judged.subject.ref, judged.results) for judged in report.judged],
        }
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    out = console()
    out.print(f"Made {len(files)} files in [bold]{escape(str(folder))}[/]:")
    for name in files:
        say(out, 2, escape(name))
    for one in births(report):
        _tell(out, one)
    out.print(f"\nNext: read {escape(str(folder / 'README.md'))}, then commit and push.")
    return text_of(out)


def _born(one: Birth) -> dict[str, object]:
    return {
        "entity": one.entity,
        "scorecard": one.scorecard,
        "level": one.level,
        "level_possible": one.possible,
        "target_level": one.target or None,
        "failing": list(one.failing),
        "unseen": dict(one.unseen),
    }


def _tell(out: Console, one: Birth) -> None:
    out.print(f"\n[bold]{escape(one.entity)}[/] [dim]{escape(one.scorecard)}[/]")
    level = f"[{STYLE.get(one.level, 'bold')}]{one.level.replace('_', ' ')}[/]"
    if one.met:
        say(out, 2, f"born {level}" + (f"; its target is {one.target}" if one.target else ""))
    elif one.reaches:
        say(out, 2, f"born {level}; {one.target}, its target, once these are seen")
    else:
        say(out, 2, f"born {level}, below its target {one.target}: {escape(', '.join(one.failing))} fail")
    reasons: dict[str, list[str]] = {}
    for check, why in one.unseen.items():
        reasons.setdefault(why, []).append(check)
    for why, checks in reasons.items():
        say(out, 4, f"[magenta]?[/] {escape(', '.join(checks))} [dim]{escape(why)}[/]")
