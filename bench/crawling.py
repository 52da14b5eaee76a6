"""First crawl against the git plumbing alone; a sweep where nothing changed against `ls-remote` alone."""

from __future__ import annotations

import resource
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from app.formats import reading
from app.lib import memory
from app.pipeline.crawl import crawl
from app.repos.git import Git
from app.services import build
from app.settings import load
from bench import org
from bench.rows import Row

_CONCURRENCY, _ROUNDS, _SWEEPS = 8, 2, 3


def run(folder: Path, services: int = 200) -> list[Row]:
    """Each figure is the best of two rounds, the floor's and ours in turn: a machine shared with others is uneven."""
    org.make(folder, services)
    urls = sorted(path.as_uri() for path in (folder / "repositories").iterdir())
    git = Git()
    rounds = [_round(git, folder, urls, number) for number in range(_ROUNDS)]
    git.close()
    floor, ours, sweep_floor, sweep = (min(times) * 1000 for times in zip(*rounds, strict=True))
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return [
        Row(f"first crawl of {services} repositories", ours, floor, 2.0),
        Row(f"sweep of {services}, nothing changed", sweep, sweep_floor, 1.5),
    ]


def _round(git: Git, folder: Path, urls: list[str], number: int) -> tuple[float, float, float, float]:
    """Seconds of the plumbing, of a first crawl with all its judging, of `ls-remote` alone, and of a sweep."""
    floor = _timed(lambda: _each(urls, lambda url: _plumbing(git, folder / f"floor-{number}", url)))
    shutil.rmtree(folder / ".roadworthy", ignore_errors=True)
    clock = [org.NOW]
    pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: clock[0])
    memory.settle()  # as the command does
    ours = _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY))
    sweep_floor = sweep = float("inf")
    for _ in range(_SWEEPS):
        clock[0] += timedelta(hours=1)
        sweep_floor = min(sweep_floor, _timed(lambda: _each(urls, lambda url: _asked(git, url))))
        sweep = min(sweep, _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY)))
    pipeline.store.close()
    pipeline.git.close()
    return floor, ours, sweep_floor, sweep


def _each(urls: list[str], work: object) -> None:
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        list(pool.map(work, urls))  # type: ignore[arg-type]


def _plumbing(git: Git, root: Path, url: str) -> None:
    """Blob-less fetch, listing, one batch of the blobs that we would read."""
    folder = root / url.rsplit("/", 1)[-1]
    folder.mkdir(parents=True)
    git.run(["init", "-q", "--bare", "."], folder=folder)
    with (folder / "config").open("a", encoding="utf-8") as config:
        config.write(f'[remote "origin"]\n\turl = {url}\n\tpromisor = true\n')
    git.run(
        ["fetch", "-q", "--no-tags", "--filter=blob:none", "--depth=1", "origin", "refs/heads/main:refs/x"],
        folder=folder,
        url=url,
    )
    listing = git.run(["ls-tree", "-r", "-z", "refs/x"], folder=folder)
    blobs = [
        line.split(b"\t")[0].split()[2]
        for line in listing.split(b"\0")
        if line and reading.wants(line.split(b"\t", 1)[1].decode())
    ]
    batch = [
        "-c",
        "fetch.negotiationAlgorithm=noop",
        "fetch",
        "-q",
        "--no-tags",
        "--filter=blob:none",
        "--stdin",
        "origin",
    ]
    git.run(batch, folder=folder, stdin=b"\n".join(blobs) + b"\n", url=url)
    git.run(["cat-file", "--batch"], folder=folder, stdin=b"\n".join(blobs) + b"\n")


def _asked(git: Git, url: str) -> None:
    git.run(["ls-remote", "--heads", "--", url, "refs/heads/main"], url=url)


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began
