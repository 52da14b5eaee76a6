"""One scenario: pushes at random, a fault in the middle of them, then quiet, then the verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests
from fault_cluster import Cluster
from fault_told import misgathered, repeated, unsent
from fault_told import mistold as misheard
from fault_town import Push
from fault_verdict import Row, compare, mistold, outcomes_of, state_of, truth_of, waiting
from sqlalchemy import join, select
from sqlalchemy.exc import SQLAlchemyError

from app.store.store import Store
from app.store.tables import entities, repositories, results

QUIET_SECONDS = 180.0


@dataclass
class Watch:
    """Samples the store, and notes for each push when its score was there: its repository read at it or later, and the
    component judged by what that left. Told by commits and marks, since a clock that is set back orders no instants."""

    cluster: Cluster
    fresh: dict[tuple[str, int], float] = field(default_factory=dict)
    _numbers: dict[str, tuple[str, int]] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(30)

    def _watch(self) -> None:
        store = self.cluster.store()
        while not self._ended.wait(0.1):
            try:
                self._look(store)
            except SQLAlchemyError:
                continue  # the very fault that is injected
        store.close()

    def _look(self, store: Store) -> None:
        now = time.monotonic()
        at, of, by = repositories.c, entities.c, results.c
        owned = join(join(repositories, entities, of.repository == at.url), results, by.entity == of.ref)
        judged = select(at.tip).select_from(owned).where(of.why_due == 0, by.commit == at.tip).distinct()
        with store.database.read() as connection:
            tips = connection.execute(judged).scalars().all()
        town = self.cluster.town
        for push in list(town.pushes):
            self._numbers[push.commit] = (push.name, push.number)
        for tip in tips:
            known = self._numbers.get(tip)
            if known is None:
                continue
            name, number = known
            while number > 0 and (name, number) not in self.fresh:
                self.fresh[name, number] = now
                number -= 1


class Drive:
    """`run` returns the row of the table; what is wrong stands in `problems`, a line each."""

    def __init__(self, cluster: Cluster, folder: Path, *, pushes: int, seconds: float) -> None:
        self.cluster, self.town, self._folder = cluster, cluster.town, folder
        self._pushes, self._seconds = pushes, seconds
        self._dice = Random(11)
        self._heard = 0
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.refused = self.repeated = 0

    def run(self, name: str, fault: Callable[[Drive], None]) -> Row:
        """`fault` runs in a thread while the pushes go on, and is done before quiet is waited for."""
        store = self.cluster.store()
        watch = Watch(self.cluster)
        try:
            cursor = store.changes.cursor()
            before = outcomes_of(store)
            self._heard = len(self.cluster.listener.heard)
            watch.start()
            done_before = len(self.town.pushes)
            with self._during(fault):
                self._push_all()
            self._wait_until_quiet(store)
            return self._verdict(name, store, before, cursor, watch, done_before)
        finally:
            watch.stop()
            store.close()

    def hint(self, push: Push) -> None:
        """By webhook. One that is not answered 2xx is tried twice more by the forge, and then found by a poll."""
        for _ in range(3):
            try:
                if self.town.hint(self.cluster.url, push).ok:
                    return
            except requests.RequestException:
                pass
            self._pause(0.2)
        self.refused += 1

    def _pause(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    @contextmanager
    def _during(self, fault: Callable[[Drive], None]) -> Iterator[None]:
        failed: list[BaseException] = []

        def inject() -> None:
            try:
                fault(self)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=inject, name="fault", daemon=True)
        thread.start()
        yield
        thread.join(300)
        assert not thread.is_alive(), "the fault did not end"
        if failed:
            raise failed[0]

    def _push_all(self) -> None:
        """Evenly over the time, as far as this machine can; the hints go by threads of their own."""
        begun = time.monotonic()
        busy = threading.BoundedSemaphore(8)

        def tell(push: Push) -> None:
            with busy:
                self.hint(push)

        threads = []
        for number in range(self._pushes):
            ahead = begun + self._seconds * number / self._pushes - time.monotonic()
            if ahead > 0:
                self._pause(ahead)
            push = self.town.push(self._dice.choice(self.town.names))
            threads.append(threading.Thread(target=tell, args=(push,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(60)

    def _wait_until_quiet(self, store: Store) -> None:
        begun = time.monotonic()
        quiet = 0
        left: list[str] = ["not asked"]
        while time.monotonic() - begun < QUIET_SECONDS and quiet < 3:
            try:
                left = [*waiting(store, self.town), *unsent(store)]
            except SQLAlchemyError as error:
                left = [f"the database does not answer: {type(error).__name__}"]
            quiet = 0 if left else quiet + 1
            self._pause(0.4)
        if left:
            self.problems += [f"never quiet: {line}" for line in left[:20]]
        if self.refused:
            self.notes.append(f"{self.refused} webhooks unanswered")

    def _verdict(
        self,
        name: str,
        store: Store,
        before: dict[tuple[str, str, str], str],
        cursor: int,
        watch: Watch,
        done_before: int,
    ) -> Row:
        truth = truth_of(self.town, self._folder / f"truth-{len(self.town.pushes)}")
        differences = compare(state_of(store), truth)
        told = [*mistold(store, before, cursor), *self._told_outward(store, before, cursor)]
        mine = self.town.pushes[done_before:]
        waited = [watch.fresh[p.name, p.number] - p.at for p in mine if (p.name, p.number) in watch.fresh]
        lost = {line.split()[1] for line in differences if line.startswith(("repository ", "result "))}
        self.problems += [f"differs from the truth: {line}" for line in differences[:20]]
        self.problems += [f"told wrongly: {line}" for line in told[:20]]
        return Row(
            scenario=name,
            pushes=len(mine),
            scored=len(waited),
            lost=len(lost),
            twice=len(told),
            torn=len([line for line in differences if not line.startswith(("repository ", "result "))]),
            longest=max(waited, default=0.0),
            notes=self.notes,
        )

    def _told_outward(self, store: Store, before: dict[tuple[str, str, str], str], cursor: int) -> list[str]:
        """What the world heard, against what changed. The same message under the same id counts once, and is noted."""
        listener = self.cluster.listener
        heard = listener.heard[self._heard :]
        self.repeated = repeated(heard)
        if self.repeated:
            self.notes.append(f"{self.repeated} messages sent again under their id")
        unsigned = [f"{identity} is not signed" for identity in listener.unsigned]
        return [*misgathered(store, cursor), *misheard(heard, before, outcomes_of(store)), *unsigned]
