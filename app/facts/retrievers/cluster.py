"""The cluster an entity is: its control plane, backups, namespaces, admission policies and the alerts that guard it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, place_of, unreadable_items
from app.facts.versions import MANAGED, supported_until, with_support
from app.facts.world import World
from app.formats.infrastructure import AdmissionPolicy, BackupSchedule, ChartRelease, Cluster, NamespaceGuards
from app.formats.model import AlertRule, Object, Runbook

_ELSEWHERE = "it may be declared in another repository; only this one is known here"
_AUTOMATIC = frozenset(("rapid", "regular", "stable", "extended", "auto mode"))
"""Channels that move a cluster to the next minor version by themselves; AKS' patch and node-image don't."""
_UPGRADE = re.compile(r"(?i)\bupgrad")
_SYSTEM = re.compile(
    r"kube-.*|default|.*-system|monitoring|ingress.*|istio.*|cert-manager|argocd|flux.*|velero|kyverno|observability|logging"
)
_KUBE_PROMETHEUS = ("kube-prometheus-stack", "prometheus-operator")
_BROUGHT = frozenset(
    (
        *("Watchdog", "TargetDown", "KubeAPIDown", "KubeAPIErrorBudgetBurn", "KubeNodeNotReady", "KubeNodeUnreachable"),
        *("KubeletDown", "KubeletTooManyPods", "KubePersistentVolumeFillingUp", "KubePodCrashLooping", "etcdNoLeader"),
        *("AlertmanagerFailedToSendAlerts", "AlertmanagerClusterFailedToSendAlerts", "AlertmanagerFailedReload"),
        *("PrometheusBadConfig", "PrometheusNotConnectedToAlertmanagers", "NodeFilesystemSpaceFillingUp"),
        *("KubeCPUOvercommit", "KubeMemoryOvercommit", "KubeClientCertificateExpiration", "etcdInsufficientMembers"),
    )
)
"""Alerts that the chart kube-prometheus-stack brings unless `defaultRules.create` is false. Source: its templates."""


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    found = {cls.kind: world.objects(entity.ref, cls.kind) for cls in _CLASSES}
    places = world.unreadable(entity.ref, "cluster")
    seen.found([*(one for listed in found.values() for one in listed), *places])
    seen.values["cluster.clusters"] = [cluster_item(one, world) for one in found[Cluster.kind]]
    seen.values["cluster.backups"] = [_backup_item(one) for one in found[BackupSchedule.kind]]
    seen.values["cluster.namespaces"] = [_namespace_item(one) for one in found[NamespaceGuards.kind]]
    seen.values["cluster.unreadable"] = unreadable_items(places)
    seen.values["cluster.admission_policies"] = sum(_enforces(one) for one in found[AdmissionPolicy.kind])
    seen.values["cluster.upgrade_runbook"] = _tells_upgrades(entity, world, seen)
    seen.values["cluster.baseline"] = _baseline(entity, world, found[ChartRelease.kind], seen)
    if not world.catalog_complete:
        for name, kind in (
            ("clusters", Cluster.kind),
            ("backups", "backup_schedule"),
            ("namespaces", "namespace_guards"),
        ):
            if not found[kind] and not places:
                seen.unseen(f"cluster.{name}", Reason.NOT_CONNECTED, _ELSEWHERE)
    return seen


_CLASSES: tuple[type[Object], ...] = (Cluster, BackupSchedule, NamespaceGuards, AdmissionPolicy, ChartRelease)


def cluster_item(found: Found, world: World) -> Item:
    one = found.object
    assert isinstance(one, Cluster)
    hidden = ("line", "ignored", "labels", "object_annotations", "unknown")
    item = place_of(found) | {name: getattr(one, name) for name in Cluster.__dataclass_fields__ if name not in hidden}
    item = with_support(item, _support(one, world))
    for name, why in one.unknown.items():
        item.pop(name, None)
        item.setdefault("unknown", {})[name] = why
    return item


def _support(one: Cluster, world: World) -> datetime | str:
    """What a channel upgrades never runs out of support; else the version decides."""
    if one.channel in _AUTOMATIC and "channel" not in one.unknown:
        return MANAGED
    return one.unknown.get("version") or supported_until(one.platform, one.version, world.parameters)


def _backup_item(found: Found) -> Item:
    one = found.object
    assert isinstance(one, BackupSchedule)
    names = ("name", "format", "schedule", "everything", "retention_days", "problem")
    item = place_of(found) | {name: getattr(one, name) for name in names if name not in one.unknown}
    return item | {"unknown": dict(one.unknown)} if one.unknown else item


def _namespace_item(found: Found) -> Item:
    one = found.object
    assert isinstance(one, NamespaceGuards)
    names = ("name", "pod_security", "quota", "limit_range", "default_deny")
    return (
        place_of(found) | {name: getattr(one, name) for name in names} | {"system": bool(_SYSTEM.fullmatch(one.name))}
    )


def _enforces(found: Found) -> bool:
    return isinstance(found.object, AdmissionPolicy) and found.object.enforces and not found.ignored


def _tells_upgrades(entity: Entity, world: World, seen: Seen) -> bool:
    """A page of the cluster whose title or headings speak of upgrading, with something written under them."""
    pages = [one for one in world.objects(entity.ref, Runbook.kind) if not one.ignored]
    seen.found(pages)
    return any(
        isinstance(page.object, Runbook)
        and not page.object.stub
        and (
            _UPGRADE.search(page.object.title)
            or any(_UPGRADE.search(section.title) and section.words >= 20 for section in page.object.sections)
        )
        for page in pages
    )


def _baseline(entity: Entity, world: World, releases: Sequence[Found], seen: Seen) -> list[Item]:
    rules = [one for one in world.objects(entity.ref, AlertRule.kind) if not one.ignored]
    hidden = [place for place in world.unreadable(entity.ref, "alerting") if not place.ignored]
    seen.found([*rules, *hidden])
    known = {getattr(one.object, "name", ""): one for one in reversed(rules)}
    charts = [one for one in releases if not one.ignored and _brings_rules(one)]
    why = "a file with alerts can't be read" if hidden else ""
    if not why and not world.catalog_complete:
        why = "its alerts may lie in another repository"
    return [_required(names, known, charts, why) for names in world.parameters.required_cluster_alerts]


def _brings_rules(found: Found) -> bool:
    one = found.object
    return isinstance(one, ChartRelease) and one.chart in _KUBE_PROMETHEUS and one.default_rules


def _required(names: str, known: dict[str, Found], charts: Sequence[Found], why: str) -> Item:
    wanted = [name.strip() for name in names.split("|")]
    rule = next((known[name] for name in wanted if name in known), None)
    chart = charts[0] if charts and not _BROUGHT.isdisjoint(wanted) else None
    giver = rule or chart
    if giver is not None:
        by = getattr(giver.object, "name", "") if rule else getattr(giver.object, "chart", "")
        return place_of(giver) | {"name": names, "covered": True, "by": by}
    item: Item = {"repository": "", "commit": "", "path": "", "line": 0, "ignored": "", "name": names, "by": ""}
    return item | ({"unknown": {"covered": why}} if why else {"covered": False})
