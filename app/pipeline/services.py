"""What the pipeline works with, built once a process by `app/services.py` and passed along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from app.attribution.attribute import Attributor
from app.catalog.model import Catalog
from app.catalog.providers.model import Provider
from app.facts.parameters import Parameters
from app.pipeline.policies import PolicyKeeper
from app.pipeline.scoring import attribution_rules, parameters_of
from app.policy.model import Policy
from app.repos.git import Git
from app.repos.mirror import Mirror
from app.repos.tree import Limits
from app.repos.urls import TransportRules
from app.store.store import Store


@dataclass(slots=True)
class Pipeline:
    """Store, git, policy and clock. `evidence`: repository URL → what it provides for others."""

    store: Store
    git: Git
    mirrors: Path
    rules: TransportRules
    limits: Limits
    policies: PolicyKeeper
    providers: Sequence[Provider]
    evidence: Mapping[str, Sequence[str]]
    interval: timedelta
    clock: Callable[[], datetime]
    rng: Random = field(default_factory=Random)
    _catalog: tuple[int, str, Catalog, Attributor] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def policy(self) -> Policy:
        return self.policies.current

    @property
    def parameters(self) -> Parameters:
        return parameters_of(self.policy)

    def mirror(self, url: str) -> Mirror:
        return Mirror(self.mirrors, url, git=self.git, rules=self.rules, limits=self.limits)

    def catalog(self) -> Catalog:
        return self._cached()[2]

    def attributor(self) -> Attributor:
        return self._cached()[3]

    def catalog_version(self) -> str:
        """Changes whenever attribution may: with the catalog, and with policy."""
        version, policy, _, _ = self._cached()
        return f"{version}:{policy}"

    def _cached(self) -> tuple[int, str, Catalog, Attributor]:
        """The catalog and its attributor, loaded again when either the catalog or the policy is another."""
        version, policy = self.store.entities.version(), self.policy.version
        with self._lock:
            if self._catalog is None or self._catalog[:2] != (version, policy):
                version, entities = self.store.entities.load()
                catalog = Catalog.of(entities)
                rules = attribution_rules(self.policy, self.evidence)
                self._catalog = (version, policy, catalog, Attributor(catalog, rules))
            return self._catalog
