"""The policy in force: the newest good one. A bad document never replaces it, and says so until it is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from app.errors import PolicyError
from app.facts.groups import SCHEMA
from app.policy.documents import load, load_texts
from app.policy.model import Policy
from app.store.model import Why
from app.store.store import Store

log = structlog.get_logger(__name__)


class PolicyKeeper:
    """Loads the folder at start and again when a file changed; keeps the last good policy in the store."""

    def __init__(self, folder: Path, store: Store, clock: Callable[[], datetime]) -> None:
        self._folder, self._store, self._clock = folder, store, clock
        self._stamp: tuple[tuple[str, int, int], ...] = ()
        self.problem = ""
        self.current = self._first()

    def refresh(self) -> bool:
        """Reads the folder again if a file of it changed. Whether another policy is in force now."""
        stamp = _stamp(self._folder)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            policy = load(self._folder, SCHEMA)
        except (PolicyError, OSError, UnicodeDecodeError) as error:
            self.problem = str(error)
            log.error("policy.refused", problem=self.problem, in_force=self.current.version)
            return False
        self.problem = ""
        if policy.version == self.current.version:
            return False
        self._adopt(policy)
        return True

    def _first(self) -> Policy:
        """The folder's policy, or the last good one of an earlier run; without either the start is refused."""
        self._stamp = _stamp(self._folder)
        try:
            policy = load(self._folder, SCHEMA)
        except (PolicyError, OSError, UnicodeDecodeError) as error:
            last = self._store.policies.last()
            if last is None:
                raise
            self.problem = str(error)
            log.error("policy.refused", problem=self.problem, in_force=last.version)
            return load_texts(json.loads(last.body), SCHEMA)
        self.current = policy
        self._adopt(policy)
        return policy

    def _adopt(self, policy: Policy) -> None:
        """Puts a policy in force; when it is another than the last, everything is to be judged by it."""
        self.current = policy
        now = self._clock()
        if self._store.policies.save(policy.version, json.dumps(policy.documents).encode(), now):
            due = self._store.due.mark_all(Why.POLICY, now)
            log.info("policy.adopted", version=policy.version, checks=len(policy.checks), due=due)


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted([*folder.glob("*.yaml"), *folder.glob("checks/*.yaml")])
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file in files if (stat := file.stat()))
