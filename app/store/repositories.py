"""Which repositories there are, who told of them, and how each one does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping, func, select, update

from app.store.codec import unpack_paths
from app.store.declared import orphan_origins, revive_origins
from app.store.due import entities_of, mark, readers_of
from app.store.engine import Database
from app.store.model import Difference, Page, RepositorySource, Why
from app.store.sight import EVERYTHING, Sight
from app.store.sql import DISCOVERY_TURN, change, chunks, insert, remove, take_turn, upsert
from app.store.tables import listings, providers, repositories


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryView:
    """What retrievers and pages may know of a repository. `paths`: path → shortened blob id, as last read."""

    url: str
    branch: str
    tip: str
    due_at: datetime
    checked_at: datetime | None
    read_at: datetime | None
    failures: int
    last_error: str
    last_error_reason: str
    parked_reason: str
    orphaned_at: datetime | None
    running: bool
    paths: dict[str, str]
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProviderView:
    """How a provider did last. `error` "" means well; `repositories` counts what it lists."""

    name: str
    listed_at: datetime | None
    failed_at: datetime | None
    error: str
    repositories: int


def host_of(url: str) -> str:
    """The host that serves a canonical URL; "" for a local path."""
    return urlsplit(url).hostname or ""


class Repositories:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def sync(self, provider: str, sources: Iterable[RepositorySource], now: datetime) -> Difference:
        """Makes what `provider` lists equal to `sources`.

        What it no longer lists is orphaned unless another provider lists it: kept and marked, its running save refused.
        What is listed again comes back and is due at once. One that is listed under a new URL (the same `forge_id`) is
        orphaned once the new one has been read, so that its entities are never without a repository.
        """
        desired = {source.url: source for source in sources}
        with self._database.write() as connection:
            take_turn(connection, DISCOVERY_TURN)  # two schedulers list the same at once
            stored = _listed(connection, provider)
            added = sorted(desired.keys() - stored.keys())
            changed = sorted(url for url in desired.keys() & stored.keys() if _told(desired[url]) != stored[url])
            _hold(connection, {*added, *changed, *(stored.keys() - desired.keys())})
            _add(connection, provider, [desired[url] for url in added], now)
            _repoint(connection, provider, [desired[url] for url in changed], stored, now)
            _settle_remotes(connection, [*added, *changed])
            gone = stored.keys() - desired.keys() - _moving(connection, desired)
            orphaned = _drop(connection, provider, sorted(gone), now)
            _settle_remotes(connection, sorted(gone))
            upsert(connection, providers, [{"name": provider, "listed_at": now, "failed_at": None, "error": ""}])
        return Difference(tuple(added), tuple(changed), tuple(orphaned))

    def provider_failed(self, provider: str, error: str, now: datetime) -> None:
        """Keeps why a provider could not list; deletes nothing."""
        with self._database.write() as connection:
            upsert(connection, providers, [{"name": provider, "failed_at": now, "error": error}])

    def providers(self) -> list[ProviderView]:
        count = select(func.count()).where(listings.c.provider == providers.c.name).scalar_subquery()
        columns = (providers.c.name, providers.c.listed_at, providers.c.failed_at, providers.c.error)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns, count).order_by(providers.c.name)).all()
        return [ProviderView(*row) for row in rows]

    def get(self, url: str, now: datetime) -> RepositoryView | None:
        """One repository with its paths, or None when it is not known."""
        with self._database.read() as connection:
            row = connection.execute(select(repositories).where(repositories.c.url == url)).mappings().first()
        return None if row is None else _view(row, now)

    def brief(self, url: str, now: datetime) -> RepositoryView | None:
        """One repository without its paths: how reading it goes."""
        columns = [column for column in repositories.c if column.name not in ("paths", "skipped")]
        with self._database.read() as connection:
            seen = (repositories.c.url == url, *self._sight.in_repository(repositories.c.url))
            row = connection.execute(select(*columns).where(*seen)).mappings().first()
        return None if row is None else _view(row, now)

    def get_many(self, urls: Iterable[str], now: datetime) -> dict[str, RepositoryView]:
        """Several repositories with their paths; those not known are absent."""
        found: dict[str, RepositoryView] = {}
        with self._database.read() as connection:
            for chunk in chunks(urls):
                seen = (repositories.c.url.in_(chunk), *self._sight.in_repository(repositories.c.url))
                query = select(repositories).where(*seen)
                found |= {row["url"]: _view(row, now) for row in connection.execute(query).mappings()}
        return found

    def page(self, now: datetime, *, after: str = "", limit: int = 100) -> Page[RepositoryView]:
        """Repositories by URL, without their paths."""
        columns = [column for column in repositories.c if column.name not in ("paths", "skipped")]
        seen = self._sight.in_repository(repositories.c.url)
        query = select(*columns).where(repositories.c.url > after, *seen).order_by(repositories.c.url).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(repositories).where(*seen)).scalar_one()
        items = tuple(_view(row, now) for row in rows[:limit])
        return Page(items, items[-1].url if len(rows) > limit else None, total)

    def failing(self, now: datetime, *, limit: int = 50) -> list[RepositoryView]:
        """Repositories whose last refresh failed, or that were parked, most failures first; without their paths."""
        columns = [column for column in repositories.c if column.name not in ("paths", "skipped")]
        at = repositories.c
        broken = (at.orphaned_at.is_(None), at.failures > 0, *self._sight.in_repository(at.url))
        query = select(*columns).where(*broken).order_by(at.failures.desc(), at.url)
        with self._database.read() as connection:
            return [_view(row, now) for row in connection.execute(query.limit(limit)).mappings()]

    def aliases(self) -> dict[str, str]:
        """Other names of repositories → the URL they are known by: where a local clone came from, a forge's own id."""
        query = select(repositories.c.forge_id, repositories.c.url).where(repositories.c.forge_id != "")
        with self._database.read() as connection:
            return {row.forge_id: row.url for row in connection.execute(query.order_by(repositories.c.url.desc()))}

    def urls(self) -> list[str]:
        """Every repository that is not orphaned."""
        query = select(repositories.c.url).where(repositories.c.orphaned_at.is_(None)).order_by(repositories.c.url)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


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


def _view(get: RowMapping, now: datetime) -> RepositoryView:
    return RepositoryView(
        url=get["url"],
        branch=get["branch"],
        tip=get["tip"],
        due_at=get["due_at"],
        checked_at=get["checked_at"],
        read_at=get["read_at"],
        failures=get["failures"],
        last_error=get["last_error"],
        last_error_reason=get["last_error_reason"],
        parked_reason=get["parked_reason"],
        orphaned_at=get["orphaned_at"],
        running=get["lease_until"] is not None and get["lease_until"] > now,
        paths=unpack_paths(get.get("paths")),
        skipped=tuple((path, reason) for path, reason in get.get("skipped") or ()),
    )
