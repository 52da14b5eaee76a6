"""`roadworthy new KIND NAME`: a golden path's files, and the score they are born with."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options

if TYPE_CHECKING:
    from app.golden_paths.model import GoldenPath, Question
    from app.pipeline.check import Report

NAME = "name"


@click.command()
@click.argument("kind", default="")
@click.argument("name", default="")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="Answer a question; may be repeated.")
@click.option("--output", "folder", type=click.Path(path_type=Path), help="Folder to make.  [default: NAME]")
@click.option("--no-input", is_flag=True, help="Never ask: say what is missing instead.")
@click.option(
    "--golden-paths",
    "templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of golden paths of your own.",
)
@click.option("--policy", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of scorecards.")
@click.option("--server", metavar="URL", help="Score with what this server knows of owners and systems.")
@click.option(
    "--token", envvar="ROADWORTHY_TOKEN", metavar="TOKEN", help="For the server; better in ROADWORTHY_TOKEN than here."
)
@options.output_format
def command(
    kind: str,
    name: str,
    given: tuple[str, ...],
    folder: Path | None,
    no_input: bool,
    templates: Path | None,
    policy: Path | None,
    server: str | None,
    token: str | None,
    output: str,
) -> None:
    """Begin a service, an API, a database or a Kubernetes cluster that meets its scorecard from the first commit.

    Without KIND the golden paths are listed. On a terminal, what is not given is asked; nothing is ever overwritten.
    The files are those that the Backstage template of the same name makes. Last comes the level they are born with, and
    by name what only the catalog or a running system can show.
    """
    from app.cli import new_text
    from app.golden_paths import answers, rendering, writing
    from app.golden_paths.templates import load

    paths = load(templates or options.packaged_golden_paths())
    if not kind:
        click.echo(new_text.listing(paths.values(), output), nl=False)
        return
    path = _known(paths, kind)
    now = datetime.now(UTC)
    said = _said(given, name)
    if folder is not None:
        writing.refuse_if_taken(folder)  # before anything is asked
    asks = not no_input and output != "json" and sys.stdin.isatty()
    complete = answers.complete(path, _asked(path, said, now.date()) if asks else said, now.date())
    target = folder or Path(complete[NAME])
    files = rendering.render(path, complete)
    writing.write(files, target)
    report = _scored(files, complete, now, policy=policy, server=server, token=token or "")
    click.echo(new_text.made(path, target, complete, files, report, output), nl=False)


def _known(paths: Mapping[str, GoldenPath], kind: str) -> GoldenPath:
    if kind not in paths:
        close = difflib.get_close_matches(kind, list(paths), 1)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(paths)}"
        raise click.BadParameter(f"there is no golden path {kind}; {meant}", param_hint="KIND")
    return paths[kind]


def _said(given: tuple[str, ...], name: str) -> dict[str, str]:
    said = {NAME: name} if name else {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{one} is no KEY=VALUE", param_hint="--set")
        said[key] = value
    return said


def _asked(path: GoldenPath, said: Mapping[str, str], today: date) -> dict[str, str]:
    """What was said, and an answer to every other question; a wrong one is asked again."""
    return {**{one.name: _ask(one, today) for one in path.questions if one.name not in said}, **said}


def _ask(question: Question, today: date) -> str:
    from app.errors import GoldenPathError
    from app.golden_paths.answers import default, fitted

    def answer(text: str) -> str:
        try:
            return fitted(question, text.strip())
        except GoldenPathError as error:
            raise click.BadParameter(str(error)) from None

    click.echo(f"\n{question.description}" if question.description else "", err=True)
    shown = default(question, today) if default(question, today) or question.required else ""
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    given: str = click.prompt(
        f"{question.title}{choices}",
        default=shown if shown or not question.required else None,
        value_proc=answer,
        show_default=bool(shown),
        err=True,
    )
    return given


def _scored(
    files: Mapping[str, bytes],
    answers: Mapping[str, str],
    now: datetime,
    *,
    policy: Path | None,
    server: str | None,
    token: str,
) -> Report:
    from app.facts.groups import SCHEMA
    from app.pipeline.birth import snapshot_of
    from app.pipeline.check import check
    from app.policy.documents import load

    snapshot = snapshot_of(files, answers, now)
    loaded = load(policy or options.packaged_scorecards(), SCHEMA) if policy or not server else None
    if server:
        from app.pipeline.remote_check import remote_check

        return remote_check(snapshot, server, token, policy=loaded)[0]
    assert loaded is not None
    return check(snapshot, loaded, now)
