"""Every page of the dashboards over 20,000 services against the same page over 200, as a server spends on it.

Through Flask's own client: no network, no browser. Rounds alternate between the two, and the middle one counts.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient

from app.pipeline.services import Pipeline
from app.web import create_app
from bench.filled import fill
from bench.rows import Row

_SMALL, _LARGE, _ROUNDS, _GOAL = 200, 20_000, 11, 3.0
_PAGES = {
    "organisation": "/",
    "top group": "/groups/default/acme-corp",
    "team": "/groups/default/atlas",
    "entity": "/entities/component/default/ledger-api",
    "services": "/entities",
    "services by name": "/entities?sort=name",
    "services of a level": "/entities?level=silver",
    "services by part of a name": "/entities?q=ledger",
    "scorecard": "/scorecards/sre-maturity",
    "check": "/checks/owner-is-team",
    "sources": "/sources",
    "search": "/search?q=ledger",
}


def run(folder: Path) -> list[Row]:
    small, large = (_filled(folder / str(count), count) for count in (_SMALL, _LARGE))
    clients = [create_app(pipeline).test_client() for pipeline in (small, large)]
    rows = []
    for what, path in _PAGES.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(_ROUNDS):
            for client, taken in zip(clients, times, strict=True):
                taken.append(_asked(client, path))
        floor, ours = (statistics.median(taken) * 1000 for taken in times)
        rows.append(Row(f"{what}, {_LARGE:,} services and {_SMALL}", ours, floor, _GOAL))
    for pipeline in (small, large):
        pipeline.store.close()
        pipeline.git.close()
    return rows


def _filled(folder: Path, count: int) -> Pipeline:
    return fill(folder, count, datetime.now(UTC))


def _asked(client: FlaskClient, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    taken = time.perf_counter() - began
    assert answer.status_code == 200, (path, answer.status_code)
    return taken
