"""What forges told us by webhook: recorded once a delivery, with the hint it gives, and closed by a refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, RowMapping, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.store.engine import Database
from app.store.hinted import pulled_forward
from app.store.model import Page
from app.store.sight import EVERYTHING, Sight
from app.store.sql import chunks, lives, next_numbers, number, upsert
from app.store.tables import repositories
from app.store.tables_inbound import inbound, inbound_refused
from app.store.types import Instant

_IN = inbound.c
_DISCOVER = "discover_requests"
# Built once: each delivery runs these within milliseconds, and building them costs more than running them.
_AT = repositories.c
_URLS: BindParameter[str] = bindparam("urls", expanding=True)
_KNOWN = select(_AT.url, _AT.branch, _AT.forge_id).where(
    _AT.url.in_(_URLS) | _AT.forge_id.in_(_URLS), lives(_AT.orphaned_at)
)
_SAME = (
    select(_IN.id, _IN.state, _IN.tries)
    .where(_IN.source == bindparam("of"), _IN.delivery == bindparam("said"))
    .with_for_update()
)
_ADD = insert(inbound)
_NOW: BindParameter[datetime] = bindparam("now", type_=Instant)
_PLACE = update(repositories).where(_AT.url == bindparam("place"))
_RESOLVE = _PLACE.values(branch_resolved_at=None)
_HINT = _PLACE.values(hints=_AT.hints + 1, hinted_at=_NOW, due_at=pulled_forward(_NOW)).returning(_AT.hints)


@dataclass(frozen=True, slots=True)
class Known:
    """A repository that is crawled, as a delivery needs to know it. `branch` "" before the first look."""

    url: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A believed delivery and what is done with it. `hint`: make the repository due; `resolve`: when it is next looked
    at, ask which its default branch is.
    """

    source: str
    forge: str
    delivery: str
    event: str
    action: str = ""
    repository: str = ""
    branch: str = ""
    commit: str = ""
    state: str
    reason: str = ""
    hint: bool = False
    resolve: bool = False
    discover: bool = False


Decide = Callable[[Known | None], Arrival]
"""What is done with a delivery, by what is known of its repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as shown, and what it caused: the commit read and how many entities became due."""

    id: int
    source: str
    forge: str
    delivery: str
    event: str
    action: str
    repository: str
    branch: str
    commit: str
    state: str
    reason: str
    received_at: datetime
    tries: int
    done_at: datetime | None
    read_commit: str
    entities_due: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often a source's deliveries were refused for one reason. `source`: `forge/name`."""

    source: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


