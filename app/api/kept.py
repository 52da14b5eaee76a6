"""What this process keeps of what it served: bodies made from stored results, never more than a second stale.

At most twice a second one request asks the store whether anything was committed at all. If nothing was, everything kept
is right; if something was, each entity's ETags are compared the next time it is asked for, and only what is new is made
again. What is kept has a bound in bytes; the longest unused goes first.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from app.catalog.model import EntityRef
from app.store.served import Served, ServedResult

T = TypeVar("T")
BUDGET = 8 * 1024 * 1024
FRESH_SECONDS = 0.5
_AT_ONCE_SECONDS = 0.005
_OVERHEAD = 500


@dataclass(slots=True)
class Ready:
    """A body ready to be sent: its bytes, its ETag as it stands in the header, and compressed once somebody asks."""

    data: bytes
    etag: str
    compresses: bool = False
    _packed: bytes = b""

    def sent(self, environ: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body for a request: 304 where its copy is current."""
        headers = [("ETag", self.etag)]
        if same(environ.get("HTTP_IF_NONE_MATCH", ""), self.etag) and environ["REQUEST_METHOD"] != "POST":
            return "304 Not Modified", headers, b""
        body = self.data
        if self.compresses and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            headers.append(("Content-Encoding", "gzip"))
            body = self._packed = self._packed or gzip.compress(self.data, 1, mtime=0)
        return "200 OK", [*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body


def same(said: str, etag: str) -> bool:
    """Whether an `If-None-Match` names this ETag, compared weakly (RFC 9110, 13.1.2)."""
    if said == etag or not said:
        return said == etag
    named = [one.strip().removeprefix("W/") for one in said.split(",")]
    return "*" in named or etag.removeprefix("W/") in named


@dataclass(slots=True)
class _Entry:
    value: Any
    etags: tuple[str, ...]
    size: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of body: how it is made from an entity's results, and how many bytes it takes. `name` tells it apart
    from others, and from itself under another policy."""

    name: str
    make: Callable[[EntityRef, Sequence[ServedResult]], T]
    size: Callable[[T], int]


class Kept:
    """Safe for threads. One a process, over one store."""

    def __init__(
        self,
        served: Served,
        *,
        budget: int = BUDGET,
        fresh: float = FRESH_SECONDS,
        changed: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._served, self._budget, self._fresh, self._changed, self.clock = served, budget, fresh, changed, clock
        self._entries: OrderedDict[tuple[str, EntityRef], _Entry] = OrderedDict()
        self._lock, self._asking = threading.Lock(), threading.Lock()
        self._epoch, self._stamp, self._ask_at, self._bytes = 0, object(), 0.0, 0

    def heard(self) -> None:
        """Something was judged: the next request asks at once, unless one just did."""
        self._ask_at = min(self._ask_at, self.clock() + _AT_ONCE_SECONDS)

    def one(self, kind: Kind[T], ref: EntityRef) -> T:
        """The body of one entity, made now if it must be. An entity without results has one too."""
        epoch = self._now()
        key = (kind.name, ref)
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
        if entry is not None and entry.epoch == epoch:
            return entry.value  # type: ignore[no-any-return]
        return self._made(kind, [ref], epoch, spare=False)[ref]

    def many(self, kind: Kind[T], refs: Sequence[EntityRef]) -> dict[EntityRef, T]:
        """The bodies of several entities. What is new is kept only while there is room: a sweep drives nothing out."""
        epoch = self._now()
        found: dict[EntityRef, T] = {}
        with self._lock:
            for ref in refs:
                entry = self._entries.get((kind.name, ref))
                if entry is not None and entry.epoch == epoch:
                    found[ref] = entry.value
        rest = [ref for ref in dict.fromkeys(refs) if ref not in found]
        return found | self._made(kind, rest, epoch, spare=True) if rest else found

    def look(self) -> None:
        """Looks whether anything was committed, if nobody did in the last half second, and calls `changed` if so.

        A database that does not answer is for those to tell who need it: health checks pass here too.
        """
        with suppress(SQLAlchemyError):
            self._now()

    def _now(self) -> int:
        """The number of the present state of the store, as of half a second ago at most."""
        if self.clock() < self._ask_at or not self._asking.acquire(blocking=False):
            return self._epoch
        try:
            asked = self.clock()
            stamp = self._served.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._epoch += 1
                self._changed()
            self._ask_at = asked + self._fresh
        finally:
            self._asking.release()
        return self._epoch

    def _made(self, kind: Kind[T], refs: Sequence[EntityRef], epoch: int, *, spare: bool) -> dict[EntityRef, T]:
        found = self._still_right(kind, refs, epoch)
        missing = [ref for ref in refs if ref not in found]
        stored = self._served.results(missing) if missing else {}
        for ref in missing:
            rows = stored.get(ref, [])
            found[ref] = value = kind.make(ref, rows)
            size = kind.size(value) + _OVERHEAD
            self._keep((kind.name, ref), _Entry(value, tuple(row.etag for row in rows), size, epoch), spare=spare)
        return found

    def _still_right(self, kind: Kind[T], refs: Iterable[EntityRef], epoch: int) -> dict[EntityRef, T]:
        with self._lock:
            old = {ref: entry for ref in refs if (entry := self._entries.get((kind.name, ref))) is not None}
        etags = self._served.etags(list(old)) if old else {}
        found: dict[EntityRef, T] = {}
        for ref, entry in old.items():
            if entry.etags == etags.get(ref, ()):
                entry.epoch = epoch
                found[ref] = entry.value
        return found

    def _keep(self, key: tuple[str, EntityRef], entry: _Entry, *, spare: bool) -> None:
        with self._lock:
            before = self._entries.pop(key, None)
            self._bytes -= before.size if before else 0
            if spare and self._bytes + entry.size > self._budget:
                return
            self._entries[key] = entry
            self._bytes += entry.size
            while self._bytes > self._budget and len(self._entries) > 1:
                _, oldest = self._entries.popitem(last=False)
                self._bytes -= oldest.size
