"""What the pipeline works with, built once a process by `app/services.py` and passed along."""

from __future__ import annotations

import hashlib
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
from app.jobs.hints import Hints, ProcessHints
from app.jobs.metrics import WorkerMetrics
from app.lib.forge_urls import Forges
from app.pipeline.policies import PolicyKeeper
from app.pipeline.scoring import attribution_rules, parameters_of
from app.pipeline.stored_catalog import StoredCatalog
from app.pipeline.stored_index import Annotated, StoredIndex
from app.policy.model import Policy
from app.repos.git import Git
from app.repos.mirror import Mirror
from app.repos.tree import Limits
from app.repos.urls import TransportRules
from app.store.store import Store

_STALE_SHARE = 2
"""Of so many entities, one may have changed before a refresh loads the catalog anew: a crawl loads it while it grows,
and each time costs as much as it then holds."""


@dataclass(frozen=True, slots=True)
class Known:
    """A catalog as loaded, its version and policy's, and whom objects belong to by both."""

    version: int
    policy: str
    catalog: Catalog
    attributor: Attributor


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
    intervals: Mapping[str, timedelta] = field(default_factory=dict)
    """Provider → how often its repositories are looked at, where that is not `interval`."""
    forges: Forges = field(default_factory=dict)
    rng: Random = field(default_factory=Random)
    work: Hints = field(default_factory=ProcessHints)
    """Given when something is due; workers wait for it."""
    news: Hints = field(default_factory=ProcessHints)
    """Given when something was judged anew; web processes wait for it."""
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    _annotated: Annotated = field(default_factory=Annotated)
    _last: Known | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def policy(self) -> Policy:
        return self.policies.current

    @property
    def parameters(self) -> Parameters:
        return parameters_of(self.policy)

    def interval_of(self, url: str) -> timedelta:
        """How often a repository is looked at: the shortest of what those say that list it."""
        if not self.intervals:
            return self.interval
        listed = self.store.repositories.listed_by(url)
        return min((self.intervals.get(name, self.interval) for name in listed), default=self.interval)

    def mirror(self, url: str) -> Mirror:
        return Mirror(self.mirrors, url, git=self.git, rules=self.rules, limits=self.limits)

    def catalog(self) -> Catalog:
        return self._known(exactly=True).catalog

    def known(self) -> Known:
        """The catalog as it is now, and whom objects belong to by it."""
        return self._known(exactly=True)

    def stored_catalog(self) -> StoredCatalog:
        """The catalog as it is now, for a request that asks of a few entities."""
        return StoredCatalog(self.store.lookups)

    def stored_attributor(self, catalog: StoredCatalog) -> Attributor:
        """Whom objects belong to by such a catalog."""
        index = StoredIndex(catalog, self.store.lookups, lambda: self._annotated.now(self.store))
        return Attributor(catalog, attribution_rules(self.policy, self.evidence), index)

    def lately_known(self) -> tuple[int, Attributor]:
        """The attributor of a catalog that may be a few changes old, and that catalog's version.

        A first crawl changes the catalog with every repository: loading it anew each time would cost the square of
        their number. Who saves by it names the version, so that what is stale is attributed again.
        """
        known = self._known(exactly=False)
        return known.version, known.attributor

    def attribution_rules(self) -> str:
        """Names the rules of attribution in force: policy's, and which repositories hold evidence for others."""
        evidence = sorted((url, sorted(provides)) for url, provides in self.evidence.items())
        return hashlib.sha256(repr((self.policy.version, evidence)).encode()).hexdigest()[:16]

    def _known(self, *, exactly: bool) -> Known:
        version, policy = self.store.entities.version(), self.policy.version
        with self._lock:
            known = self._last
            if known is not None and known.policy == policy:
                behind = version - known.version
                if behind <= 0 or (not exactly and behind <= len(known.catalog.entities) // _STALE_SHARE):
                    return known
            version, entities = self.store.entities.load()
            catalog = Catalog.of(entities)
            rules = attribution_rules(self.policy, self.evidence)
            self._last = Known(version, policy, catalog, Attributor(catalog, rules))
            return self._last
