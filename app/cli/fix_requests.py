"""What `roadworthy fix` does with pull requests: keep one, keep all that are open, or list them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from app import log
from app.catalog.model import EntityRef
from app.cli import options
from app.errors import NotFoundError
from app.lib.times import format_instant
from app.pipeline.fix_keeper import FixKeeper
from app.pipeline.fix_requests import FixRequests
from app.pipeline.services import Pipeline
from app.services import build, fix_requests_of
from app.store.proposed import LIVING, FixRequest


def keep(config: Path, entity: str, checks: tuple[str, ...], answers: dict[str, str], output: str) -> None:
    """Opens the entity's request, brings it up to date, or closes it."""
    if not entity:
        raise click.UsageError("--pull-request needs --entity")
    ref = _ref(entity)
    with _built(config) as (pipeline, requests):
        found = pipeline.store.entities.get(ref)
        if found is None:
            raise NotFoundError(f"there is no entity {ref} here: crawl first")
        opened = requests.keep(pipeline, found, checks=checks, answers=answers, by="command line")
    if output == "json":
        click.echo(json.dumps({"entity": str(ref), "state": opened.state, "url": opened.url or None}))
    else:
        click.echo(f"{ref}: {opened.state} {opened.url}".rstrip())


def keep_all(config: Path) -> int:
    """Brings open requests up to date, or closes them; 1 when one could not be."""
    failed = 0
    with _built(config) as (pipeline, requests):
        for ref, opened in FixKeeper(pipeline, requests).keep_all():
            failed |= isinstance(opened, str)
            said = f"failed: {opened}" if isinstance(opened, str) else f"{opened.state} {opened.url}".rstrip()
            click.echo(f"{ref}: {said}")
    return failed


def listed(config: Path, entity: str, output: str) -> None:
    """The requests that are open, or an entity's, whatever became of it."""
    with _built(config) as (pipeline, _):
        book = pipeline.store.fix_requests
        found = list(_all(pipeline)) if not entity else [one for one in (book.get(_ref(entity)),) if one is not None]
    if output == "json":
        from app.api.fix_schemas import fix_request_json

        click.echo(json.dumps({"items": [fix_request_json(one) for one in found]}, indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.entity}: {one.state} {one.url}")
        click.echo(f"  asked by {one.asked_by} on {format_instant(one.asked_at)}: {', '.join(one.checks)}")
        for said in (one.reason, one.error):
            if said:
                click.echo(f"  {said}")
    if not found:
        click.echo("There is no fix pull request.", err=True)


def _all(pipeline: Pipeline) -> Iterator[FixRequest]:
    after: str | None = ""
    while after is not None:
        page = pipeline.store.fix_requests.page(after=after, states=LIVING)
        yield from page.items
        after = page.next_cursor


def _ref(entity: str) -> EntityRef:
    try:
        return EntityRef.parse(entity, kind="component")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--entity") from None


@contextmanager
def _built(config: Path) -> Iterator[tuple[Pipeline, FixRequests]]:
    log.configure(level="warning")  # standard output is for what became of the requests
    settings = options.settings_of(config)
    pipeline = build(settings)
    try:
        yield pipeline, fix_requests_of(settings)
    finally:
        pipeline.store.close()
        pipeline.git.close()
