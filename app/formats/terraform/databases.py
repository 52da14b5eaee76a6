"""Databases of AWS, Google Cloud and Azure as Terraform declares them. Defaults are the providers'.

Sources: the resources' pages in the registries of the aws, google and azurerm providers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.formats.infrastructure import Database
from app.formats.terraform.folders import Applied, times
from app.formats.terraform.settings import Settings

_BACKUP = ("backup_days", "point_in_time")
_YES, _NO = "yes", "no"
_DYNAMODB_DAYS = 35
"""Days that DynamoDB's point-in-time recovery reaches back."""


Resources = Mapping[str, Sequence[Applied]]
"""Resource type → all of them in the snapshot."""


def databases(resources: Resources) -> Iterable[tuple[str, Database]]:
    """(path, database) of everything that is one."""
    for kind, maker in _MAKERS.items():
        for applied in resources.get(kind, ()):
            settings = Settings(applied)
            yield applied.path, _database(applied, settings, maker(settings, resources))


def _database(applied: Applied, settings: Settings, made: Mapping[str, Any]) -> Database:
    address = applied.address if applied.called else str(applied.block["name"])
    given = {"name": address, "labels": settings.labels("tags", "labels", "settings.user_labels")}
    fields = {**given, **{key: value for key, value in made.items() if value not in (None, "")}}
    unknown = {name: why for name, why in settings.unknown.items() if name not in ("name", "engine")}
    return Database(
        line=applied.line,
        format=applied.kind,
        address=applied.address,
        environment=applied.environment,
        object_annotations={},
        unknown=unknown,
        **fields,
    )


def _protected(settings: Settings, path: str = "deletion_protection", *, default: bool = False) -> bool:
    """By the cloud, or by Terraform's own `prevent_destroy`."""
    if settings.get("lifecycle.prevent_destroy") is True:
        return True
    return settings.flag("deletion_protected", path, default) if path else False


def _rds_instance(settings: Settings, _: Resources) -> dict[str, Any]:
    days = settings.number("backup_days", "backup_retention_period")
    if "backup_days" in settings.unknown:
        settings.unknown["point_in_time"] = settings.unknown["backup_days"]
    return {
        "name": settings.text("name", "identifier"),
        "engine": settings.text("engine", "engine"),
        "version": settings.text("version", "engine_version"),
        "replica": settings.given("replica", "replicate_source_db"),
        "backup_days": days,
        "point_in_time": days > 0,
        "high_availability": settings.flag("high_availability", "multi_az"),
        "deletion_protected": _protected(settings),
        "public": settings.flag("public", "publicly_accessible"),
        "encryption": _YES if settings.flag("encryption", "storage_encrypted") else _NO,
        "maintenance_window": settings.given("maintenance_window", "maintenance_window"),
        "minor_upgrades": settings.flag("minor_upgrades", "auto_minor_version_upgrade", True),
    }


def _rds_cluster(settings: Settings, resources: Resources) -> dict[str, Any]:
    """Aurora, or a Multi-AZ cluster. Its instances are resources of their own that refer to it."""
    members = [one for one in resources.get("aws_rds_cluster_instance", ()) if _refers(one, settings.applied)]
    counts = [times(one) for one in members]
    count = sum(one or 1 for one in counts)
    spread = settings.given("high_availability", "db_cluster_instance_class")
    if None in counts and count < 2 and not spread:
        settings.unknown["high_availability"] = "how many instances there are is not known here"
    inner = [Settings(one) for one in members]
    exposed = [one.flag("public", "publicly_accessible") for one in inner]
    upgrades = [one.flag("minor_upgrades", "auto_minor_version_upgrade", True) for one in inner]
    for name, why in ((n, w) for one in inner for n, w in one.unknown.items()):
        settings.unknown.setdefault(name, why)
    days = settings.number("backup_days", "backup_retention_period", 1)
    if "backup_days" in settings.unknown:
        settings.unknown["point_in_time"] = settings.unknown["backup_days"]
    serverless = settings.text("engine", "engine_mode") == "serverless"
    return {
        "name": settings.text("name", "cluster_identifier"),
        "engine": settings.text("engine", "engine"),
        "version": settings.text("version", "engine_version"),
        "replica": settings.given("replica", "replication_source_identifier"),
        "backup_days": days,
        "point_in_time": days > 0,
        "high_availability": count >= 2 or spread or serverless,
        "instances": count,
        "deletion_protected": _protected(settings),
        "public": any(exposed),
        "encryption": _YES if settings.flag("encryption", "storage_encrypted", serverless) else _NO,
        "maintenance_window": settings.given("maintenance_window", "preferred_maintenance_window"),
        "minor_upgrades": all(upgrades),
    }


