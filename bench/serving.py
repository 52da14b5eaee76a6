"""Serving one entity's results on the embedded store, beside a bare view of Flask, in one run.

Rates are turned into seconds a request, so that every row reads like the others: ours / floor ≤ goal. The bare view
answers the same bytes from memory under the same server. Runs alternate, and the middle one of three counts.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import requests

from app.catalog.model import EntityRef
from app.pipeline.crawl import crawl
from app.services import build
from app.settings import load as settings
from bench import org
from bench.load import Ask, Load, load
from bench.rows import Row
from bench.servers import served
from bench.targets import BODY, ENTITY, FOLDER

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from many import copies

CONNECTIONS = (1, 16, 64)
ROUNDS, SECONDS = 3, 2.0
_RATE, _P99, _SERVICES, _ENTITIES = 1 / 0.6, 2.5, 5, 1000


def run(folder: Path) -> list[Row]:
    environ = fill(folder, _ENTITIES)
    with served("waitress", "ours", environ) as ours, served("waitress", "bare", environ) as bare:
        return list(beside_bare("waitress", ours, bare, _RATE))


def fill(folder: Path, entities: int, database: Mapping[str, str] | None = None) -> dict[str, str]:
    """A store of so many entities, one really crawled and the rest its copies, and the environment that serves it.

    `database`: settings as variables, where it is not the embedded one.
    """
    said = dict(database or {})
    names = [f"svc-{number:05}" for number in range(entities)]
    org.make(folder, _SERVICES)
    pipeline = build(settings(folder / "roadworthy.yaml", said))
    crawl(pipeline, concurrency=2)
    judged = pipeline.store.served.refs(limit=1)[0]
    copies(pipeline.store, judged, names)
    rows = pipeline.store.served.results([EntityRef("component", "default", names[1])])
    pipeline.store.close()
    pipeline.git.close()
    (folder / "body").write_bytes(b"".join(row.body for found in rows.values() for row in found))
    return {FOLDER: str(folder), BODY: str(folder / "body"), **said}


def beside_bare(what: str, ours: str, bare: str, goal: float) -> Iterator[Row]:
    """Whole answers and 304s at each number of connections. `goal` is for rates; the tail's is always the same."""
    url = ENTITY.format("svc-00001")
    etag = requests.get(ours + url, timeout=10).headers["ETag"]
    for kind, mine, theirs in (
        ("results", Ask(ours + url), Ask(bare + url)),
        ("304", Ask(ours + url, headers={"If-None-Match": etag}), Ask(bare + url, headers={"If-None-Match": '"it"'})),
    ):
        for connections in CONNECTIONS:
            us, floor = alternate(mine, theirs, connections)
            yield from rows(f"{what} {kind} c={connections}", us, floor, goal, _P99)


def rows(what: str, us: Load, floor: Load, rate: float, p99: float | None) -> Iterator[Row]:
    """What a request takes at that rate, and the slowest one in a hundred."""
    yield Row(f"{what}: a request", 1000 / us.rate, 1000 / floor.rate, rate)
    yield Row(f"{what}: p99", us.p99 * 1000, floor.p99 * 1000, p99)


def alternate(mine: Ask, theirs: Ask, connections: int) -> tuple[Load, Load]:
    """The middle of each, after a warm-up."""
    runs: tuple[list[Load], list[Load]] = ([], [])
    for ask in (mine, theirs):
        load(ask, connections, 1)
    for _ in range(ROUNDS):
        for ask, found in zip((mine, theirs), runs, strict=True):
            found.append(load(ask, connections, SECONDS))
    for found in runs:
        assert not any(one.refused for one in found), "some requests were refused"
    us, floor = (
        Load(statistics.median(one.rate for one in found), statistics.median(one.p99 for one in found), 0)
        for found in runs
    )
    return us, floor
