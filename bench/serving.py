"""Serving: one entity's results and Tech Insights, beside a bare view of Flask and beside the original, in one run.

Rates are turned into seconds a request, so that every row reads like the others: ours / floor ≤ goal. The bare view
answers the same bytes from memory under the same server. Runs alternate, and the middle one of three counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from app.catalog.model import EntityRef
from app.pipeline.crawl import crawl
from app.services import build
from app.settings import load as settings
from bench import org, peer
from bench.load import Ask, Load, load, slowest
from bench.rows import Row, table
from bench.servers import served
from bench.targets import BODY, ENTITY, FOLDER

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from many import copies

_RATE, _P99, _PEER, _LINEAR, _WAIT = 1 / 0.6, 2.5, 0.1, 1.3, 0.1
_CONNECTIONS = (1, 16, 64)
_ROUNDS, _SECONDS = 3, 2.0
_BULK = (500, 5000)
RUN = "/api/tech-insights/checks/run"
_JSON = {"Content-Type": "application/json"}


def run(folder: Path) -> list[Row]:
    """All rows."""
    return list(measured(folder))


def measured(folder: Path, services: int = 5) -> Iterator[Row]:
    """All rows, as they come. The store holds `_BULK[1]` entities: one really crawled, under other names."""
    names = [f"svc-{number:05}" for number in range(_BULK[-1])]
    body = _fill(folder, services, names)
    (folder / "body").write_bytes(body)
    environ = {FOLDER: str(folder), BODY: str(folder / "body")}
    for server in ("waitress", "granian"):
        with served(server, "ours", environ) as ours, served(server, "bare", environ) as bare:
            yield from _results(server, ours, bare)
            yield from _bulk(server, ours, names)
    yield from _beside_the_original(environ)


def _fill(folder: Path, services: int, names: list[str]) -> bytes:
    org.make(folder, services)
    pipeline = build(settings(folder / "roadworthy.yaml", {}))
    crawl(pipeline, concurrency=2)
    judged = pipeline.store.served.refs(limit=1)[0]
    copies(pipeline.store, judged, names)
    rows = pipeline.store.served.results([EntityRef("component", "default", names[1])])
    pipeline.store.close()
    pipeline.git.close()
    return b"".join(row.body for found in rows.values() for row in found)


def _results(server: str, ours: str, bare: str) -> Iterator[Row]:
    url = ENTITY.format("svc-00001")
    etag = requests.get(ours + url, timeout=10).headers["ETag"]
    for what, mine, theirs in (
        ("results", Ask(ours + url), Ask(bare + url)),
        ("304", Ask(ours + url, headers={"If-None-Match": etag}), Ask(bare + url, headers={"If-None-Match": '"it"'})),
    ):
        for connections in _CONNECTIONS:
            us, floor = _alternate(mine, theirs, connections)
            yield _row(f"{server} {what} c={connections}: a request", 1 / us.rate, 1 / floor.rate, _RATE)
            yield _row(f"{server} {what} c={connections}: p99", us.p99, floor.p99, _P99)


def _alternate(mine: Ask, theirs: Ask, connections: int) -> tuple[Load, Load]:
    """The middle of each, after a warm-up."""
    runs: tuple[list[Load], list[Load]] = ([], [])
    for ask in (mine, theirs):
        load(ask, connections, 1)
    for _ in range(_ROUNDS):
        for ask, found in zip((mine, theirs), runs, strict=True):
            found.append(load(ask, connections, _SECONDS))
    for found in runs:
        assert not any(one.refused for one in found), "some requests were refused"
    us, floor = (
        Load(statistics.median(one.rate for one in found), statistics.median(one.p99 for one in found), 0)
        for found in runs
    )
    return us, floor


def _bulk(server: str, ours: str, names: list[str]) -> Iterator[Row]:
    """Linear in entities (seconds for 500 of them), and whether another request waits while it runs."""
    few, many = ([f"component:default/{name}" for name in names[:count]] for count in _BULK)
    seconds = {len(refs): min(_asked(ours, refs) for _ in range(2)) for refs in (few, many)}
    share = _BULK[1] / _BULK[0]
    yield _row(f"{server} bulk of {_BULK[1]:,}: 500 entities", seconds[_BULK[1]] / share, seconds[_BULK[0]], _LINEAR)
    with tempfile.TemporaryDirectory() as name:
        done = Path(name) / "done"

        def sweep() -> None:
            _asked(ours, many)
            done.touch()

        sweeping = threading.Thread(target=sweep)
        sweeping.start()
        waited = slowest(Ask(ours + ENTITY.format("svc-00001")), done)
        sweeping.join()
    yield _row(f"{server} bulk of {_BULK[1]:,}: slowest other request", waited, seconds[_BULK[1]], _WAIT)


def _asked(base: str, refs: list[str]) -> float:
    began = time.perf_counter()
    with requests.post(base + RUN, json={"entities": refs}, stream=True, timeout=120) as answer:
        assert sum(len(part) for part in answer.iter_content(1 << 20)) > len(refs)
    return time.perf_counter() - began


def _beside_the_original(environ: dict[str, str]) -> Iterator[Row]:
    """Its answer holds ten checks in 6 kB, ours some fifty in 27 kB."""
    home = peer.folder()
    if home is None:
        print("the original backend is not installed, so it is not measured: see bench/peer", file=sys.stderr)
        return
    with peer.running(home, 1000) as theirs:
        for server in ("waitress", "granian"):
            with served(server, "ours", environ) as ours:
                for connections in _CONNECTIONS:
                    asks = (Ask(f"{base}{peer.RUN}", "POST", "{}", _JSON) for base in (ours, theirs))
                    us, original = _alternate(*asks, connections)
                    what = f"{server} run of one c={connections}, beside the original"
                    yield _row(what, 1 / us.rate, 1 / original.rate, _PEER)


def _row(what: str, ours: float, floor: float, goal: float) -> Row:
    """From seconds."""
    return Row(what, ours * 1000, floor * 1000, goal)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="roadworthy-bench-") as name:
        for row in measured(Path(name) / "org"):
            print(table([row]).splitlines()[1], flush=True)


if __name__ == "__main__":
    from app import log

    log.configure(level="error")
    main()
