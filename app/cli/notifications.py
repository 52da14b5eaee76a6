"""`roadworthy notifications list|resend`: what teams were told, what was given up, and telling it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options
from app.errors import NotFoundError

if TYPE_CHECKING:
    from app.store.outgoing import Message
    from app.store.store import Store

_STATES = ("waiting", "sent", "moot", "dead")


@click.group()
def command() -> None:
    """Messages about changed scores: see what became of them, and send them again."""


@command.command(name="list")
@click.option("--state", type=click.Choice(_STATES), help="Only these; dead ones were given up.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="The newest N.")
@options.config
@options.output_format
def list_(state: str | None, limit: int, config: Path, output: str) -> None:
    """Show messages of the last 30 days, newest first."""
    from app.services import open_store

    store = open_store(options.settings_of(config))
    found = store.outgoing.page(limit=limit, state=state or "").items
    store.close()
    if output == "json":
        from app.api.v1_notifications import message_json

        click.echo(json.dumps({"items": [message_json(one) for one in found]}, indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("There are none.", err=True)


@command.command()
@click.argument("numbers", metavar="ID...", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--dead", is_flag=True, help="All that were given up.")
@options.config
@options.output_format
def resend(numbers: tuple[int, ...], dead: bool, config: Path, output: str) -> None:
    """Send messages that were sent or given up once more: a worker does it at once, and tries for another day."""
    from app.services import open_store, utc_now
    from app.store.audit import AuditRow

    if dead == bool(numbers):
        raise click.UsageError("say which: an ID or several, or --dead")
    store, now = open_store(options.settings_of(config)), utc_now()
    due = [number for number in numbers or tuple(_dead(store)) if store.outgoing.send_again(number, now)]
    for number in due:
        said = f"notification:{number}"
        store.audit.add(AuditRow(at=now, actor=options.actor(), action="notification.resend", target=said))
    store.close()
    if output == "json":
        click.echo(json.dumps({"resent": due}))
    elif due or dead:
        click.echo(f"To be sent again: {', '.join(map(str, due)) or 'none'}.")
    if missing := [str(number) for number in numbers if number not in due]:
        raise NotFoundError(f"no message that has ended: {', '.join(missing)} (see `roadworthy notifications list`)")


def _dead(store: Store) -> Iterator[int]:
    before: int | None = None
    while True:
        page = store.outgoing.page(before=before, state="dead")
        yield from (one.id for one in page.items)
        if page.next_cursor is None:
            return
        before = int(page.next_cursor)


def _line(one: Message) -> str:
    from app.lib.times import format_instant

    changes = "1 change" if len(one.changes) == 1 else f"{len(one.changes)} changes"
    tries = "1 try" if one.tries == 1 else f"{one.tries} tries"
    about = f"{one.target}: {one.owner or 'no owner'}, {changes}, {tries}"
    return f"{one.id}  {one.state:8}{format_instant(one.created_at)}  {about}{f'; {one.reason}' if one.reason else ''}"
