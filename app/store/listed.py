"""Who lists which repository: what a provider tells is made equal to what is stored, within a transaction.

Called by `repositories`. Rows are locked in one order: the turn of discovery, repositories, then the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, select, update

from app.store.declared import orphan_origins, revive_origins
from app.store.due import entities_of, mark, readers_of
from app.store.model import Difference, RepositorySource, Why
from app.store.sql import DISCOVERY_TURN, change, chunks, insert, remove, take_turn, upsert
from app.store.tables import listings, providers, repositories


def host_of(url: str) -> str:
    """The host that serves a canonical URL; "" for a local path."""
    return urlsplit(url).hostname or ""


def sync(connection: Connection, provider: str, sources: Iterable[RepositorySource], now: datetime) -> Difference:
    """See `Repositories.sync`."""
    desired = {source.url: source for source in sources}
    take_turn(connection, DISCOVERY_TURN)  # two schedulers list the same at once
    stored = _listed(connection, provider)
    added = sorted(desired.keys() - stored.keys())
    changed = sorted(url for url in desired.keys() & stored.keys() if _told(desired[url]) != stored[url])
    missing = stored.keys() - desired.keys()
    _hold(connection, {*added, *changed, *missing})
    _add(connection, provider, [desired[url] for url in added], now)
    _repoint(connection, provider, [desired[url] for url in changed], stored, now)
    _settle_remotes(connection, [*added, *changed])
    leaving = missing & _moving(connection, desired) if missing else set()
    _let_leave(connection, provider, leaving)
    gone = sorted(missing - leaving)
    orphaned = _drop(connection, provider, gone, now)
    _settle_remotes(connection, gone)
    upsert(connection, providers, [{"name": provider, "listed_at": now, "failed_at": None, "error": ""}])
    return Difference(tuple(added), tuple(changed), tuple(orphaned))


def moved(connection: Connection, url: str, forge_id: str) -> list[tuple[str, str]]:
    """What only stands in for a repository until it has been read under this URL: provider and old URL."""
    at = listings.c
    join = listings.join(repositories, repositories.c.url == at.repository)
    old = (repositories.c.forge_id == forge_id, at.leaving.is_(True), at.repository != url)
    query = select(at.provider, at.repository).select_from(join).where(*old).order_by(at.repository, at.provider)
    return [(row.provider, row.repository) for row in connection.execute(query)]


def settle(connection: Connection, url: str, forge_id: str, now: datetime) -> list[str]:
    """It has been read under its new URL: what stood in for it goes. Returns the URLs that nobody lists any more."""
    take_turn(connection, DISCOVERY_TURN)
    found = moved(connection, url, forge_id)
    _hold(connection, {old for _, old in found})
    orphaned: list[str] = []
    for provider, old in found:
        orphaned += _drop(connection, provider, [old], now)
    _settle_remotes(connection, sorted({old for _, old in found}))
    return orphaned


def _listed(connection: Connection, provider: str) -> dict[str, tuple[str, str]]:
    """What a provider told of each repository: its branch and its remote."""
    at = listings.c
    query = select(at.repository, at.branch, at.remote).where(at.provider == provider)
    return {row.repository: (row.branch, row.remote) for row in connection.execute(query)}


def _told(source: RepositorySource) -> tuple[str, str]:
    return source.branch, source.remote


def _listing(provider: str, source: RepositorySource) -> dict[str, str]:
    return {"provider": provider, "repository": source.url, "branch": source.branch, "remote": source.remote}


def _settle_remotes(connection: Connection, urls: Sequence[str]) -> None:
    """How each is fetched: as the first provider says that names an address of its own, else by its URL."""
    for chunk in chunks(urls):
        at = listings.c
        named = select(at.repository, at.remote).where(at.repository.in_(chunk), at.remote != "")
        remotes = {row.repository: row.remote for row in connection.execute(named.order_by(at.provider.desc()))}
        change(connection, repositories, "url", [{"url": url, "remote": remotes.get(url, "")} for url in chunk])


def _moving(connection: Connection, desired: Mapping[str, RepositorySource]) -> set[str]:
    """Repositories that are listed under another URL now, which has not been read yet."""
    moved: dict[str, str] = {source.forge_id: url for url, source in desired.items() if source.forge_id}
    waiting: set[str] = set()
    for chunk in chunks(moved.values()):
        unread = select(repositories.c.url).where(repositories.c.url.in_(chunk), repositories.c.read_at.is_(None))
        waiting.update(connection.execute(unread).scalars())
    found: set[str] = set()
    for chunk in chunks(identity for identity, url in moved.items() if url in waiting):
        same = select(repositories.c.url).where(repositories.c.forge_id.in_(chunk), repositories.c.url.not_in(waiting))
        found.update(connection.execute(same).scalars())
    return found


def _let_leave(connection: Connection, provider: str, urls: set[str]) -> None:
    """Of a provider's listings these alone only stand in for others."""
    own = (listings.c.provider == provider, listings.c.leaving.is_(True))
    connection.execute(update(listings).where(*own).values(leaving=False))
    for chunk in chunks(sorted(urls)):
        these = (listings.c.provider == provider, listings.c.repository.in_(chunk))
        connection.execute(update(listings).where(*these).values(leaving=True))


