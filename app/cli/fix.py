"""`roadworthy fix`: what fails here, mended as a diff. Standard output is the diff alone; words go beside it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.pipeline.drafts import Drafts
    from app.remediation.proposal import Proposal
    from app.repos.worktree import WorkingTree


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path())
@click.option("--check", "checks", multiple=True, metavar="ID", help="Only this check; may be given several times.")
@click.option("--set", "answers", multiple=True, metavar="KEY=VALUE", help="Answer a question; several times.")
@click.option("--entity", default="", metavar="REF", help="Only this entity.")
@click.option("--write", is_flag=True, help="Change the files of the working tree instead of printing a diff.")
@click.option("--force", is_flag=True, help="With --write: also files that have uncommitted changes.")
@click.option("--pull-request", is_flag=True, help="Keep one request with the fixes of --entity on its forge.")
@click.option("--all-open", is_flag=True, help="With --pull-request: every request that is open, as it was asked for.")
@click.option("--requests", is_flag=True, help="List the open fix pull requests (or that of --entity), and do nothing.")
@options.config
@click.option("--format", "output", type=click.Choice(("diff", "json")), default="diff", show_default=True)
@click.option("--policy", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of scorecards.")
def command(
    path: Path,
    checks: tuple[str, ...],
    answers: tuple[str, ...],
    entity: str,
    write: bool,
    force: bool,
    pull_request: bool,
    all_open: bool,
    requests: bool,
    config: Path,
    output: str,
    policy: Path | None,
) -> None:
    """Mend what fails, as a unified diff for `git apply`. Each change was scored before it is shown.

    What only a person knows is asked for beside the diff, never made up: answer with --set and run it again.

    With --pull-request nothing here is read: the entity is mended as it was crawled with the settings (--config), and
    its request is opened, brought up to date, or closed when nothing is left to mend. A worker then keeps it so.
    """
    if pull_request or requests:
        from app.cli import fix_requests

        if requests:
            fix_requests.listed(config, entity, output)
        elif all_open:
            sys.exit(fix_requests.keep_all(config))
        else:
            fix_requests.keep(config, entity, checks, _answers(answers), output)
        return
    from app.facts.groups import SCHEMA
    from app.pipeline.fixing_here import fix_here
    from app.policy.documents import load
    from app.repos.git import Git
    from app.repos.worktree import WorkingTree

    loaded = load(policy or options.packaged_scorecards(), SCHEMA)
    if unknown := [one for one in checks if one not in loaded.checks]:
        raise click.BadParameter(f"{', '.join(unknown)} is no check of this policy", param_hint="--check")
    git = Git()
    tree = WorkingTree(path, git)
    inside = path.resolve().relative_to(tree.root).as_posix()
    where: dict[str, Any] = {"folder": "" if inside == "." else inside, "entity": entity.lower()}
    proposals, drafts = fix_here(tree, loaded, datetime.now(UTC), checks=checks, answers=_answers(answers), **where)
    if write:
        _write(tree, drafts, force=force)
    _show(proposals, drafts, output, written=write)
    git.close()


def _show(proposals: Sequence[Proposal], drafts: Drafts, output: str, *, written: bool) -> None:
    """The diff on standard output, unless it was written; what is asked and what was left out beside it."""
    from app.cli import fix_text
    from app.remediation.proposal import to_json

    if output == "json":
        click.echo(json.dumps({"entities": [to_json(one) for one in proposals]}, indent=2, ensure_ascii=False))
    elif not written:
        sys.stdout.buffer.write(_whole(drafts).encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    click.echo(fix_text.beside(proposals, written=sorted(drafts.changed) if written else None), err=True, nl=False)


def _answers(said: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    if wrong := [key for key, sign, _ in pairs if not sign or not key]:
        raise click.BadParameter(f"“{wrong[0]}” is not KEY=VALUE", param_hint="--set")
    return {key: value for key, _, value in pairs}


def _whole(drafts: Drafts) -> str:
    """All entities' changes as one diff: several may have changed one file."""
    from app.lib.unified_diff import diff

    original = type(drafts)(drafts.base, drafts.now)
    return "".join(
        diff(path, original.lines(path).raw if path in original.paths else None, drafts.known[path].raw)
        for path in sorted(drafts.changed)
    )


def _write(tree: WorkingTree, drafts: Drafts, *, force: bool) -> None:
    """Writes what was drafted; everything is checked before the first file is touched."""
    from app.repos.writing import write_files

    write_files(tree, {path: drafts.known[path].raw.encode() for path in drafts.changed}, force=force)
