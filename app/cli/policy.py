"""`roadworthy policy lint|test`: scorecards checked before they are rolled out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli import options
from app.errors import PolicyError

_FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)


@click.group()
def command() -> None:
    """Check and test scorecards."""


@command.command()
@_FOLDER
@options.output_format
def lint(folder: Path | None, output: str) -> None:
    """Say everything that is wrong in the documents of FOLDER, with file, line and column."""
    from app.facts.groups import SCHEMA
    from app.policy.documents import load

    try:
        policy = load(folder or options.packaged_scorecards(), SCHEMA)
    except PolicyError as error:
        problems = [
            {"path": one.path, "line": one.line, "column": one.column, "message": one.message} for one in error.problems
        ]
        click.echo(
            json.dumps({"problems": problems}, indent=2) if output == "json" else str(error), err=output != "json"
        )
        sys.exit(2)
    counts = {"checks": len(policy.checks), "scorecards": sorted(policy.scorecards), "version": policy.version}
    text = f"{counts['checks']} checks and {len(policy.scorecards)} scorecards are good (version {policy.version})."
    click.echo(json.dumps({"problems": [], **counts}) if output == "json" else text)


@command.command()
@_FOLDER
@options.output_format
def test(folder: Path | None, output: str) -> None:
    """Run every example of every check."""
    from app.facts.groups import SCHEMA
    from app.policy.documents import load
    from app.policy.examples import run_examples

    policy = load(folder or options.packaged_scorecards(), SCHEMA)
    failures = run_examples(policy)
    total = sum(len(check.examples) for check in policy.checks.values())
    if output == "json":
        click.echo(json.dumps({"examples": total, "failures": [str(failure) for failure in failures]}, indent=2))
    else:
        for failure in failures:
            click.echo(str(failure), err=True)
        click.echo(f"{total - len(failures)} of {total} examples give what they say.")
    sys.exit(2 if failures else 0)
