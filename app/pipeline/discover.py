"""Discover: ask every provider what exists, and compare with what is stored. A provider that fails deletes nothing."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from app.catalog.providers.model import Listed, Provider
from app.errors import ProviderError, RepositoryError
from app.pipeline.services import Pipeline
from app.repos import urls
from app.store.model import RepositorySource

log = structlog.get_logger(__name__)


def discover(pipeline: Pipeline) -> int:
    """One round over all providers. Returns how many repositories and entities were added, changed or orphaned."""
    changed = [_one(pipeline, provider) for provider in pipeline.providers]
    known = [number for number in changed if number is not None]
    return sum(known) + (_retire(pipeline) if len(known) == len(changed) else 0)


def _retire(pipeline: Pipeline) -> int:
    """Takes back what sources told that are no longer in the settings. Only after a round in which all others listed
    well: what has moved from one source to another must have come before it goes.
    """
    names = {provider.name for provider in pipeline.providers}
    gone = [one.name for one in pipeline.store.repositories.providers() if one.name not in names]
    for name in gone:
        now = pipeline.clock()
        pipeline.store.repositories.sync(name, [], now)
        pipeline.store.entities.sync(name, [], now)
        pipeline.store.repositories.forget_provider(name)
        log.info("provider.retired", provider=name)
    return len(gone)


def _one(pipeline: Pipeline, provider: Provider) -> int | None:
    """What changed; None when it could not list."""
    name = provider.name
    now = pipeline.clock()
    try:
        found = provider.discover()
        sources = _sources(found.repositories)
    except (ProviderError, RepositoryError) as error:
        pipeline.store.repositories.provider_failed(name, str(error), now)
        log.warning("provider.failed", provider=name, error=str(error))
        return None
    repositories = pipeline.store.repositories.sync(name, sources, now)
    entities = pipeline.store.entities.sync(name, found.entities, now)
    changed = sum(len(part) for one in (repositories, entities) for part in (one.added, one.changed, one.orphaned))
    if changed:
        log.info(
            "provider.listed", provider=name, repositories=len(sources), entities=len(found.entities), changed=changed
        )
    return changed


def _sources(listed: Iterable[Listed]) -> list[RepositorySource]:
    """One a repository: of several addresses of the same one, the first counts. Raises RepositoryError."""
    found: dict[str, RepositorySource] = {}
    for one in listed:
        url, remote = urls.canonical(one.url), urls.fetchable(one.url)
        alias = urls.canonical(one.alias) if one.alias else one.identity
        found.setdefault(url, RepositorySource(url, one.branch, alias, "" if remote == url else remote))
    return list(found.values())
