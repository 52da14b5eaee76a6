"""`roadworthy explain ENTITY_REF`: why an entity has its level, from what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from app.cli import options
from app.errors import NotFoundError


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
    body: dict[str, Any] = {"entity": str(ref), "scorecards": [json.loads(row.body) for row in rows]}
    click.echo(json.dumps(body, indent=2, ensure_ascii=False) + "\n" if output == "json" else _text(body), nl=False)
    store.close()


def _text(body: dict[str, Any]) -> str:
    lines = [str(body["entity"])]
    cards = body["scorecards"]
    if not cards:
        lines.append("  no scorecard applies to it")
    for card in cards:
        target = f", target {card['target_level']}" if card["target_level"] else ""
        lines.append(f"{card['id']}: {card['level']}{target}; facts from {card['as_of']} at commit {card['commit']}")
        for check in card["checks"]:
            reason = f": {check['reason']}" if check["reason"] else ""
            lines.append(f"  {check['outcome']:14} {check['level']:7} {check['id']}{reason}")
            lines += [f"      {one['path']}:{one['line']} {one['name']}" for one in check["offenders"][:5]]
            if check["outcome"] == "fail":
                lines.append(f"      fix (about {check['effort']}): {check['remediation']}")
    return "\n".join(lines) + "\n"