class Inbound:
    def __init__(self, database: Database, sight: Sight = EVERYTHING) -> None:
        self._database, self._sight = database, sight

    def take(self, urls: Sequence[str], decide: Decide, now: datetime) -> tuple[Arrival, Known | None] | None:
        """Keeps a delivery about the first of `urls` that is crawled, as `decide` says, and gives its hint, in one
        transaction. None: a replay, and nothing is done.

        A delivery that comes again after it failed is taken again: forges redeliver under the same id.
        """
        try:
            if self._database.is_sqlite:  # others wait for the one writer: what can be read before its turn is
                with self._database.read() as connection:
                    decided = _decided(connection, urls, decide)
                with self._database.write(awaited=True) as connection:
                    return decided if _record(connection, decided[0], now) else None
            with self._database.write(awaited=True) as connection:
                decided = _decided(connection, urls, decide)
                return decided if _record(connection, decided[0], now) else None
        except IntegrityError:  # the same delivery, at the same moment, through another process
            return None

    def record(self, arrival: Arrival, now: datetime) -> bool:
        """Keeps a delivery of which all is decided. False: it is a replay."""
        return self.take((), lambda _: arrival, now) is not None

    def refuse(self, counted: Mapping[tuple[str, str], int], now: datetime) -> None:
        """Adds to the counts of refusals: (source, reason) → how many more."""
        refused = inbound_refused.c
        with self._database.write() as connection:
            for (source, reason), more in counted.items():
                where = (refused.source == source, refused.reason == reason)
                grown = update(inbound_refused).where(*where).values(count=refused["count"] + more, last_at=now)
                if connection.execute(grown).rowcount == 0:
                    row = {"source": source, "reason": reason, "count": more, "first_at": now, "last_at": now}
                    upsert(connection, inbound_refused, [row])

    def refusals(self) -> list[Refusals]:
        """Every reason that something was refused for, the latest first."""
        query = select(inbound_refused).order_by(inbound_refused.c.last_at.desc())
        with self._database.read() as connection:
            return [Refusals(*row) for row in connection.execute(query)]

    def page(
        self, *, before: int | None = None, limit: int = 100, source: str = "", state: str = "", repository: str = ""
    ) -> Page[Delivery]:
        """Deliveries, the newest first; `before`: the id where the last page ended."""
        wanted = {"source": source, "state": state, "repository": repository}
        where = [inbound.c[name] == value for name, value in wanted.items() if value]
        where += self._sight.in_repository(_IN.repository)
        query = select(inbound).where(*where).order_by(_IN.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(_IN.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(inbound).where(*where)).scalar_one()
        items = tuple(_delivery(row) for row in rows[:limit])
        return Page(items, str(items[-1].id) if len(rows) > limit else None, total)

    def discovered(self, now: datetime) -> None:
        """Closes the deliveries that only asked to list anew."""
        waiting = update(inbound).where(_IN.state == "accepted", _IN.hint.is_(None))
        with self._database.write() as connection:
            connection.execute(waiting.values(state="done", done_at=now))

    def discover_requests(self) -> int:
        """Grows whenever a delivery told that what exists has changed."""
        with self._database.read() as connection:
            return number(connection, _DISCOVER)

    def prune(self, before: datetime) -> int:
        """Forgets deliveries received before an instant; ids must be kept for as long as forges redeliver (3 days)."""
        with self._database.write() as connection:
            return connection.execute(delete(inbound).where(_IN.received_at < before)).rowcount


def _decided(connection: Connection, urls: Sequence[str], decide: Decide) -> tuple[Arrival, Known | None]:
    known = _known(connection, urls)
    return decide(known), known


def _known(connection: Connection, urls: Sequence[str]) -> Known | None:
    """The first of `urls` (canonical) that is crawled, also under another name (see `Repositories.known_as`)."""
    for chunk in chunks(urls):
        rows = connection.execute(_KNOWN, {"urls": chunk}).all()
        rows = sorted(rows, key=lambda row: urls.index(row.url) if row.url in urls else len(urls))
        if rows:
            return Known(rows[0].url, rows[0].branch)
    return None


def _record(connection: Connection, arrival: Arrival, now: datetime) -> bool:
    found = connection.execute(_SAME, {"of": arrival.source, "said": arrival.delivery}).first()
    if found is not None and found.state != "failed":
        return False
    values = _row(arrival, now, _hinted(connection, arrival, now))
    if found is None:
        connection.execute(_ADD, {**values, "tries": 1})
    else:
        connection.execute(update(inbound).where(_IN.id == found.id).values(**values, tries=found.tries + 1))
    if arrival.discover:
        next_numbers(connection, _DISCOVER)
    return True


def close(
    connection: Connection, url: str, hints: int, now: datetime, *, commit: str = "", due: int = 0, error: str = ""
) -> None:
    """Tells the deliveries that asked for this refresh (or an earlier one) how it ended."""
    values = {"done_at": now, "state": "failed" if error else "done", "reason": error}
    done = update(inbound).where(_IN.repository == url, _IN.state.in_(("accepted", "failed")), _IN.hint <= hints)
    connection.execute(done.values(**values, read_commit=commit, entities_due=due))


def _hinted(connection: Connection, arrival: Arrival, now: datetime) -> int | None:
    """The repository's count of hints after this one's; None when none is given."""
    if arrival.resolve:
        connection.execute(_RESOLVE, {"place": arrival.repository})
    if not arrival.hint:
        return None
    return connection.execute(_HINT, {"place": arrival.repository, "now": now}).scalar()


def _row(arrival: Arrival, now: datetime, hint: int | None) -> dict[str, object]:
    names = ("source", "delivery", "forge", "event", "action", "repository", "branch", "commit", "state", "reason")
    return {**{name: getattr(arrival, name) for name in names}, "received_at": now, "hint": hint, "done_at": None}


def _delivery(row: RowMapping) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__dataclass_fields__})
