"""The service that scenarios break: kept running from one to the next, since starting and crawling costs most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fault_cluster import Cluster
from fault_scale import FULL
from fault_town import Town

Make = Callable[[Town, Path], Cluster]


class Services:
    """One at a time, so that what is measured has the machine. One that a scenario broke for good is not used again."""

    def __init__(self, town: Town, folder: Path) -> None:
        self._town, self._folder, self._made = town, folder, 0
        self._kind = ""
        self.current: Cluster | None = None

    def get(self, kind: str, make: Make) -> Cluster:
        """A settled service of this kind."""
        if self.current is not None and (self._kind != kind or not self.current.is_sound):
            self.drop()
        if self.current is None:
            self._made += 1
            self._kind, self.current = kind, make(self._town, self._folder / f"{kind}-{self._made}")
            self.current.start()
        self.current.start_processes()
        self.current.settle(600 if FULL else 120)
        return self.current

    def drop(self) -> None:
        if self.current is not None:
            cluster, self.current = self.current, None
            cluster.stop()
