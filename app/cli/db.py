"""`roadworthy db upgrade`: bring the database's schema up to date. Safe to run again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli import options


@click.group()
def command() -> None:
    """Bring the database up to date."""


@command.command()
@options.config
@options.output_format
def upgrade(config: Path, output: str) -> None:
    """Apply the migrations that are missing."""
    from app.services import open_store
    from app.store import migrate

    settings = options.settings_of(config)
    open_store(settings).close()
    now = migrate.current(settings.database_url)
    click.echo(json.dumps({"schema": now}) if output == "json" else f"The database is at schema {now}.")
