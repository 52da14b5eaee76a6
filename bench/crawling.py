"""First crawl against the git plumbing alone; a sweep where nothing changed against `ls-remote` alone."""

from __future__ import annotations

import resource
import subprocess
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

_CONCURRENCY = 8


def run(folder: Path, services: int) -> list[tuple[str, float, float, float]]:
    """(name, ours in seconds, floor in seconds, allowed ratio)."""
    org.make(folder, services)
    git = Git()
    urls = sorted(path.as_uri() for path in (folder / "repositories").iterdir())
    floor = _timed(lambda: _each(urls, lambda url: _plumbing(git, folder / "floor", url)))
    clock = [org.NOW]
    pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: clock[0])
    ours = _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY))
    rows = [("first crawl", ours, floor, 2.0)]
    clock[0] += timedelta(hours=1)
    sweep_floor = _timed(
        lambda: _each(urls, lambda url: git.run(["ls-remote", "--heads", "--", url, "refs/heads/main"], url=url))
    )
    rows.append(("sweep, nothing changed", _timed(lambda: crawl(pipeline, concurrency=_CONCURRENCY)), sweep_floor, 1.5))
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


def check_ratio(folder: Path) -> tuple[str, float, float, float]:
    """`roadworthy check` on a warm tree of 1,000 files against imports, `git ls-files` and reading the candidates."""
    import sys

    from app.repos.author import Commit, write
    from app.sample import generated

    plan = next(one for one in generated.plans(7, 50) if one.paging and one.runbook == "good")
    files: dict[str, bytes | None] = dict(generated.files(plan))
    files |= {f"src/more/file_{n:04d}.py": b"x = 1\n" * 30 for n in range(1000 - len(files))}
    write(folder, [Commit(org.NOW, files)], bare=False)
    floor_code = (
        "import subprocess, click, rich.console, yaml, promql_parser, markdown_it, codeowners\n"
        "from cel_expr_python import cel\n"
        "names = subprocess.run(['git','ls-files','-z'],capture_output=True).stdout.split(b'\\0')\n"
        "[open(n,'rb').read() for n in names if n.endswith((b'.yaml', b'.md', b'.json'))]\n"
    )
    ours = [sys.executable, "-m", "app.cli", "check", str(folder)]
    floor = [sys.executable, "-c", floor_code]
    return "check, 1,000 files", _process(ours, Path.cwd()), _process(floor, folder), 5.0


def _process(command: list[str], folder: Path) -> float:
    return min(_timed(lambda: subprocess.run(command, cwd=folder, capture_output=True, check=True)) for _ in range(5))


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began
