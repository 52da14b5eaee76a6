"""`roadworthy doctor`: says what is missing before a crawl can work, each with what to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import options
from app.errors import RoadworthyError

if TYPE_CHECKING:
    from app.catalog.providers.model import Discovery
    from app.repos.git import Git
    from app.settings import Settings

Finding = tuple[bool, str, str]
_TRIED = 3
"""Repositories of a source that are tried, until one answers."""


@click.command()
@options.config
@options.output_format
def command(config: Path, output: str) -> None:
    """Check settings, policy, git, database and every source."""
    findings = list(_findings(config))
    if output == "json":
        rows = [{"ok": good, "what": what, "detail": detail} for good, what, detail in findings]
        click.echo(json.dumps(rows, indent=2))
    else:
        for good, what, detail in findings:
            click.echo(f"{'ok     ' if good else 'missing'} {what}: {detail}")
    sys.exit(0 if all(good for good, _, _ in findings) else 3)


def _findings(config: Path) -> Iterator[Finding]:
    yield _git()
    try:
        settings = options.settings_of(config)
    except RoadworthyError as error:
        yield False, "settings", str(error)
        return
    yield True, "settings", str(config)
    yield _policy(settings)
    yield _database(settings)
    yield from _sources(settings)


def _git() -> Finding:
    from app.repos.git import OLDEST, Git

    where = shutil.which("git")
    if where is None:
        return False, "git", "install git"
    with closing(Git()) as git:
        found = git.version()
    text = f"{where}, {'.'.join(map(str, found))}"
    return found >= OLDEST, "git", text if found >= OLDEST else f"{text}; needs {'.'.join(map(str, OLDEST))} or newer"


def _policy(settings: Settings) -> Finding:
    from app.facts.groups import SCHEMA
    from app.policy.documents import load
    from app.services import policy_folder

    try:
        policy = load(policy_folder(settings), SCHEMA)
    except RoadworthyError as error:
        return False, "policy", str(error)
    return True, "policy", f"{len(policy.checks)} checks, version {policy.version}"


def _database(settings: Settings) -> Finding:
    from app.services import open_store

    try:
        open_store(settings).close()
    except (RoadworthyError, OSError) as error:
        return False, "database", str(error)
    return True, "database", settings.database_url if settings.database_url.startswith("sqlite") else "PostgreSQL"


def _sources(settings: Settings) -> Iterator[Finding]:
    """Every provider lists, and a repository of each answers."""
    from app.repos.git import Git
    from app.sources import credentials_of, providers_of

    try:
        providers, credentials = providers_of(settings), credentials_of(settings)
    except RoadworthyError as error:
        yield False, "sources", str(error)
        return
    if not providers:
        yield False, "sources", "none: name repositories, directories, a forge or a catalog under `sources`"
    with closing(Git(timeout=20, credentials=credentials)) as git:
        for provider in providers:
            try:
                found = provider.discover()
            except RoadworthyError as error:
                yield False, provider.name, str(error)
            else:
                yield _answers(settings, git, provider.name, found)


def _answers(settings: Settings, git: Git, name: str, found: Discovery) -> Finding:
    """Whether one of its first repositories can be read: a single bad one says nothing about the source."""
    from app.repos.mirror import Mirror
    from app.sources import rules_of

    count = f"{len(found.repositories)} repositories, {len(found.entities)} entities"
    if not (found.repositories or found.entities):
        return True, name, f"{count}; nothing will be crawled from it yet"
    failed = []
    for one in found.repositories[:_TRIED]:
        try:
            Mirror(settings.path(settings.mirrors.path), one.url, git=git, rules=rules_of(settings)).tip()
        except RoadworthyError as error:
            failed.append(f"{one.url} can't be read: {error}")
        else:
            return True, name, "; ".join((count, *failed))
    return not failed, name, "; ".join((count, *failed))
