"""First crawl against the git plumbing alone; a sweep where nothing changed against `ls-remote` alone."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from app.formats import reading
from app.pipeline.crawl import crawl
from app.repos.git import Git
from app.services import build
from app.settings import load
from bench import org
from bench.rows import Row

_CONCURRENCY = 8


def run(folder: Path, services: int = 200) -> list[Row]:
    org.make(folder, services)
    git = Git()
    urls = sorted(path.as_uri() for path in (folder / "repositories").iterdir())
    floor = _timed(lambda: _each(urls, lambda url: _plumbing(git, folder / "floor", url)))
    clock = [org.NOW]
    pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: clock[0])
    ours = _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY))
    rows = [Row(f"first crawl of {services} repositories", ours * 1000, floor * 1000, 2.0)]
    clock[0] += timedelta(hours=1)
    sweep_floor = _timed(
        lambda: _each(urls, lambda url: git.run(["ls-remote", "--heads", "--", url, "refs/heads/main"], url=url))
    )
    sweep = _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY))
    rows.append(Row(f"sweep of {services}, nothing changed", sweep * 1000, sweep_floor * 1000, 1.5))
    pipeline.store.close()
    git.close()
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return rows


def _each(urls: list[str], work: object) -> None:
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        list(pool.map(work, urls))  # type: ignore[arg-type]


def _plumbing(git: Git, root: Path, url: str) -> None:
    """Blob-less fetch, listing, one batch of the blobs that we would read."""
    folder = root / url.rsplit("/", 1)[-1]
    folder.mkdir(parents=True)
    git.run(["init", "-q", "--bare", "."], folder=folder)
    git.run(["config", "remote.origin.url", url], folder=folder)
    git.run(["config", "remote.origin.promisor", "true"], folder=folder)
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


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began
