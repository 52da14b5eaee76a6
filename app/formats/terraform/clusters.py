"""Kubernetes clusters of AWS, Google Cloud and Azure as Terraform declares them. Defaults are the providers'.

Sources: the resources' pages in the registries of the aws, google and azurerm providers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.formats.infrastructure import BackupSchedule, Cluster
from app.formats.terraform.evaluate import Hidden
from app.formats.terraform.folders import Applied
from app.formats.terraform.settings import Settings

Resources = Mapping[str, Sequence[Applied]]
_ANYWHERE = ("0.0.0.0/0", "::/0")
_ZONE = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


def clusters(resources: Resources) -> Iterable[tuple[str, Cluster]]:
    """(path, cluster) of everything that is one."""
    for kind, (platform, maker) in _MAKERS.items():
        for applied in resources.get(kind, ()):
            settings = Settings(applied)
            fields = maker(settings, resources)
            name = fields.pop("name") or (applied.address if applied.called else str(applied.block["name"]))
            cluster = Cluster(
                line=applied.line,
                format=kind,
                name=name,
                address=applied.address,
                environment=applied.environment,
                platform=platform,
                labels=settings.labels("tags", "labels", "resource_labels"),
                object_annotations={},
                unknown={field: why for field, why in settings.unknown.items() if field != "name"},
                **fields,
            )
            yield applied.path, cluster


def backups(resources: Resources) -> Iterable[tuple[str, BackupSchedule]]:
    """(path, schedule) of every backup plan of GKE."""
    for applied in resources.get("google_gke_backup_backup_plan", ()):
        settings = Settings(applied)
        paused = settings.flag("problem", "deactivated")
        schedule = settings.text("schedule", "backup_schedule.cron_schedule")
        plan = BackupSchedule(
            line=applied.line,
            format="gke",
            name=settings.text("name", "name") or str(applied.block["name"]),
            schedule=schedule,
            everything=settings.flag("everything", "backup_config.all_namespaces"),
            retention_days=settings.number("retention_days", "retention_policy.backup_retain_days"),
            problem="it is deactivated" if paused else "" if schedule else "it has no schedule",
            labels=settings.labels("labels"),
            object_annotations={},
            unknown={key: why for key, why in settings.unknown.items() if key in ("everything", "retention_days")},
        )
        yield applied.path, plan


def _members(settings: Settings, resources: Resources, kind: str, attribute: str) -> list[Settings]:
    """Node pools that refer to the cluster."""
    cluster = settings.applied
    found = []
    for one in resources.get(kind, ()):
        given = one.block["attributes"].get(attribute)
        path = given[1].get("ref", ()) if given and isinstance(given[1], dict) else ()
        if one.scope is cluster.scope and tuple(path[:2]) == (cluster.kind, cluster.block["name"]):
            found.append(Settings(one))
    return found


def _length(value: Any) -> int | Hidden:
    return value if isinstance(value, Hidden) else len(value) if isinstance(value, list) else 0


def _eks(settings: Settings, resources: Resources) -> dict[str, Any]:
    """Nodes run in the zones of the subnets that node groups name; how many subnets there are is often not known."""
    groups = _members(settings, resources, "aws_eks_node_group", "cluster_name")
    counts = [_length(group.get("subnet_ids")) for group in groups] or [_length(settings.get("vpc_config.subnet_ids"))]
    hidden = next((count for count in counts if isinstance(count, Hidden)), None)
    if hidden is not None:
        settings.unknown["zones"] = f"how many subnets there are is not known here ({hidden.reason})"
    logs = settings.get("enabled_cluster_log_types")
    settings.hide(("audit_logs",), logs)
    open_to = settings.get("vpc_config.public_access_cidrs")
    public = settings.flag("endpoint_restricted", "vpc_config.endpoint_public_access", True)
    if public:
        settings.hide(("endpoint_restricted",), open_to)
    return {
        "name": settings.text("name", "name"),
        "version": settings.text("version", "version"),
        "channel": "auto mode" if settings.flag("channel", "compute_config.enabled") else "",
        "zones": max((count for count in counts if isinstance(count, int)), default=0),
        "nodes_min": sum(group.number("nodes_min", "scaling_config.min_size") for group in groups),
        "audit_logs": isinstance(logs, list) and "audit" in logs,
        "endpoint_restricted": not public or _is_restricted(open_to),
    }


def _is_restricted(addresses: Any) -> bool:
    return isinstance(addresses, list) and bool(addresses) and not any(one in _ANYWHERE for one in addresses)


def _gke(settings: Settings, resources: Resources) -> dict[str, Any]:
    pools = _members(settings, resources, "google_container_node_pool", "cluster")
    channel = settings.text("channel", "release_channel.channel", "REGULAR" if _autopilot(settings) else "")
    upgrades = [pool.flag("node_upgrades", "management.auto_upgrade", True) for pool in pools]
    repairs = [pool.flag("node_upgrades", "management.auto_repair", True) for pool in pools]
    private = settings.flag("endpoint_restricted", "private_cluster_config.enable_private_endpoint")
    return {
        "name": settings.text("name", "name"),
        "version": settings.text("version", "min_master_version"),
        "channel": "" if channel == "UNSPECIFIED" else channel.lower(),
        "zones": _gke_zones(settings),
        "nodes_min": sum(pool.number("nodes_min", "autoscaling.min_node_count") for pool in pools),
        "node_upgrades": all((*upgrades, *repairs)),
        "maintenance_window": settings.has("maintenance_policy"),
        "audit_logs": True,
        "endpoint_restricted": private or settings.has("master_authorized_networks_config"),
    }


def _autopilot(settings: Settings) -> bool:
    return settings.get("enable_autopilot") is True


def _gke_zones(settings: Settings) -> int:
    """A region stands for three zones unless fewer are listed; a zone for itself and those listed beside it."""
    location, listed = settings.get("location"), settings.get("node_locations")
    settings.hide(("zones",), location)
    settings.hide(("zones",), listed)
    count = len(listed) if isinstance(listed, list) else 0
    if isinstance(location, str) and _ZONE.fullmatch(location):
        return 1 + count
    return count or (3 if isinstance(location, str) and _REGION.fullmatch(location) else 0)


def _aks(settings: Settings, resources: Resources) -> dict[str, Any]:
    pools = _members(settings, resources, "azurerm_kubernetes_cluster_node_pool", "kubernetes_cluster_id")
    zones = [settings.get("default_node_pool.zones"), *(pool.get("zones") for pool in pools)]
    for value in zones:
        settings.hide(("zones",), value)
    channel = settings.text("channel", "automatic_upgrade_channel") or settings.text(
        "channel", "automatic_channel_upgrade"
    )
    addresses = settings.get("api_server_access_profile.authorized_ip_ranges")
    addresses = settings.get("api_server_authorized_ip_ranges") if addresses is None else addresses
    private = settings.flag("endpoint_restricted", "private_cluster_enabled")
    if not private:
        settings.hide(("endpoint_restricted",), addresses)
    windows = ("maintenance_window", "maintenance_window_auto_upgrade", "maintenance_window_node_os")
    return {
        "name": settings.text("name", "name"),
        "version": settings.text("version", "kubernetes_version"),
        "channel": "" if channel == "none" else channel,
        "zones": min((len(value) for value in zones if isinstance(value, list)), default=0),
        "nodes_min": settings.number("nodes_min", "default_node_pool.min_count"),
        "maintenance_window": any(map(settings.has, windows)),
        "audit_logs": any(
            _audits(one, settings.applied) for one in resources.get("azurerm_monitor_diagnostic_setting", ())
        ),
        "endpoint_restricted": private or _is_restricted(addresses),
    }


def _audits(diagnostics: Applied, cluster: Applied) -> bool:
    """A diagnostic setting of the cluster that keeps the audit log."""
    given = diagnostics.block["attributes"].get("target_resource_id")
    path = given[1].get("ref", ()) if given and isinstance(given[1], dict) else ()
    if diagnostics.scope is not cluster.scope or tuple(path[:2]) != (cluster.kind, cluster.block["name"]):
        return False
    scope = diagnostics.scope
    written = [one["attributes"].get("category") for one in diagnostics.block["blocks"]]
    return any(str(scope.value(one[1])).startswith("kube-audit") for one in written if one)


_MAKERS: Mapping[str, tuple[str, Callable[[Settings, Resources], dict[str, Any]]]] = {
    "aws_eks_cluster": ("eks", _eks),
    "google_container_cluster": ("gke", _gke),
    "azurerm_kubernetes_cluster": ("aks", _aks),
}
"""Resource type → (platform by which its versions are looked up, its maker)."""
