"""`roadworthy explain ENTITY_REF`: why an entity has its level, from what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options
from app.errors import NotFoundError

if TYPE_CHECKING:
    from app.policy.model import Policy
    from app.store.store import Store


@click.command()
@click.argument("entity_ref")
@options.config
@click.option(
    "--to", "goal", default="next", metavar="LEVEL", help="Where the plan leads: a level, next, target or top."
)
@options.output_format
def command(entity_ref: str, config: Path, goal: str, output: str) -> None:
    """Show every check of an entity: outcome, reason, where it was seen; last the cheapest plan to a level."""
    from app.catalog.model import EntityRef
    from app.pipeline import plans
    from app.pipeline.links import with_links
    from app.services import open_store
    from app.sources import forges_of

    try:
        ref = EntityRef.parse(entity_ref, kind="component")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    settings = options.settings_of(config)
    store = open_store(settings)
    rows = store.judgements.results(ref)
    if not rows and store.entities.get(ref) is None:
        raise NotFoundError(f"there is no entity {ref} here: crawl first, or look at `roadworthy crawl`'s table")
    policy = _policy(store)
    ordered = sorted(rows, key=lambda row: policy.place(row.scorecard))
    cards = [with_links(json.loads(row.body), forges_of(settings)) for row in ordered]
    if cards and goal not in (known := plans.goals_of(policy, cards)):
        raise click.BadParameter(f"{goal} is no level here; known are {', '.join(known)}", param_hint="--to")
    body: dict[str, Any] = {"entity": str(ref), "scorecards": cards, "plan": plans.plan_json(policy, cards, goal)}
    click.echo(json.dumps(body, indent=2, ensure_ascii=False) + "\n" if output == "json" else _text(body), nl=False)
    store.close()


def _policy(store: Store) -> Policy:
    """The policy that the results were judged by."""
    from app.facts.groups import SCHEMA
    from app.policy.documents import load_texts

    last = store.policies.last()
    assert last is not None, "what is stored was judged by some policy"
    return load_texts(json.loads(last.body), SCHEMA)


def _text(body: dict[str, Any]) -> str:
    from app.cli import plan_text, scorecard_text

    out = scorecard_text.console()
    if not body["scorecards"]:
        out.print(f"{body['entity']}: no scorecard applies to it")
    for card in body["scorecards"]:
        commit = f" at commit {card['commit'][:12]}" if card["commit"] else ""
        scorecard_text.scorecard(out, body["entity"], card, f"facts from {card['as_of'][:19]}Z{commit}")
        good = [check["id"] for check in card["checks"] if check["outcome"] in ("pass", "waived")]
        out.print(f"[bold]met[/] [dim]({len(good)} of {len(card['checks'])})[/]")
        scorecard_text.say(out, 2, ", ".join(good) or "none")
    plan_text.plan(out, body["plan"])
    return scorecard_text.text_of(out)