def _hold(connection: Connection, urls: Iterable[str]) -> None:
    """Locks the rows of repositories in their order, before anything of the catalog is touched."""
    for chunk in chunks(sorted(urls)):
        query = select(repositories.c.url).where(repositories.c.url.in_(chunk)).order_by(repositories.c.url)
        connection.execute(query.with_for_update(key_share=True))


def _add(connection: Connection, provider: str, sources: Sequence[RepositorySource], now: datetime) -> None:
    known: dict[str, bool] = {}
    for chunk in chunks(source.url for source in sources):
        query = select(repositories.c.url, repositories.c.orphaned_at).where(repositories.c.url.in_(chunk))
        known.update((row.url, row.orphaned_at is not None) for row in connection.execute(query))
    fresh = [
        {
            "url": source.url,
            "forge_id": source.forge_id,
            "host": host_of(source.url),
            "branch": source.branch,
            "due_at": now,
        }
        for source in sources
        if source.url not in known
    ]
    insert(connection, repositories, fresh)
    back = [source.url for source in sources if known.get(source.url)]
    change(connection, repositories, "url", [{"url": url, "orphaned_at": None, "due_at": now} for url in back])
    revive_origins(connection, back, now)
    _tell(connection, back, now)
    insert(connection, listings, [_listing(provider, source) for source in sources])


def _repoint(
    connection: Connection,
    provider: str,
    sources: Sequence[RepositorySource],
    before: Mapping[str, tuple[str, str]],
    now: datetime,
) -> None:
    upsert(connection, listings, [_listing(provider, source) for source in sources])
    moved = [
        {"url": source.url, "branch": source.branch, "branch_resolved_at": None, "due_at": now}
        for source in sources
        if source.branch != before[source.url][0]
    ]
    change(connection, repositories, "url", moved)


def _drop(connection: Connection, provider: str, urls: Sequence[str], now: datetime) -> list[str]:
    remove(connection, listings, "repository", urls, listings.c.provider == provider)
    orphaned: list[str] = []
    for chunk in chunks(urls):
        kept = set(connection.execute(select(listings.c.repository).where(listings.c.repository.in_(chunk))).scalars())
        gone = [url for url in chunk if url not in kept]
        mark = update(repositories).where(repositories.c.url.in_(gone))
        connection.execute(
            mark.values(orphaned_at=now, generation=repositories.c.generation + 1, lease_owner=None, lease_until=None)
        )
        orphaned.extend(gone)
    orphan_origins(connection, orphaned, now)
    _tell(connection, orphaned, now)
    return orphaned


def _tell(connection: Connection, urls: Sequence[str], now: datetime) -> None:
    """Entities elsewhere that had objects here, or looked here, see something else now."""
    for url in urls:
        mark(connection, entities_of(connection, url) | readers_of(connection, url, None), Why.CODE, now)
