"""`roadworthy check`: score what lies here, without a server. Imports neither Flask nor the database."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli import options, reports
from app.cli.exits import exit_code
from app.lib import memory


@click.command()
@click.argument("path", type=click.Path(exists=True, allow_dash=True, path_type=Path), default=Path())
@click.option("--format", "output", type=click.Choice(reports.NAMES), default="table", show_default=True)
@click.option(
    "--report", "others", multiple=True, metavar="FORMAT=FILE", help="Write another report, too; may be repeated."
)
@click.option("--fail-under", metavar="LEVEL", help="Exit 1 when an entity is below this level.")
@click.option(
    "--baseline", metavar="FILE|REF", help="Exit 1 only for what is worse than in this file, branch or commit."
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what fails now to a file for --baseline.",
)
@click.option("--stdin-name", default="", metavar="NAME", help="The file name of what comes on standard input.")
@click.option("--to", "goal", default="", metavar="LEVEL", help="Show the whole plan to a level, next, target or top.")
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
    others: tuple[str, ...],
    fail_under: str | None,
    baseline: str | None,
    write_baseline: Path | None,
    stdin_name: str,
    goal: str,
    strict: bool,
    entity: str,
    policy: Path | None,
    server: str | None,
    token: str | None,
    profile: bool,
) -> None:
    """Score a repository, working tree or plain folder: level, what fails and why, and the three cheapest next steps.

    PATH may also be what does not exist yet: a .tar, .tar.gz or .zip of a rendered template, one manifest, Terraform
    file or descriptor, or - for standard input.

    Without a descriptor a provisional component is scored, and said so. What needs the catalog, other repositories or
    live systems is unknown, never a failure; with --server it is asked there, and judged by its scorecards.
    """
    with memory.loading():
        from app.cli import checking
        from app.cli.profile import Profile
        from app.repos.git import Git

        timing = Profile()
        written = [reports.destination(one) for one in others]
        asking = checking.Asking(datetime.now(UTC), entity.lower(), policy, server or "", token or "")
    timing.mark("policy")
    with closing(Git()) as git:
        looked = checking.look(path, sys.stdin.buffer, stdin_name, git, asking.now)
        timing.mark("git")
        report = asking.report(looked, looked.snapshot)
        timing.mark("read and judge")
        options.known_level(fail_under, asking.loaded)
        report = checking.towards(report, goal, asking.loaded)
        if baseline:
            earlier = checking.before(baseline, looked, asking)
            report = report.since(earlier) if earlier is not None else report
            timing.mark("baseline")
    if write_baseline:
        checking.write(write_baseline, report)
    report = asking.with_fixes(report, looked)
    timing.mark("fix")
    for name, file in written:
        file.write_text(reports.render(name, report), "utf-8")
    click.echo(reports.render(output, report), nl=False)
    if profile:
        click.echo(timing.text(), err=True)
    sys.exit(exit_code(report, fail_under, strict=strict))
