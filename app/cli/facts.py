"""`roadworthy facts`: everything that was found in a repository, or the schema of facts."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options
from app.errors import NotFoundError, RepositoryError

if TYPE_CHECKING:
    from app.facts.inventory import Inventory
    from app.repos.git import Git
    from app.repos.mirror import Mirror
    from app.repos.model import Snapshot, Tip


@click.command()
@click.argument("place", default=".")
@click.option("--rev", default="", metavar="REV", help="A branch, tag or commit instead of the working tree.")
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
    with closing(Git()) as git, tempfile.TemporaryDirectory(prefix="roadworthy-") as folder:
        inventory = take(_snapshot(place, rev, git, Path(folder)))
        body = repository_facts(inventory) if not entity else _of_entity(inventory, entity)
    click.echo(
        json.dumps(body, indent=2, ensure_ascii=False) + "\n" if output == "json" else facts_text.table(body), nl=False
    )


def _snapshot(place: str, rev: str, git: Git, folder: Path) -> Snapshot:
    from app.repos.mirror import Mirror
    from app.repos.urls import TransportRules
    from app.repos.worktree import WorkingTree, is_bare

    local = Path(place)
    tree = WorkingTree(local, git) if local.is_dir() and not is_bare(local) else None
    if tree is not None and not rev:
        return tree
    url = place if not local.is_dir() else str(tree.root if tree is not None else local.resolve())
    rules = TransportRules(allow_file=True, allow_http=True)
    mirror = Mirror(folder, url, git=git, rules=rules)
    tip = _tip(mirror, rev, git, Path(url) if local.is_dir() else None)
    snapshot = mirror.sync(tip, datetime.now(UTC))
    if tree is not None:
        snapshot.url = tree.url
    return snapshot


def _tip(mirror: Mirror, rev: str, git: Git, local: Path | None) -> Tip:
    """What REV names: at a server a branch, a tag or a commit id; here also what `git rev-parse` knows (`HEAD~3`)."""
    if not rev:
        return mirror.tip()
    try:
        return mirror.at(rev)
    except RepositoryError as error:
        if local is None:
            raise
        try:
            found = git.run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}"], folder=local)
        except RepositoryError:
            raise error from None
        return mirror.at(found.decode("ascii", "replace").strip())


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
