"""Tech Insights' bulk run: whether it is linear in entities, and whether another request waits for it."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.load import Ask, asked_until, p99_of
from bench.rows import Row
from bench.servers import served
from bench.serving import fill
from bench.targets import ENTITY

_SIZES = (1000, 2500, 5000)
_LINEAR, _WAIT = 1.3, 0.1
_TRIES, _REST_SECONDS = 3, 3.0
RUN = "/api/tech-insights/checks/run"


def run(folder: Path) -> list[Row]:
    environ = fill(folder, _SIZES[-1])
    rows = []
    for server in ("waitress", "granian"):
        with served(server, "ours", environ) as ours:
            rows += _measured(server, ours)
    return rows


def _measured(server: str, ours: str) -> Iterator[Row]:
    seconds = {size: min(_asked(ours, size) for _ in range(_TRIES)) for size in _SIZES}
    few, *others = _SIZES
    for size in others:
        what = f"{server} bulk of {size:,}, an entity, against {few:,}"
        yield Row(what, seconds[size] / size * 1e6, seconds[few] / few * 1e6, _LINEAR, "µs")
    ask = Ask(ours + ENTITY.format("svc-00001"))
    with _for_a_while(_REST_SECONDS) as done:
        rest = asked_until(ask, done)
    with _sweeping(ours) as done:
        meanwhile = asked_until(ask, done)
    whole = seconds[_SIZES[-1]]
    yield Row(f"{server} slowest other request, against the bulk run", max(meanwhile) * 1000, whole * 1000, _WAIT)
    yield Row(f"{server} p99 of a read meanwhile, against rest", p99_of(meanwhile) * 1000, p99_of(rest) * 1000, None)


@contextmanager
def _for_a_while(seconds: float) -> Iterator[Path]:
    """A file that appears after some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        done = Path(folder) / "done"
        timer = threading.Timer(seconds, done.touch)
        timer.start()
        yield done
        timer.join()


@contextmanager
def _sweeping(ours: str) -> Iterator[Path]:
    """Bulk runs of everything, one after another; a file appears when they have ended."""
    with tempfile.TemporaryDirectory() as folder:
        done = Path(folder) / "done"

        def sweep() -> None:
            for _ in range(_TRIES):
                _asked(ours, _SIZES[-1])
            done.touch()

        thread = threading.Thread(target=sweep)
        thread.start()
        yield done
        thread.join()


def _asked(base: str, count: int) -> float:
    """Seconds of one bulk run, its answer read to the end."""
    refs = [f"component:default/svc-{number:05}" for number in range(count)]
    began = time.perf_counter()
    with requests.post(base + RUN, json={"entities": refs}, stream=True, timeout=120) as answer:
        assert sum(len(part) for part in answer.iter_content(1 << 20)) > count
    return time.perf_counter() - began
