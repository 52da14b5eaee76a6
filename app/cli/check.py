"""`roadworthy check`: score what lies here, without a server. Imports neither Flask nor the database."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli import options, reports
from app.cli.exits import exit_code


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path())
@click.option("--format", "output", type=click.Choice(reports.NAMES), default="table", show_default=True)
@click.option("--fail-under", metavar="LEVEL", help="Exit 1 when an entity is below this level.")
@click.option("--strict", is_flag=True, help="Exit 3 when something could not be read.")
@click.option("--entity", default="", metavar="REF", help="Only this entity.")
@click.option("--policy", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of scorecards.")
@click.option("--server", metavar="URL", help="Also use what this server knows: catalog, inherited and reported facts.")
@click.option(
    "--token", envvar="ROADWORTHY_TOKEN", metavar="TOKEN", help="For the server; better in ROADWORTHY_TOKEN than here."
)
@click.option("--profile", is_flag=True, help="Print where the time went.")
def command(
    path: Path,
    output: str,
    fail_under: str | None,
    strict: bool,
    entity: str,
    policy: Path | None,
    server: str | None,
    token: str | None,
    profile: bool,
) -> None:
    """Score a repository, working tree or plain folder: level, what fails and why, and the three cheapest next steps.

    Without a descriptor a provisional component is scored, and said so. What needs the catalog, other repositories or
    live systems is unknown, never a failure; with --server it is asked there, and judged by its scorecards.
    """
    from app.cli.profile import Profile
    from app.facts.groups import SCHEMA
    from app.pipeline.check import check
    from app.policy.documents import load
    from app.repos.git import Git
    from app.repos.worktree import WorkingTree

    timing = Profile()
    loaded = load(policy or options.packaged_scorecards(), SCHEMA) if policy or not server else None
    timing.mark("policy")
    git = Git()
    tree = WorkingTree(path, git)
    timing.mark("git")
    inside = path.resolve().relative_to(tree.root).as_posix()
    where = {"folder": "" if inside == "." else inside, "entity": entity.lower()}
    if server:
        from app.pipeline.remote_check import remote_check

        report, loaded = remote_check(tree, server, token or "", policy=loaded, **where)
    else:
        assert loaded is not None
        report = check(tree, loaded, datetime.now(UTC), **where)
    timing.mark("read and judge")
    options.known_level(fail_under, loaded)
    click.echo(reports.render(output, report), nl=False)
    if profile:
        click.echo(timing.text(), err=True)
    git.close()
    sys.exit(exit_code(report, fail_under, strict=strict))
