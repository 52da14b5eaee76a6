"""What infrastructure as code declares, whoever reads it: databases, clusters and what guards them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.formats.model import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(Object):
    """A database as it is declared, whatever declares it. `unknown`: field → why it can't be told.

    `format` is aws_db_instance, google_sql_database_instance, cloudnative-pg …; `replica` copies another and is judged
    with it. `backup_days` is 0 where nothing is backed up. `encryption`: yes, no or storage_class (the class decides).
    """

    kind: ClassVar[str] = "database"
    format: str
    name: str
    address: str = ""
    environment: str = ""
    namespace: str = ""
    engine: str = ""
    version: str = ""
    labels: Mapping[str, str]
    """Tags in clouds, metadata.labels in Kubernetes."""
    object_annotations: Mapping[str, str]
    replica: bool = False
    backup_days: int = 0
    backup_problem: str = ""
    """Why a backup that is declared is none."""
    point_in_time: bool = False
    high_availability: bool = False
    instances: int = 1
    deletion_protected: bool = False
    public: bool = False
    encryption: str = "no"
    storage_class: str = ""
    maintenance_window: bool = False
    minor_upgrades: bool = False
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAlarm(Object):
    """An alarm of a cloud's own monitoring. `metrics`: names of metrics, and filters in lower case."""

    kind: ClassVar[str] = "cloud_alarm"
    format: str
    name: str
    metrics: tuple[str, ...]
    actions: bool = False
    """Somebody is told."""
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(Object):
    """A Kubernetes cluster as it is declared. `unknown`: field → why it can't be told.

    `platform` is eks, gke or aks. `channel` upgrades the control plane by itself; "" where none is chosen.
    `zones` counts those that nodes run in. `endpoint_restricted`: its API is private, or open to named addresses only.
    """

    kind: ClassVar[str] = "cluster"
    format: str
    name: str
    address: str = ""
    environment: str = ""
    platform: str
    version: str = ""
    channel: str = ""
    zones: int = 0
    nodes_min: int = 0
    node_upgrades: bool = True
    maintenance_window: bool = False
    audit_logs: bool = False
    endpoint_restricted: bool = False
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSchedule(Object):
    """Backups of a cluster that are made by themselves: Velero's, or GKE's own. `problem`: why one of them is none."""

    kind: ClassVar[str] = "backup_schedule"
    format: str
    name: str
    schedule: str = ""
    everything: bool = True
    """All namespaces."""
    retention_days: int = 30
    problem: str = ""
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceGuards(Object):
    """A namespace and what keeps its tenants apart. `pod_security`: the level that is enforced, or ""."""

    kind: ClassVar[str] = "namespace_guards"
    name: str
    pod_security: str = ""
    quota: bool = False
    limit_range: bool = False
    default_deny: bool = False
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionPolicy(Object):
    """A rule that the cluster holds objects to: Kyverno, Gatekeeper or a validating admission policy."""

    kind: ClassVar[str] = "admission_policy"
    engine: str
    name: str
    enforces: bool
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRelease(Object):
    """A chart that is installed from elsewhere (Flux, Argo CD, K3s). `default_rules`: its own alerts stay on."""

    kind: ClassVar[str] = "chart_release"
    chart: str
    name: str
    default_rules: bool = True
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
