"""`roadworthy check`: score what lies here, without a server. Imports neither Flask nor the database."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options, reports
from app.cli.exits import exit_code

if TYPE_CHECKING:
    from app.pipeline.check import Report
    from app.repos.model import Snapshot


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
    from app.cli import checking
    from app.cli.profile import Profile
    from app.facts.groups import SCHEMA
    from app.pipeline.check import check
    from app.policy.documents import load
    from app.repos.git import Git

    timing, now = Profile(), datetime.now(UTC)
    written = [reports.destination(one) for one in others]
    loaded = load(policy or options.packaged_scorecards(), SCHEMA) if policy or not server else None
    timing.mark("policy")
    git = Git()
    looked = checking.look(path, sys.stdin.buffer, stdin_name, git, now)
    timing.mark("git")

    def judged(snapshot: Snapshot) -> Report:
        nonlocal loaded
        where = {"folder": looked.folder, "entity": entity.lower()}
        if server:
            from app.pipeline.remote_check import remote_check

            report, loaded = remote_check(snapshot, server, token or "", policy=loaded, unborn=looked.unborn, **where)
            return report
        assert loaded is not None
        return check(snapshot, loaded, now, unborn=looked.unborn, **where)

    report = judged(looked.snapshot)
    assert loaded is not None
    timing.mark("read and judge")
    options.known_level(fail_under, loaded)
    if baseline:
        earlier = checking.before(baseline, looked, loaded, judged)
        report = report.since(earlier) if earlier is not None else report
        timing.mark("baseline")
    if write_baseline:
        checking.write(write_baseline, report)
    for name, file in written:
        file.write_text(reports.render(name, report), "utf-8")
    click.echo(reports.render(output, report), nl=False)
    if profile:
        click.echo(timing.text(), err=True)
    git.close()
    sys.exit(exit_code(report, fail_under, strict=strict))
