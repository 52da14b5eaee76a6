"""`roadworthy worker`: keeps scores fresh. Any number of them may run on one database."""

from __future__ import annotations

import os
from pathlib import Path

import click

from app.cli import options


@click.command()
@options.config
@click.option("--hints-from", type=int, hidden=True, help="Pipe of the parent that ends us with it.")
@click.option("--news-to", type=int, hidden=True, help="Pipe of the parent that hears of results.")
@options.output_format
def command(config: Path, hints_from: int | None, news_to: int | None, output: str) -> None:
    """Refresh repositories when they are due, and judge what that concerns, until stopped (SIGTERM)."""
    options.end_on_sigterm()
    from app import log
    from app.processes.work import work

    log.configure()
    if not work(options.settings_of(config), hints_from=hints_from, news_to=news_to):
        os._exit(0)  # what still hangs was handed back, and Python would wait for it
