"""What web and worker processes hold of the machine's memory: 20,000 entities, and 10,000 refreshes by real pushes.

The real processes, embedded and on PostgreSQL and Redis, over a town of few repositories, each pushed to again and
again, and 20,000 services beside them. Pages, lists and results are read all along. A process's size is what is
resident of it (`VmRSS`: libraries that others map too count whole); git's short-lived processes are left out.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from sqlalchemy import func, select

from app.pipeline.crawl import crawl
from app.sample import build as sample
from app.services import build
from app.settings import load
from app.store.tables import repositories
from bench.filled import populate
from bench.invented import ROLES, THINGS, Template, templates
from bench.rows import Row
from bench.town import Cluster, Prepared, children, started, tips, town

_ENTITIES, _REPOSITORIES = int(os.environ.get("ROADWORTHY_BENCH_ENTITIES", 20_000)), 50
_REFRESHES = int(os.environ.get("ROADWORTHY_BENCH_REFRESHES", 10_000))
_WARM, _LOOKS, _ROUND_SECONDS = 0.1, 20, 120.0
_WEB_MB, _WORKER_MB, _FLAT = 150.0, 350.0, 1.1
_PAGES = (
    "/",
    "/entities",
    "/entities?q=ledger",
    "/groups/default/atlas",
    "/search?q=ledger",
    "/scorecards/sre-maturity",
    "/api/v1/entities?limit=100",
    "/api/v1/changes?limit=100",
    "/metrics",
)


def run(folder: Path) -> list[Row]:
    rows = []
    made_of = _templates(folder / "sample")
    with town(folder / "town", _REPOSITORIES) as made:
        for name, workers in (("embedded", 0), ("PostgreSQL and Redis", 1)):
            rounds = _REFRESHES // _REPOSITORIES
            prepared = Prepared(made, dict.fromkeys(made.names, rounds))
            with started(made, folder / f"service-{workers}", workers) as cluster:
                _populate(cluster, made_of)
                rows += _rows(name, Watched(cluster, prepared).run(rounds))
    return rows


def _templates(folder: Path) -> list[Template]:
    now = datetime.now(UTC).replace(microsecond=0)
    sample.build(folder, now=now)
    pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: now)
    crawl(pipeline)
    found = list(templates(pipeline, random.Random(7), now))
    pipeline.store.close()
    pipeline.git.close()
    return found


def _populate(cluster: Cluster, made_of: list[Template]) -> None:
    for name in cluster.names():
        cluster.terminate(name)
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    pipeline = build(load(cluster.config, {**os.environ, **cluster.environ}), clock=lambda: now)
    populate(pipeline, made_of, _ENTITIES, now, random.Random(7))
    pipeline.store.close()
    pipeline.git.close()
    cluster.start_processes()
    cluster.processes["web"].url()


@dataclass
class Watched:
    """`run` once. Megabytes of the largest process of each kind, at each look; and how many refreshes there were."""

    cluster: Cluster
    prepared: Prepared
    web: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)
    refreshes: int = 0

    def run(self, rounds: int) -> Watched:
        store, dice = self.cluster.store(), random.Random(3)
        urls = {name: self.cluster.town.server.url(name) for name in self.cluster.town.names}
        with store.database.read() as connection:
            before = connection.execute(select(func.sum(repositories.c.generation))).scalar_one()
        for number in range(rounds):
            wanted = {urls[name]: self.prepared.push(name) for name in urls}
            with requests.Session() as session:
                for name, url in urls.items():
                    body, headers = self.cluster.town.delivery(name, wanted[url], f"{number}-{name}")
                    address = f"{self.cluster.url}/webhooks/github/town"
                    session.post(address, data=body, headers=headers, timeout=30).raise_for_status()
                self._read(session, dice)
            until = time.monotonic() + _ROUND_SECONDS
            while not wanted.items() <= tips(store).items():
                assert time.monotonic() < until, f"round {number} was not read\n{self.cluster.log()}"
                time.sleep(0.05)
            if number % max(1, rounds // _LOOKS) == 0 or number == rounds - 1:
                self._look()
        with store.database.read() as connection:
            after = connection.execute(select(func.sum(repositories.c.generation))).scalar_one()
        self.refreshes = after - before
        store.close()
        return self

    def _read(self, session: requests.Session, dice: random.Random) -> None:
        for _ in range(20):
            name = f"{dice.choice(THINGS)}-{dice.choice(ROLES)}"
            session.get(f"{self.cluster.url}/api/v1/entities/by-name/component/default/{name}/results", timeout=30)
        session.get(f"{self.cluster.url}{dice.choice(_PAGES)}", timeout=60).raise_for_status()

    def _look(self) -> None:
        web, worker = sizes(self.cluster)
        self.web.append(max(web))
        self.worker.append(max(worker))
        print(f"web {_listed(web)} MB, worker {_listed(worker)} MB", flush=True)


def sizes(cluster: Cluster) -> tuple[list[float], list[float]]:
    """Megabytes resident of each web process, and of each worker."""
    server = cluster.processes["web"].pid
    below = [pid for pid in children(server) if _is_python(pid)]
    if cluster.is_embedded:
        return [_resident(server)], [_resident(pid) for pid in below]
    workers = [_resident(cluster.processes[name].pid) for name in cluster.names() if name != "web"]
    return [_resident(pid) for pid in (server, *below)], workers


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _is_python(pid: int) -> bool:
    try:
        return "python" in Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return False


def _listed(found: list[float]) -> str:
    return " ".join(f"{size:.0f}" for size in found)


def _rows(name: str, watched: Watched) -> Iterator[Row]:
    print(f"{name}: {watched.refreshes:,} refreshes, {_ENTITIES:,} entities beside {_REPOSITORIES} repositories")
    caps: Mapping[str, tuple[list[float], float]] = {
        "web": (watched.web, _WEB_MB),
        "worker": (watched.worker, _WORKER_MB),
    }
    for kind, (seen, cap) in caps.items():
        yield Row(f"memory, {name}: {kind}, most, against the cap", max(seen), cap, 1.0, "MB")
        warm = seen[max(1, int(len(seen) * _WARM))]
        yield Row(f"memory, {name}: {kind} at the end, against a tenth of the way", seen[-1], warm, _FLAT, "MB")
