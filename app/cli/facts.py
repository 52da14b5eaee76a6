"""`roadworthy facts`: everything that was found in a repository, or the schema of facts."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options
from app.errors import NotFoundError

if TYPE_CHECKING:
    from app.facts.inventory import Inventory
    from app.repos.git import Git
    from app.repos.model import Snapshot


@click.command()
@click.argument("place", default=".")
@click.option("--rev", default="", metavar="REV", help="A branch or commit instead of the working tree.")
@click.option("--entity", default="", metavar="REF", help="Only this entity's facts.")
@click.option("--schema", is_flag=True, help="Print every fact with its type and meaning.")
@options.output_format
def command(place: str, rev: str, entity: str, schema: bool, output: str) -> None:
    """Print every entity, problem and fact found at PLACE: a folder, or the URL of a repository.

    A field that could not be seen is left out of its item, and `unknown` beside it says why.
    """
    from app.cli import facts_text
    from app.facts.inventory import take
    from app.facts.repository_facts import repository_facts
    from app.repos.git import Git

    if schema:
        click.echo(facts_text.schema(output), nl=False)
        return
    git = Git()
    with tempfile.TemporaryDirectory(prefix="roadworthy-") as folder:
        inventory = take(_snapshot(place, rev, git, Path(folder)))
        body = repository_facts(inventory) if not entity else _of_entity(inventory, entity)
    git.close()
    click.echo(
        json.dumps(body, indent=2, ensure_ascii=False) + "\n" if output == "json" else facts_text.table(body), nl=False
    )


def _snapshot(place: str, rev: str, git: Git, folder: Path) -> Snapshot:
    from app.repos.mirror import Mirror
    from app.repos.urls import TransportRules
    from app.repos.worktree import WorkingTree

    local = Path(place)
    if local.is_dir() and not rev and (not _is_bare(local)):
        return WorkingTree(local, git)
    url = place if not local.is_dir() else str(WorkingTree._top(local.resolve()))
    rules = TransportRules(allow_file=True, allow_http=True)
    mirror = Mirror(folder, url, git=git, rules=rules)
    tip = mirror.at(rev) if rev else mirror.tip()
    return mirror.sync(tip, datetime.now(UTC))


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and not (folder / ".git").exists()


def _of_entity(inventory: Inventory, entity: str) -> dict[str, Any]:
    from app.catalog.model import EntityRef
    from app.cli.options import packaged_scorecards
    from app.facts.groups import SCHEMA
    from app.facts.repository_facts import facts_json
    from app.pipeline.check import collect_one
    from app.policy.documents import load

    ref = EntityRef.parse(entity, kind="component")
    found = collect_one(inventory, ref, load(packaged_scorecards(), SCHEMA), datetime.now(UTC))
    if found is None:
        known = ", ".join(str(one.ref) for one in inventory.entities[:10])
        raise NotFoundError(f"there is no entity {ref} here; known are {known}")
    return {
        "repository": {"url": inventory.url, "commit": inventory.commit, "branch": inventory.branch},
        "entity": str(ref),
        "facts": facts_json(found),
    }
