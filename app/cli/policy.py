"""`roadworthy policy lint|test|preview`: scorecards checked before they are rolled out."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options
from app.errors import PolicyError

if TYPE_CHECKING:
    from app.policy.model import Policy

_FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)


@click.group()
def command() -> None:
    """Check, test and preview scorecards."""


@command.command()
@_FOLDER
@click.option(
    "--golden-paths",
    "templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of golden paths of your own.",
)
@click.option("--strict", is_flag=True, help="Exit 1 when a golden path would be born below its target.")
@options.output_format
def lint(folder: Path | None, templates: Path | None, strict: bool, output: str) -> None:
    """Say everything that is wrong in the documents of FOLDER, with file, line and column.

    A good policy is tried on every golden path at every tier: those that would be born below their target are named,
    with the checks that fail, so that new services never begin with a debt that nobody chose.
    """
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
    below = _below(policy, templates or options.packaged_golden_paths())
    body = {"problems": [], **counts, "golden_paths_below_target": below}
    click.echo(json.dumps(body, indent=2) if output == "json" else "\n".join([text, *map(_told, below)]))
    sys.exit(1 if strict and below else 0)


def _below(policy: Policy, folder: Path) -> list[dict[str, Any]]:
    """Every golden path that the policy would leave below its target, as `new` would make it today."""
    from app.golden_paths.templates import load
    from app.pipeline.birth import try_out

    return [
        {
            "golden_path": tried.kind,
            "tier": tried.tier,
            "entity": one.entity,
            "scorecard": one.scorecard,
            "target_level": one.target,
            "level_possible": one.possible,
            "failing": list(one.failing),
        }
        for tried in try_out(load(folder).values(), policy, datetime.now(UTC))
        for one in tried.below
    ]


def _told(one: dict[str, Any]) -> str:
    path = f"golden path {one['golden_path']}" + (f" at {one['tier']}" if one["tier"] else "")
    level = one["level_possible"].replace("_", " ")
    checks = ", ".join(one["failing"])
    return f"{path}: {level} at most, below its target {one['target_level']}, on {one['scorecard']}: {checks}"


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


@command.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.config
@click.option("--server", metavar="URL", help="Ask what this server has stored, instead of the settings' database.")
@click.option(
    "--token", envvar="ROADWORTHY_TOKEN", metavar="TOKEN", help="For the server; better in ROADWORTHY_TOKEN than here."
)
@click.option("--strict", is_flag=True, help="Exit 1 when an entity would lose a level.")
@options.output_format
def preview(folder: Path, config: Path, server: str | None, token: str | None, strict: bool, output: str) -> None:
    """Say whose level and which checks the scorecards of FOLDER would turn, before they are rolled out.

    Every entity that has results is judged again by FOLDER from its stored facts; nothing is crawled and nothing kept.
    What FOLDER says of attribution, and of where facts are found, shows only in the next crawl.

    Exit code: 0 the impact was told, however large; 1 with --strict, an entity would lose a level; 2 FOLDER, the
    settings or the token are refused; 3 the server can't be asked, or nothing has been judged yet.
    """
    from app.cli import policy_impact
    from app.facts.groups import SCHEMA
    from app.policy.documents import load

    policy = load(folder, SCHEMA)
    if server:
        from app.pipeline.remote_preview import remote_preview

        found = remote_preview(policy, server, token or "")
    else:
        found = policy_impact.here(policy, options.settings_of(config))
    body = policy_impact.body(policy, found)
    click.echo(json.dumps(body, indent=2) + "\n" if output == "json" else policy_impact.text(body), nl=False)
    lost = any(card["down"] for card in body["scorecards"])
    sys.exit(3 if not found.looked_at else 1 if strict and lost else 0)
