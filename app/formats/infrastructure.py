"""What infrastructure as code declares, whoever reads it: databases, and alarms of a cloud's own monitoring."""

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
