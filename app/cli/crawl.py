"""`roadworthy crawl`: discover and score everything once, with a progress bar and a summary."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.cli import options
from app.cli.profile import Profile


@click.command()
@options.config
@click.option("--limit", default=0, metavar="N", help="Read at most N repositories.")
@click.option("--profile", is_flag=True, help="Print where the time went.")
@options.output_format
def command(config: Path, limit: int, profile: bool, output: str) -> None:
    """Discover and score everything that is due, once."""
    from app import log
    from app.cli import standing
    from app.lib import memory
    from app.pipeline.crawl import Crawled, crawl
    from app.services import build

    log.configure(level="warning")
    settings = options.settings_of(config)
    timing = Profile()
    pipeline = build(settings)
    memory.settle()
    timing.mark("open")
    with _progress(output) as tell:
        done: Crawled = crawl(pipeline, concurrency=settings.mirrors.concurrency, limit=limit, progress=tell)
    timing.mark("crawl")
    body = standing.of(pipeline, done)
    click.echo(json.dumps(body, indent=2) + "\n" if output == "json" else standing.table(body), nl=False)
    if profile:
        share = done.git_seconds / done.reading_seconds if done.reading_seconds else 0.0
        click.echo(timing.text(), err=True)
        click.echo(f"reading took {done.reading_seconds:.1f} s over all threads, {share:.0%} of it in git", err=True)
    if output != "json":
        click.echo(f"\nNext: roadworthy serve --config {config}")
    pipeline.git.close()


class _progress:
    """A bar on a terminal; a line each tenth in a pipe; nothing beside JSON."""

    def __init__(self, output: str) -> None:
        self._quiet = output == "json" or not sys.stderr.isatty()

    def __enter__(self) -> _progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("[bold]Reading repositories"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(
            *columns, TextColumn("{task.description}"), console=Console(stderr=True), disable=self._quiet
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=None)
        return self

    def __call__(self, done: int, total: int, name: str) -> None:
        self._bar.update(self._task, completed=done, total=total, description=name.rsplit("/", 1)[-1])

    def __exit__(self, *_: object) -> None:
        self._bar.update(self._task, description="done")
        self._bar.stop()
