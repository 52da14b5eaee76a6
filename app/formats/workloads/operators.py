"""PostgreSQL that an operator runs in Kubernetes: CloudNativePG and Zalando's.

Sources: the custom resources' reference pages. What a storage class or the operator's own configuration decides is
unknown here, not missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.formats.infrastructure import Database
from app.formats.prometheus_place import texts
from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.quantities import whole
from app.formats.workloads.resource import Resource, is_known, readable
from app.formats.workloads.selectors import labels_of, together

_DAYS = {"d": 1, "w": 7, "m": 30}
_KEEPS = re.compile(r"\b(Prune|Delete)=(false|confirm)\b", re.IGNORECASE)
_CNPG, _ZALANDO = "postgresql.cnpg.io", "acid.zalan.do"
_BARMAN = "barman-cloud.cloudnative-pg.io"
_OPERATOR = "the operator's own configuration may archive the write-ahead log"


def databases(resources: Sequence[Resource]) -> Iterable[tuple[str, Database]]:
    """(path, database) of every cluster that an operator runs."""
    backups = [one for one in resources if one.kind == "ScheduledBackup"]
    stores = [one for one in resources if one.kind == "ObjectStore"]
    for one in resources:
        if (one.api, one.kind) == (_CNPG, "Cluster"):
            yield one.path, _made(one, "cloudnative-pg", _cnpg(one, backups, stores))
        elif (one.api, one.kind) == (_ZALANDO, "postgresql"):
            yield one.path, _made(one, "zalando", _zalando(one))


def _made(one: Resource, format_: str, fields: dict[str, Any]) -> Database:
    unknown: dict[str, str] = fields.pop("unknown")
    if one.missing:
        unknown = dict.fromkeys(("backup_days", "point_in_time", "high_availability", "public"), one.missing)
    annotations = texts(one.metadata.get("annotations"))
    kept = " ".join(annotations.get(key, "") for key in annotations if key.endswith("/sync-options"))
    return Database(
        line=one.line,
        ignored=one.ignored,
        format=format_,
        name=readable(one.name),
        address=f"{one.kind}/{readable(one.name)}",
        environment=one.environment,
        namespace=one.namespace,
        engine="postgres",
        labels={key: value for key, value in labels_of(one.metadata.get("labels")).items() if is_known(value)},
        object_annotations=dict(list(annotations.items())[:100]),
        deletion_protected=bool(_KEEPS.search(kept)) or annotations.get("helm.sh/resource-policy") == "keep",
        encryption="storage_class",
        maintenance_window=True,  # an operator replaces instances one by one, when its image changes
        unknown=unknown,
        **fields,
    )


def _number(value: Any, default: int, name: str, unknown: dict[str, str]) -> int:
    if value is None:
        return default
    number = whole(value)
    if number is None:
        unknown[name] = FILLED_IN
    return number or 0


def _cnpg(one: Resource, backups: Iterable[Resource], stores: Iterable[Resource]) -> dict[str, Any]:
    unknown: dict[str, str] = {}
    spec = one.spec
    instances = _number(spec.get("instances"), 1, "high_availability", unknown)
    archive, kept = _archive(spec, one, stores)
    scheduled, problem = _schedule(one, backups)
    image = spec.get("imageName")
    version = str(image).rpartition(":")[2].partition("-")[0] if isinstance(image, str) and is_known(image) else ""
    return {
        "version": version,
        "replica": bool(_inside(spec, "replica").get("enabled")),
        "backup_days": _days(kept, unknown) if archive and scheduled else 0,
        "backup_problem": problem if archive else "no store for backups is named",
        "point_in_time": archive == "log",
        "high_availability": instances >= 3,
        "instances": instances,
        "public": "LoadBalancer" in _service_types(spec),
        "storage_class": str(_inside(spec, "storage").get("storageClass") or ""),
        "minor_upgrades": True,
        "unknown": unknown,
    }


def _inside(value: Any, key: str) -> Mapping[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _archive(spec: Mapping[str, Any], one: Resource, stores: Iterable[Resource]) -> tuple[str, Any]:
    """("log" where every change is archived, "snapshot" where only the whole is, or "", how long it is kept)."""
    backup = _inside(spec, "backup")
    if _inside(backup, "barmanObjectStore").get("present"):
        return "log", backup.get("retentionPolicy")
    plugins = spec.get("plugins")
    for plugin in plugins if isinstance(plugins, list) else ():
        if isinstance(plugin, dict) and plugin.get("name") == _BARMAN and plugin.get("enabled") is not False:
            name = _inside(plugin, "parameters").get("barmanObjectName")
            store = next((s for s in stores if s.name == name and together(one, s)), None)
            kept = store.spec.get("retentionPolicy") if store else "is kept as a store says that is not here"
            return ("log" if plugin.get("isWALArchiver") else "snapshot"), kept
    if _inside(backup, "volumeSnapshot").get("present"):
        return "snapshot", backup.get("retentionPolicy")
    return "", None


def _days(written: Any, unknown: dict[str, str]) -> int:
    """A retention policy such as `30d`; without one backups are kept for ever, which counts as a year."""
    if written is None:
        return 365
    match = re.fullmatch(r"(\d{1,4})([dwm])", str(written))
    if match is None:
        unknown["backup_days"] = f"how long backups are kept can't be told ({readable(str(written))[:60]})"
        return 0
    return int(match[1]) * _DAYS[match[2]]


def _schedule(one: Resource, backups: Iterable[Resource]) -> tuple[bool, str]:
    """Whether base backups are made by themselves, or why not."""
    own = [
        b for b in backups if _inside(b.spec, "cluster").get("name") == one.metadata.get("name") and together(one, b)
    ]
    if not own:
        return False, "no ScheduledBackup names it"
    running = [backup for backup in own if backup.spec.get("suspend") is not True]
    if not running:
        return False, "its ScheduledBackup is suspended"
    if all(
        len(str(backup.spec.get("schedule", "")).split()) != 6 and is_known(backup.spec.get("schedule"))
        for backup in running
    ):
        return False, "its schedule needs six fields, seconds first"
    return True, ""


def _service_types(spec: Mapping[str, Any]) -> list[Any]:
    additional = _inside(_inside(spec, "managed"), "services").get("additional")
    listed = additional if isinstance(additional, list) else []
    return [_inside(_inside(one, "serviceTemplate"), "spec").get("type") for one in listed]


def _zalando(one: Resource) -> dict[str, Any]:
    unknown: dict[str, str] = {}
    spec = one.spec
    instances = _number(spec.get("numberOfInstances"), 1, "high_availability", unknown)
    logical = spec.get("enableLogicalBackup") is True
    names = spec.get("env")
    archived = isinstance(names, list) and any("WAL" in name for name in names)
    unknown["backup_days"] = (
        "how long backups are kept stands in the operator's configuration" if logical else _OPERATOR
    )
    if not archived:
        unknown["point_in_time"] = _OPERATOR
    return {
        "version": str(_inside(spec, "postgresql").get("version") or ""),
        "replica": bool(_inside(spec, "standby").get("present")),
        "backup_days": 0,
        "point_in_time": archived,
        "high_availability": instances >= 2,
        "instances": instances,
        "public": True in (spec.get("enableMasterLoadBalancer"), spec.get("enableReplicaLoadBalancer")),
        "storage_class": str(_inside(spec, "volume").get("storageClass") or ""),
        "minor_upgrades": True,
        "unknown": unknown,
    }
