"""Reads while everything is crawled again, against reads at rest; and memory over crawls repeated in one process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from app.pipeline.crawl import crawl
from app.services import build
from app.settings import load as load_settings
from app.store.engine import Database
from app.store.tables import repositories
from bench import org
from bench.load import Ask, load
from bench.rows import Row
from bench.servers import free_port, process

_SERVICES, _CRAWLS, _SECONDS = 200, 8, 5.0
_MOST_MB = 200.0
_HOUR = timedelta(hours=1)


def run(folder: Path) -> list[Row]:
    org.make(folder, _SERVICES)
    memory = _memory(folder)
    return [*_reads(folder), *memory]


def _reads(folder: Path) -> list[Row]:
    """The real command: a web process and its worker, which reads all repositories anew while one is asked."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--config", str(folder / "roadworthy.yaml")]
    environ = {**os.environ, "ROADWORTHY_SERVE__PORT": str(port)}
    with process(command, f"http://127.0.0.1:{port}/healthz", environ, Path.cwd()) as ready:
        base = ready.removesuffix("/healthz")
        entity = _any_entity(base)
        url = f"{base}/api/v1/entities/by-name/{entity}/results"
        time.sleep(3)  # the worker's first look at everything ends
        load(Ask(url), 1, 2.0)
        rest = load(Ask(url), 1, _SECONDS)
        database = Database(load_settings(folder / "roadworthy.yaml", {}).database_url)
        _make_due(database)
        busy = load(Ask(url), 1, _SECONDS)
        left = _unread(database)
        database.close()
    print(
        f"reads a second: {rest.rate:.0f} at rest, {busy.rate:.0f} meanwhile; {_SERVICES - left} repositories read then"
    )
    return [Row("a read's p99 while a crawl runs, against rest", busy.p99 * 1000, rest.p99 * 1000, 3.0)]


def _any_entity(base: str) -> str:
    import requests

    ref: str = requests.get(f"{base}/api/v1/entities?kind=component&limit=1", timeout=30).json()["items"][0]["ref"]
    kind, _, rest = ref.partition(":")
    return f"{kind}/{rest}"


def _make_due(database: Database) -> None:
    """As after an upgrade: every repository is due, and read anew though its tip stands still."""
    with database.write() as connection:
        connection.execute(update(repositories).values(read_version="", due_at=org.NOW))


def _unread(database: Database) -> int:
    with database.read() as connection:
        query = select(func.count()).where(repositories.c.read_version == "")
        return connection.execute(query).scalar_one()


def _memory(folder: Path) -> list[Row]:
    """Resident megabytes of one process after its first full crawl and after its last; and the last against a cap."""
    code = f"from bench.steadiness import crawls; crawls({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=Path.cwd())
    sizes = [float(line) for line in done.stdout.split()]
    print("resident after each crawl:", " ".join(f"{size:.0f}" for size in sizes), "MB")
    return [
        Row(f"memory after {_CRAWLS} crawls of {_SERVICES}, against after two", sizes[-1], sizes[1], 1.1, "MB"),
        Row(f"memory after {_CRAWLS} crawls of {_SERVICES}, against the cap", sizes[-1], _MOST_MB, 1.0, "MB"),
    ]


def crawls(folder: str) -> None:
    """In a process of its own: crawls everything several times, and prints what is resident after each."""
    from app import log
    from app.lib import memory

    log.configure(level="error")
    clock = [org.NOW]
    pipeline = build(load_settings(Path(folder) / "roadworthy.yaml", {}), clock=lambda: clock[0])
    memory.settle()
    for _ in range(_CRAWLS):
        _make_due(pipeline.store.database)
        crawl(pipeline, concurrency=8)
        clock[0] += _HOUR
        print(_resident(), flush=True)


def _resident() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024
