"""`roadworthy audit`: who made tokens, signed in, asked for refreshes, pushed facts or granted waivers."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli import options


@click.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest N.")
@options.config
@options.output_format
def command(limit: int, config: Path, output: str) -> None:
    """Show who changed what through the API, the pages and the commands, newest first."""
    from app.lib.times import format_instant
    from app.services import open_store

    store = open_store(options.settings_of(config))
    rows = store.audit.latest(limit=limit)
    store.close()
    if output == "json":
        body = [
            {"at": format_instant(r.at), "actor": r.actor, "action": r.action, "target": r.target, "detail": r.detail}
            for r in rows
        ]
        click.echo(json.dumps(body, indent=2))
        return
    for row in rows:
        detail = " ".join(f"{name}={value}" for name, value in row.detail.items())
        click.echo(f"{format_instant(row.at)}  {row.actor}  {row.action}  {row.target}  {detail}".rstrip())
