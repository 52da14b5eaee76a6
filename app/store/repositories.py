"""Which repositories there are, who told of them, and how each one does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, select

from app.store import listed
from app.store.codec import unpack_paths
from app.store.engine import Database
from app.store.model import Difference, Page, RepositorySource
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, upsert
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
    """How a provider did last. `error` "" means well; `repositories` counts what it lists, of that what is seen."""

    name: str
    listed_at: datetime | None
    failed_at: datetime | None
    error: str
    repositories: int


class Repositories:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def sync(self, provider: str, sources: Iterable[RepositorySource], now: datetime) -> Difference:
        """Makes what `provider` lists equal to `sources`.

        What it no longer lists is orphaned unless another provider lists it: kept and marked, its running save refused.
        What is listed again comes back and is due at once. One that is listed under a new URL (the same `forge_id`) is
        orphaned once the new one has been read, so that its entities are never without a repository.
        """
        with self._database.write() as connection:
            return listed.sync(connection, provider, sources, now)

    def has_moved(self, url: str, forge_id: str, now: datetime) -> list[str]:
        """Has been read under its new URL: what stood in for it goes. Returns those old URLs."""
        with self._database.read() as connection:
            if not listed.moved(connection, url, forge_id):
                return []
        with self._database.write() as connection:
            return listed.settle(connection, url, forge_id, now)

    def provider_failed(self, provider: str, error: str, now: datetime) -> None:
        """Keeps why a provider could not list; deletes nothing."""
        with self._database.write() as connection:
            upsert(connection, providers, [{"name": provider, "failed_at": now, "error": error}])

    def forget_provider(self, provider: str) -> None:
        """That a provider is no longer there; it lists nothing any more."""
        with self._database.write() as connection:
            connection.execute(delete(providers).where(providers.c.name == provider))

    def providers(self) -> list[ProviderView]:
        seen = self._sight.in_repository(listings.c.repository)
        count = select(func.count()).where(listings.c.provider == providers.c.name, *seen).scalar_subquery()
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

    def known_as(self, names: Iterable[str]) -> dict[str, str]:
        """Of these the other names of repositories, each with the URL that one is crawled under: where a local clone
        came from, a forge's own id."""
        at, found = repositories.c, dict[str, str]()
        with self._database.read() as connection:
            for chunk in chunks(sorted({name for name in names if name})):
                query = select(at.forge_id, at.url).where(at.forge_id.in_(chunk)).order_by(at.url.desc())
                found |= {row.forge_id: row.url for row in connection.execute(query)}
        return found

    def listed_by(self, url: str) -> list[str]:
        """The providers that list a repository."""
        with self._database.read() as connection:
            query = select(listings.c.provider).where(listings.c.repository == url)
            return list(connection.execute(query).scalars())

    def urls(self) -> list[str]:
        """Every repository that is not orphaned."""
        query = select(repositories.c.url).where(repositories.c.orphaned_at.is_(None)).order_by(repositories.c.url)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


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
