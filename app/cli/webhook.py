"""`roadworthy webhook`: sees whether a forge's deliveries would be believed, and sets its webhooks up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options

if TYPE_CHECKING:
    from app.webhooks.receive import Source


@click.group()
def command() -> None:
    """Webhooks: try a source as its forge would, or set it up there."""


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

    known = webhook_sources(options.settings_of(config))
    one = _named(known, source)
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


@command.command()
@click.argument("source")
@click.argument("repositories", nargs=-1)
@options.config
@click.option("--url", help="Our public address; by default serve.public_url.")
@options.output_format
def install(source: str, repositories: tuple[str, ...], config: Path, url: str | None, output: str) -> None:
    """Set SOURCE's webhook up on its forge: for the whole owner under sources.forges, or for REPOSITORIES by name.

    Done again it changes the webhook that is there, also to a new first secret.
    """
    from app.clients.forges.api import ForgeError
    from app.clients.forges.hooks import FORGES, Hook
    from app.errors import SettingsError
    from app.services import webhook_sources
    from app.sources import forge_api

    settings = options.settings_of(config)
    address = (url or settings.serve.public_url).rstrip("/")
    if not address:
        raise SettingsError("say where forges reach us: --url, or serve.public_url in the settings")
    one = _named(webhook_sources(settings), source)
    owners = [forge for forge in settings.sources.forges if forge.forge == one.forge.id]
    if not owners:
        raise SettingsError(f"sources.forges names no {one.forge.id}, so there are no credentials to set it up with")
    hook = Hook(f"{address}/webhooks/{one.forge.id}/{one.name}", one.secrets[0])
    done = []
    for owner in owners:
        api = forge_api(settings, owner)
        for repository in repositories or ("",):
            try:
                what = FORGES[one.forge.id](api, owner.owner, repository, hook)
            except ForgeError as error:
                raise click.ClickException(str(error)) from None
            done.append({"owner": owner.owner, "repository": repository or None, "webhook": what})
    if output == "json":
        click.echo(json.dumps({"url": hook.url, "installed": done}, indent=2))
        return
    for row in done:
        place = "/".join(filter(None, (row["owner"], row["repository"])))
        click.echo(f"{place}: {row['webhook']} {hook.url}")


def _named(known: Mapping[tuple[str, str], Source], source: str) -> Source:
    """By name, or by FORGE/NAME where two forges' sources are called the same. Raises click.UsageError."""
    found = [one for (forge, name), one in known.items() if source in (name, f"{forge}/{name}")]
    if len(found) == 1:
        return found[0]
    names = sorted(f"{forge}/{name}" for forge, name in known)
    wrong = "names several" if found else "is not there"
    raise click.UsageError(f"webhooks.sources: {source} {wrong}; known: {', '.join(names) or 'none'}")


def _word(status: object) -> str:
    return "is believed" if status in (200, 202) else f"is refused ({status})"
