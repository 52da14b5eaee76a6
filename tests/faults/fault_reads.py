"""Reads that go on while things break: each must be right, and never more than a second behind what was stored."""

from __future__ import annotations

import json
import threading
import time
from random import Random

import requests
from fault_cluster import Cluster
from sqlalchemy import select

from app.store.tables import results

_MAY_BE_BEHIND = 1.0
_NAP = 0.05


class Reader:
    """Between `start` and `stop` it looks at what is stored, and asks for the same over HTTP until that is as new.

    `slowest`: the longest, in seconds, from a result seen in the store to the answer that had it. `problems`: reads
    that failed, told what was never true, or were later than a second.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._dice = cluster, Random(5)
        self.reads, self.slowest = 0, 0.0
        self.problems: list[str] = []
        self._ended = threading.Event()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._read_on, name="reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(60)

    def __str__(self) -> str:
        return f"{self.reads} reads, at most {self.slowest:.2f} s behind"

    def _read_on(self) -> None:
        store = self._cluster.store()
        with requests.Session() as session:
            while not self._ended.wait(_NAP):
                name = self._dice.choice(self._cluster.town.names)
                query = select(results.c.body).where(results.c.entity == f"component:default/{name}")
                with store.database.read() as connection:
                    stored = [json.loads(body)["commit"] for body in connection.execute(query).scalars()]
                if stored:
                    self._ask(session, name, self._number(name, stored[0]))
        store.close()

    def _ask(self, session: requests.Session, name: str, least: int) -> None:
        """Asks until the answer is as new as what was stored before the first question."""
        seen = time.monotonic()
        while not self._ended.is_set():
            asked = time.monotonic()
            try:
                answer = session.get(
                    f"{self._cluster.url}/api/v1/entities/by-name/component/default/{name}/results", timeout=10
                )
                commit = answer.json()["scorecards"][0]["commit"] if answer.ok else ""
            except (requests.RequestException, ValueError, LookupError) as error:
                self.problems.append(f"{name} could not be read: {type(error).__name__}")
                return
            self.reads += 1
            number = self._number(name, commit) if commit else -1
            if number < 0:
                self.problems.append(
                    f"{name} was answered {answer.status_code} with the commit {commit or 'of nobody'}"
                )
                return
            behind = asked - seen
            if number >= least:
                self.slowest = max(self.slowest, behind)
                return
            if behind > _MAY_BE_BEHIND:
                self.problems.append(f"{name} was read at push {number}, {behind:.2f} s after {least} was stored")
                self.slowest = max(self.slowest, behind)
                return
            self._ended.wait(_NAP)

    def _number(self, name: str, commit: str) -> int:
        """Which push made a commit, 0 the first; -1: none of this repository's. One is read before it is noted here."""
        town = self._cluster.town
        for _ in range(20):
            made = {push.commit: push.number for push in list(town.pushes) if push.name == name}
            if commit in made or commit == town.first[name]:
                return made.get(commit, 0)
            self._ended.wait(_NAP)
        return -1
