"""Rules of attribution, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.catalog.model import EntityRef
from app.formats.model import Object


class Placed(Protocol):
    """An object and where it stands (`facts.inventory.Found` is one)."""

    @property
    def object(self) -> Object: ...
    @property
    def repository(self) -> str: ...
    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """`keys`: annotations or labels that name an entity. `labels`: labels to match with names, in this order.

    `evidence`: repository → object kinds it provides for others; its own folders then say nothing about whose they are.
    """

    keys: tuple[str, ...] = ("roadworthy.dev/entity",)
    labels: tuple[str, ...] = (
        "backstage.io/kubernetes-id",
        "service",
        "app",
        "app.kubernetes.io/name",
        "job",
        "namespace",
    )
    evidence: Mapping[str, frozenset[str]] = field(default_factory=dict)
    types: Mapping[str, frozenset[str]] = field(default_factory=lambda: RESOURCE_TYPES)
    """Object kind → types of Resources that such an object is, or is part of."""
    unscored: frozenset[str] = frozenset()
    """Types of components that have no scorecard: beside a service they don't make whose an object is ambiguous."""


_PLATFORM = ("cluster", "backup_schedule", "namespace_guards", "admission_policy", "chart_release")
RESOURCE_TYPES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("database", "cloud_alarm"), frozenset(("database",))),
    **dict.fromkeys(_PLATFORM, frozenset(("kubernetes-cluster",))),
}


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose an object is. No `refs`: nobody's, and `why` says so in a sentence."""

    refs: tuple[EntityRef, ...]
    why: str


PROVIDES: Mapping[str, frozenset[str]] = {
    "alerts": frozenset(("alert_rule", "recording_rule", "rule_test")),
    "runbooks": frozenset(("runbook",)),
    "slos": frozenset(("objective", "alert_policy", "indicator")),
    "alertmanager": frozenset(("alertmanager_config",)),
    "gateways": frozenset(("gateway_api", "gateway_policy")),
    "manifests": frozenset(("workload", "gateway_api", "database", *_PLATFORM)),
    "infrastructure": frozenset(("database", "cloud_alarm", *_PLATFORM)),
}
"""What an evidence repository may say it provides → kinds of objects."""
