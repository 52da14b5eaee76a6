"""`roadworthy token create|list|revoke`: bearer tokens for scripts, gates and people. A token is shown once."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options
from app.errors import NotFoundError
from app.settings.access import SCOPES

if TYPE_CHECKING:
    from app.identity.tokens import StoredToken
    from app.store.store import Store


@click.group()
def command() -> None:
    """Make, list and revoke bearer tokens."""


@command.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="What it may do; again for more. Default: read."
)
@click.option("--group", "groups", multiple=True, metavar="REF", help="See only what this group owns; again for more.")
@click.option("--expires", metavar="DURATION", help="How long it lives, such as 90d. Default: until revoked.")
@options.config
@options.output_format
def create(
    name: str, scopes: tuple[str, ...], groups: tuple[str, ...], expires: str | None, config: Path, output: str
) -> None:
    """Make a token called NAME and print it, this once: only its digest is kept."""
    from app.catalog.model import EntityRef
    from app.identity import tokens
    from app.lib.times import parse_duration
    from app.services import open_store, utc_now

    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise click.BadParameter("a name has 1 to 100 printable characters", param_hint="NAME")
    now = utc_now()
    try:
        owners = tuple(EntityRef.parse(one, kind="group") for one in groups)
        until = now + parse_duration(expires) if expires else None
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error)) from None
    made = tokens.new()
    row = tokens.StoredToken(
        id=made.id,
        name=name,
        digest=made.digest,
        scopes=tuple(dict.fromkeys(scopes)) or ("read",),
        groups=owners,
        created_at=now,
        created_by=options.actor(),
        expires_at=until,
    )
    store = open_store(options.settings_of(config))
    if not store.tokens.add(row):
        raise click.BadParameter(f"a living token is called {name} already: revoke it first", param_hint="NAME")
    _remember(store, "token.create", name, now, id=made.id, scopes=" ".join(row.scopes))
    store.close()
    if output == "json":
        click.echo(json.dumps({"token": made.text, **_row(row, now)}))
        return
    click.echo("This is shown once; keep it where secrets are kept:", err=True)
    click.echo(made.text)


@command.command(name="list")
@options.config
@options.output_format
def list_(config: Path, output: str) -> None:
    """Show every token: what it may do, until when, and when it was last used (to the hour)."""
    from app.services import open_store, utc_now

    store, now = open_store(options.settings_of(config)), utc_now()
    made = store.tokens.all()
    store.close()
    if output == "json":
        click.echo(json.dumps([_row(one, now) for one in made], indent=2))
        return
    for one in made:
        click.echo(_line(one, now))
    if not made:
        click.echo("There are no tokens: `roadworthy token create NAME` makes one.")


@command.command()
@click.argument("id_or_name")
@options.config
@options.output_format
def revoke(id_or_name: str, config: Path, output: str) -> None:
    """End a token, and every session that began with it, at once."""
    from app.services import open_store, utc_now

    store, now = open_store(options.settings_of(config)), utc_now()
    ended = store.tokens.revoke(id_or_name, now)
    for one in ended:
        _remember(store, "token.revoke", one.name, now, id=one.id)
    store.close()
    if not ended:
        raise NotFoundError(f"there is no living token {id_or_name}: see `roadworthy token list`")
    click.echo(json.dumps({"revoked": [one.id for one in ended]}) if output == "json" else f"Revoked {ended[0].name}.")


def _line(token: StoredToken, now: datetime) -> str:
    from app.lib.times import format_instant

    limits = f" of {', '.join(map(str, token.groups))}" if token.groups else ""
    used = f"last used {format_instant(token.last_used_at)}" if token.last_used_at else "never used"
    until = f", until {format_instant(token.expires_at)}" if token.expires_at else ""
    return f"{token.id}  {_state(token, now):8}{token.name}: {' '.join(token.scopes)}{limits}; {used}{until}"


def _state(token: StoredToken, now: datetime) -> str:
    return "revoked" if token.revoked_at else "living" if token.is_live(now) else "expired"


def _row(token: StoredToken, now: datetime) -> dict[str, object]:
    from app.lib.times import format_instant

    moments = {name: getattr(token, name) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    return {
        "id": token.id,
        "name": token.name,
        "state": _state(token, now),
        "scopes": list(token.scopes),
        "groups": [str(group) for group in token.groups],
        "created_by": token.created_by,
        **{name: moment and format_instant(moment) for name, moment in moments.items()},
    }


def _remember(store: Store, action: str, name: str, now: datetime, **detail: str) -> None:
    from app.store.audit import AuditRow

    store.audit.add(AuditRow(at=now, actor=options.actor(), action=action, target=f"token:{name}", detail=detail))
