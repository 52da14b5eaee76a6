"""A burst of 1,000 pushes over 200 repositories, as fast as their webhooks are taken, and a person who asks meanwhile.

How many refreshes it costs, how long until every score is that of its head, and how long somebody waits who pushes to
another repository and asks for it. Embedded, and with 1, 2 and 4 workers on PostgreSQL and Redis. The same pushes again
at a steady rate tell how a webhook is answered where none waits for those that were sent as fast as can be.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests
from sqlalchemy import func, select

from app.store.store import Store
from app.store.tables import repositories
from bench.rows import Row
from bench.town import Cluster, Prepared, Town, share, started, town, waiting

_REPOSITORIES, _PUSHES_EACH, _ASKED = 200, 5, 10
_SENDERS, _MOST_SECONDS = 8, 240.0
_REFRESHES, _INTERACTIVE_MS, _ANSWER_MS = 0.5, 2000.0, 50.0
_STEADY = 50
"""Webhooks a second: some 4 million a day."""
_WORKERS = (1, 2, 4)


def embedded(folder: Path) -> list[Row]:
    with town(folder / "town", _REPOSITORIES + _ASKED) as made:
        prepared = _prepared(made, 2)
        with started(made, folder / "service", 0) as cluster:
            return [*_rows("embedded", Burst(cluster, prepared).run()), _steady("embedded", cluster, prepared)]


def workers(folder: Path) -> list[Row]:
    rows: list[Row] = []
    with town(folder / "town", _REPOSITORIES + _ASKED) as made:
        prepared = _prepared(made, 2 * len(_WORKERS))
        with started(made, folder / "service", _WORKERS[0]) as cluster:
            first = 0.0
            for count in _WORKERS:
                cluster.workers = count
                cluster.start_processes()
                burst = Burst(cluster, prepared).run()
                name = f"{count} workers" if count > 1 else "1 worker"
                rows += _rows(name, burst)
                first = first or burst.fresh
                what = f"burst, {count} workers: until all is fresh, against 1"
                rows.append(Row(what, burst.fresh * 1000, first * 1000, None))
                rows.append(_steady(name, cluster, prepared))
    return rows


def _prepared(made: Town, bursts: int) -> Prepared:
    names = made.names
    many = dict.fromkeys(names[:_REPOSITORIES], _PUSHES_EACH * bursts)
    return Prepared(made, many | dict.fromkeys(names[_REPOSITORIES:], 100 * bursts))


@dataclass
class Burst:
    """`run` once. Seconds from the first webhook until all were answered (`sent`), and until all scores are `fresh`.

    `pause`: seconds from the start of one push to that of the next; 0 for as fast as they are taken.
    """

    cluster: Cluster
    prepared: Prepared
    pause: float = 0.0
    answers: list[float] = field(default_factory=list)
    refused: int = 0
    waited: list[float] = field(default_factory=list)
    refreshes: int = 0
    sent: float = 0.0
    fresh: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def pushes(self) -> int:
        return len(self.answers) + self.refused

    def run(self) -> Burst:
        names = self.cluster.town.names
        order = names[:_REPOSITORIES] * _PUSHES_EACH
        Random(11).shuffle(order)
        store = self.cluster.store()
        urls = [self.cluster.town.server.url(name) for name in names[:_REPOSITORIES]]
        before = _claims(store, urls)
        asking = threading.Thread(target=self._ask, args=(names[_REPOSITORIES:],))
        began = time.monotonic()
        asking.start()
        self._send_all(order)
        self.sent = time.monotonic() - began
        while left := waiting(store, self.cluster.town):
            assert time.monotonic() - began < _MOST_SECONDS, left[:5]
            time.sleep(0.1)
        self.fresh = time.monotonic() - began
        self._over.set()
        asking.join()
        self.refreshes = _claims(store, urls) - before
        store.close()
        return self

    def _send_all(self, order: list[str]) -> None:
        numbered, began = iter(list(enumerate(order))), time.monotonic()
        threads = [threading.Thread(target=self._send, args=(numbered, began)) for _ in range(_SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send(self, numbered: Iterator[tuple[int, str]], start: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.port, timeout=30)
        while True:
            with self._lock:
                number, name = next(numbered, (0, ""))
                time.sleep(max(0.0, start + number * self.pause - time.monotonic()) if self.pause else 0.0)
                commit = self.prepared.push(name) if name else ""
            if not name:
                break
            body, headers = self.cluster.town.delivery(name, commit, f"{commit}-{number}")
            began = time.perf_counter()
            connection.request("POST", "/webhooks/github/town", body, headers)
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - began
            with self._lock:
                if answer.status == 202:
                    self.answers.append(took)
                else:
                    self.refused += 1
        connection.close()

    def _ask(self, names: list[str]) -> None:
        """Pushes to one repository after the other, asks for it, and looks until the API shows the push."""
        with requests.Session() as session:
            while not self._over.is_set():
                for name in names:
                    if self._over.is_set():
                        break
                    wanted = self.prepared.push(name).encode()
                    entity = f"{self.cluster.url}/api/v1/entities/by-name/component/default/{name}"
                    began = time.perf_counter()
                    session.post(f"{entity}/refresh", timeout=30).raise_for_status()
                    while wanted not in session.get(f"{entity}/results", timeout=30).content:
                        assert time.perf_counter() - began < _MOST_SECONDS, name
                        time.sleep(0.01)
                    self.waited.append(time.perf_counter() - began)
                    self._over.wait(0.2)


def _steady(name: str, cluster: Cluster, prepared: Prepared) -> Row:
    p99 = share(Burst(cluster, prepared, 1 / _STEADY).run().answers, 0.99) * 1000
    return Row(f"{_STEADY} pushes a second, {name}: a webhook's answer, p99", p99, _ANSWER_MS, 1.0)


def _claims(store: Store, urls: list[str]) -> int:
    """How often any of these was claimed so far."""
    with store.database.read() as connection:
        query = select(func.sum(repositories.c.generation)).where(repositories.c.url.in_(urls))
        return connection.execute(query).scalar_one()


def _rows(name: str, burst: Burst) -> list[Row]:
    answered, p99 = (share(burst.answers, part) * 1000 for part in (0.5, 0.99))
    print(
        f"burst, {name}: {burst.pushes} webhooks in {burst.sent:.1f} s ({burst.refused} not taken), answered in"
        f" {answered:.0f} ms, p99 {p99:.0f} ms; all fresh after {burst.fresh:.1f} s, {burst.pushes / burst.fresh:.0f}"
        f" pushes and {burst.refreshes / burst.fresh:.0f} refreshes a second; {len(burst.waited)} asked meanwhile,"
        f" p50 {share(burst.waited, 0.5) * 1000:.0f} ms, longest {max(burst.waited) * 1000:.0f} ms",
        flush=True,
    )
    return [
        Row(f"burst, {name}: refreshes, against pushes", burst.refreshes, burst.pushes, _REFRESHES, "  "),
        Row(f"burst, {name}: asked for meanwhile, p95", share(burst.waited, 0.95) * 1000, _INTERACTIVE_MS, 1.0),
    ]
