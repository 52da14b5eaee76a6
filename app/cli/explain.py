"""`roadworthy explain ENTITY_REF`: why an entity has its level, from what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options
from app.errors import NotFoundError

if TYPE_CHECKING:
    from app.store.model import ResultRow
    from app.store.store import Store


@click.command()
@click.argument("entity_ref")
@options.config
@options.output_format
def command(entity_ref: str, config: Path, output: str) -> None:
    """Show every check of an entity: outcome, reason, where it was seen, and how to fix it."""
    from app.catalog.model import EntityRef
    from app.services import open_store

    try:
        ref = EntityRef.parse(entity_ref, kind="component")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    store = open_store(options.settings_of(config))
    rows = store.judgements.results(ref)
    if not rows and store.entities.get(ref) is None:
        raise NotFoundError(f"there is no entity {ref} here: crawl first, or look at `roadworthy crawl`'s table")
    rows = _in_order(store, rows)
    body: dict[str, Any] = {"entity": str(ref), "scorecards": [json.loads(row.body) for row in rows]}
    click.echo(json.dumps(body, indent=2, ensure_ascii=False) + "\n" if output == "json" else _text(body), nl=False)
    store.close()


def _in_order(store: Store, rows: list[ResultRow]) -> list[ResultRow]:
    """As policy has scorecards shown: the last good one, which is loaded only where there are several."""
    last = store.policies.last() if len(rows) > 1 else None
    if last is None:
        return rows
    from app.facts.groups import SCHEMA
    from app.policy.documents import load_texts

    policy = load_texts(json.loads(last.body), SCHEMA)
    return sorted(rows, key=lambda row: policy.place(row.scorecard))


def _text(body: dict[str, Any]) -> str:
    from app.cli import scorecard_text

    out = scorecard_text.console()
    if not body["scorecards"]:
        out.print(f"{body['entity']}: no scorecard applies to it")
    for card in body["scorecards"]:
        commit = f" at commit {card['commit'][:12]}" if card["commit"] else ""
        scorecard_text.scorecard(out, body["entity"], card, f"facts from {card['as_of'][:19]}Z{commit}")
        good = [check["id"] for check in card["checks"] if check["outcome"] in ("pass", "waived")]
        out.print(f"[bold]met[/] [dim]({len(good)} of {len(card['checks'])})[/]")
        scorecard_text.say(out, 2, ", ".join(good) or "none")
        failing = [check for check in card["checks"] if check["outcome"] == "fail" and not check["blocked_by"]]
        scorecard_text.steps(out, failing, "how to mend it")
    return scorecard_text.text_of(out)
