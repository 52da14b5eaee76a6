"""The fault suite's town and service, for measuring instead of breaking: real repositories, a real git server, the real
processes, and settings under which nothing is looked at but what is pushed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(_TESTS), str(_TESTS / "faults")]
from fault_cluster import Cluster as Cluster  # noqa: E402
from fault_town import Push as Push  # noqa: E402
from fault_town import Town as Town  # noqa: E402
from fault_verdict import tips as tips  # noqa: E402
from fault_verdict import waiting as waiting  # noqa: E402
from git_server import GitServer  # noqa: E402
from processes import children as children  # noqa: E402

_SELDOM = "polling: {{interval: 12h, discover_interval: 12h}}"


@contextmanager
def town(folder: Path, size: int) -> Iterator[Town]:
    """Repositories behind a real git server."""
    folder.mkdir(parents=True)
    with GitServer(folder) as server:
        made = Town(folder, server, size)
        made.build()
        yield made


@contextmanager
def started(made: Town, folder: Path, workers: int, settings: str = _SELDOM) -> Iterator[Cluster]:
    """A service that has read and judged everything. `workers` 0: embedded, else over PostgreSQL and Redis."""
    cluster = Cluster(made, folder, workers=workers, settings=settings)
    try:
        cluster.start()
        cluster.settle(240)
        yield cluster
    finally:
        cluster.stop()


def share(times: Sequence[float], part: float) -> float:
    """The time within which this part of all lie."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


class Prepared:
    """Commits made beforehand, so that a push costs this machine no more than moving a branch."""

    def __init__(self, made: Town, counts: Mapping[str, int]) -> None:
        """`counts`: repository → how many."""
        self._town = made
        self._commits = {name: _commits(made, name, count) for name, count in counts.items()}

    def push(self, name: str) -> str:
        """Moves the branch to the next commit, as git would; the commit."""
        commit = self._commits[name].pop(0)
        head = self._town.folder / name / "refs" / "heads" / "main"
        new = head.with_name("main.new")
        new.write_text(f"{commit}\n", "ascii")
        os.replace(new, head)
        self._town.heads[name] = commit
        return commit


def _commits(made: Town, name: str, count: int) -> list[str]:
    """Ids of further commits on a repository's `main`, each of which turns an alert's link right or wrong."""
    repository, lines = made.folder / name, []
    for number in range(1, count + 1):
        text = made.alerts(number)
        before = "refs/heads/main^0" if number == 1 else f":{number - 1}"
        lines.append(f"commit refs/prepared/{number}\nmark :{number}\n")
        lines.append(f"committer Ada <ada@acme.example> {int(time.time())} +0000\n")
        lines.append(f"data 4\npush\nfrom {before}\nM 100644 inline alerts.yaml\ndata {len(text)}\n{text}\n")
    feed = ["git", "fast-import", "--quiet", "--date-format=raw"]
    subprocess.run(feed, cwd=repository, input="".join(lines).encode(), check=True)
    names = [f"refs/prepared/{number}" for number in range(1, count + 1)]
    told = subprocess.run(["git", "rev-parse", *names], cwd=repository, capture_output=True, text=True, check=True)
    return told.stdout.split()
