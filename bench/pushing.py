"""One push to its visible score on an idle service, against git alone bringing and reading the same change.

Real git over HTTP (`git http-backend`), a real signed webhook, the real processes. A score is visible once the API
answers the new commit. The floor fetches the same commit into a partial clone of its own: fetch, `ls-tree`, the changed
blobs and `cat-file`. It runs after each push, so that a busy machine changes both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from app.repos.git import Git
from bench.rows import Row
from bench.town import Cluster, Push, share, started, town

_REPOSITORIES, _PUSHES, _WARM = 20, 60, 5
_LOOK_SECONDS, _IDLE_SECONDS, _MOST_SECONDS = 0.003, 0.7, 30.0
_GOAL = 3.0


def run(folder: Path) -> list[Row]:
    rows = []
    with town(folder / "town", _REPOSITORIES) as made:
        for name, workers in (("embedded", 0), ("PostgreSQL and Redis", 1)):
            with started(made, folder / name.split()[0], workers) as cluster:
                rows += _rows(name, _measured(cluster, folder / f"floor-{workers}"))
    return rows


@dataclass
class Times:
    """Seconds of each push."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)


def _rows(name: str, times: Times) -> list[Row]:
    print(
        f"{name}: a webhook was answered in {share(times.answer, 0.5) * 1000:.0f} ms, p99 {_p99(times.answer):.0f} ms"
    )
    return [
        Row(f"push to visible score, {name}: p50", share(times.ours, 0.5) * 1000, share(times.floor, 0.5) * 1000, None),
        Row(f"push to visible score, {name}: p95", share(times.ours, 0.95) * 1000, _p95(times.floor), _GOAL),
    ]


def _p95(times: list[float]) -> float:
    return share(times, 0.95) * 1000


def _p99(times: list[float]) -> float:
    return share(times, 0.99) * 1000


def _measured(cluster: Cluster, mirrors: Path) -> Times:
    town, times, git = cluster.town, Times(), Git()
    floors = {name: Floor(git, mirrors / name, town.server.url(name)) for name in town.names}
    with requests.Session() as session:
        for number in range(_WARM + _PUSHES):
            name = town.names[number % len(town.names)]
            time.sleep(_IDLE_SECONDS)
            push = town.push(name)
            answered, seen = _pushed(cluster, push, session)
            took = floors[name].bring(push.commit)
            if number >= _WARM:
                times.answer.append(answered)
                times.ours.append(seen)
                times.floor.append(took)
    git.close()
    return times


def _pushed(cluster: Cluster, push: Push, session: requests.Session) -> tuple[float, float]:
    """Seconds until the webhook was answered, and until the API showed the push."""
    body, headers = cluster.town.delivery(push.name, push.commit, f"{push.name}-{push.number}")
    url = f"{cluster.url}/api/v1/entities/by-name/component/default/{push.name}/results"
    began = time.perf_counter()
    answer = session.post(f"{cluster.url}/webhooks/github/town", data=body, headers=headers, timeout=10)
    answered = time.perf_counter() - began
    assert answer.status_code == 202, answer.text
    wanted = push.commit.encode()
    while wanted not in session.get(url, timeout=10).content:
        assert time.perf_counter() - began < _MOST_SECONDS, f"{push.name} was not scored\n{cluster.log()}"
        time.sleep(_LOOK_SECONDS)
    return answered, time.perf_counter() - began


class Floor:
    """A partial clone that is brought to each commit as a mirror must be, by git alone."""

    def __init__(self, git: Git, folder: Path, url: str) -> None:
        self._git, self._folder, self._url = git, folder, url
        folder.mkdir(parents=True)
        git.run(["init", "-q", "--bare", "."], folder=folder)
        with (folder / "config").open("a", encoding="utf-8") as config:
            config.write(f'[remote "origin"]\n\turl = {url}\n\tpromisor = true\n')
        self._blobs: set[bytes] = set()
        self._bring()

    def bring(self, commit: str) -> float:
        """Seconds for the fetch of the branch, its listing, and the blobs that are new."""
        began = time.perf_counter()
        self._bring()
        took = time.perf_counter() - began
        assert self._run("rev-parse", "refs/x").decode().strip() == commit
        return took

    def _bring(self) -> None:
        self._fetch("--filter=blob:none", "origin", "+refs/heads/main:refs/x")
        listing = self._run("ls-tree", "-r", "-z", "refs/x")
        here = {line.split(b"\t")[0].split()[2] for line in listing.split(b"\0") if line}
        wanted = b"\n".join(sorted(here - self._blobs)) + b"\n"
        self._fetch("--filter=blob:none", "--stdin", "origin", before=_NO_HAVES, stdin=wanted)
        self._run("cat-file", "--batch", stdin=wanted)
        self._blobs = here

    def _fetch(self, *arguments: str, before: tuple[str, ...] = (), stdin: bytes = b"") -> None:
        command = [*before, "fetch", "-q", "--no-tags", "--no-write-fetch-head", *arguments]
        self._git.run(command, folder=self._folder, stdin=stdin, url=self._url)

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return self._git.run(arguments, folder=self._folder, stdin=stdin)


_NO_HAVES = ("-c", "fetch.negotiationAlgorithm=noop")