def _refers(member: Applied, cluster: Applied) -> bool:
    """Whether a resource of the same scope names the cluster by its address."""
    given = member.block["attributes"].get("cluster_identifier")
    path = given[1].get("ref", ()) if given and isinstance(given[1], dict) else ()
    if isinstance(given and given[1], dict) and "at" in given[1]:
        inner = given[1]["at"][0]
        path = inner.get("ref") or (inner.get("at", [{}])[0].get("ref", ()) if isinstance(inner, dict) else ())
    return member.scope is cluster.scope and tuple(path[:2]) == (cluster.kind, cluster.block["name"])


def _dynamodb(settings: Settings, _: Resources) -> dict[str, Any]:
    """A table lies in several zones, is encrypted, private and kept up to date by AWS whatever is written."""
    recovers = settings.flag("point_in_time", "point_in_time_recovery.enabled")
    if "point_in_time" in settings.unknown:
        settings.unknown["backup_days"] = settings.unknown["point_in_time"]
    return {
        "name": settings.text("name", "name"),
        "engine": "dynamodb",
        "backup_days": _DYNAMODB_DAYS if recovers else 0,
        "point_in_time": recovers,
        "high_availability": True,
        "deletion_protected": _protected(settings, "deletion_protection_enabled"),
        "encryption": _YES,
        "maintenance_window": True,
        "minor_upgrades": True,
    }


def _cloud_sql(settings: Settings, _: Resources) -> dict[str, Any]:
    backup = "settings.backup_configuration"
    enabled = settings.flag("backup_days", f"{backup}.enabled")
    kept = settings.number("backup_days", f"{backup}.backup_retention_settings.retained_backups", 7)
    recovers = settings.flag("point_in_time", f"{backup}.point_in_time_recovery_enabled")
    logs = settings.flag("point_in_time", f"{backup}.binary_log_enabled")
    settings.hide((*_BACKUP,), settings.get(f"{backup}.enabled"))
    version = settings.text("version", "database_version")
    return {
        "name": settings.text("name", "name"),
        "engine": version.partition("_")[0].lower(),
        "version": ".".join(version.split("_")[1:]),
        "replica": settings.given("replica", "master_instance_name"),
        "backup_days": kept if enabled else 0,
        "point_in_time": recovers or logs,
        "high_availability": settings.text("high_availability", "settings.availability_type") == "REGIONAL",
        "deletion_protected": _sql_protected(settings),
        "public": settings.flag("public", "settings.ip_configuration.ipv4_enabled", True),
        "encryption": _YES,
        "maintenance_window": settings.given("maintenance_window", "settings.maintenance_window.day"),
        "minor_upgrades": True,
    }


def _sql_protected(settings: Settings) -> bool:
    """Cloud SQL's own protection, or Terraform's, which is on by default."""
    if settings.get("settings.deletion_protection_enabled") is True:
        return True
    return _protected(settings, default=True)


def _flexible_server(settings: Settings, resources: Resources) -> dict[str, Any]:
    mode = settings.get("high_availability.mode")
    settings.hide(("high_availability",), mode)
    inside = settings.get("delegated_subnet_id") is not None
    locked = any(_locks(one, settings.applied) for one in resources.get("azurerm_management_lock", ()))
    window = settings.has("maintenance_window")
    days = settings.number("backup_days", "backup_retention_days", 7)
    if "backup_days" in settings.unknown:
        settings.unknown["point_in_time"] = settings.unknown["backup_days"]
    kind = settings.applied.kind
    return {
        "name": settings.text("name", "name"),
        "engine": "postgres" if "postgresql" in kind else "mysql",
        "version": settings.text("version", "version"),
        "replica": str(settings.get("create_mode") or "").endswith("Replica"),
        "backup_days": days,
        "point_in_time": days > 0,
        "high_availability": mode == "ZoneRedundant",
        "deletion_protected": locked or _protected(settings, ""),
        "public": not inside and settings.flag("public", "public_network_access_enabled", True),
        "encryption": _YES,
        "maintenance_window": window,
        "minor_upgrades": True,
    }


def _locks(lock: Applied, server: Applied) -> bool:
    given = lock.block["attributes"].get("scope")
    path = given[1].get("ref", ()) if given and isinstance(given[1], dict) else ()
    return lock.scope is server.scope and tuple(path[:2]) == (server.kind, server.block["name"])


_MAKERS: Mapping[str, Callable[[Settings, Resources], dict[str, Any]]] = {
    "aws_db_instance": _rds_instance,
    "aws_rds_cluster": _rds_cluster,
    "aws_dynamodb_table": _dynamodb,
    "google_sql_database_instance": _cloud_sql,
    "azurerm_postgresql_flexible_server": _flexible_server,
    "azurerm_mysql_flexible_server": _flexible_server,
}
