"""`roadworthy webhook test`: sees whether a forge's deliveries would be believed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.cli import options


@click.group()
def command() -> None:
    """Webhooks: try a source as its forge would."""


@command.command()
@click.argument("source")
@options.config
@click.option("--url", default="http://127.0.0.1:7100", show_default=True, help="Where Roadworthy answers.")
@options.output_format
def test(source: str, config: Path, url: str, output: str) -> None:
    """Send SOURCE's signed ping to a running server, with each of its secrets."""
    from app.lib.http import Http, HttpError
    from app.services import webhook_sources
    from app.webhooks.probe import ping

    found = {one.name: one for one in webhook_sources(options.settings_of(config)).values()}
    if source not in found:
        raise click.UsageError(f"webhooks.sources has no {source}; known: {', '.join(sorted(found)) or 'none'}")
    one = found[source]
    address = f"{url.rstrip('/')}/webhooks/{one.forge.id}/{one.name}"
    said = []
    for number in range(len(one.secrets)):
        headers, body = ping(one, number)
        try:
            answer = Http(allow_private=True, timeout=10, total=15).send("POST", address, body, headers)
        except HttpError as error:
            raise click.ClickException(str(error)) from None
        said.append({"secret": number + 1, "status": answer.status, "believed": answer.status in (200, 202)})
    if output == "json":
        click.echo(json.dumps({"url": address, "secrets": said}, indent=2))
    else:
        for row in said:
            click.echo(f"{address}: secret {row['secret']} {_word(row['status'])}")
    if not all(row["believed"] for row in said):
        raise SystemExit(1)


def _word(status: object) -> str:
    return "is believed" if status in (200, 202) else f"is refused ({status})"
