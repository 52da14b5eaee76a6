"""PostgreSQL that an operator runs in Kubernetes."""

from __future__ import annotations

import pytest
from terraform_files import database

from app.formats.infrastructure import Database


def cluster(spec: str = "", metadata: str = "") -> str:
    return (
        f"apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: orders, namespace: orders{metadata}}}\n"
        f"spec: {{storage: {{size: 1Gi}}{spec}}}\n"
    )


def scheduled(more: str = "", schedule: str = "0 0 2 * * *", name: str = "orders") -> str:
    return (
        "---\napiVersion: postgresql.cnpg.io/v1\nkind: ScheduledBackup\nmetadata: {name: b, namespace: orders}\n"
        f"spec: {{schedule: '{schedule}', cluster: {{name: {name}}}{more}}}\n"
    )


def read(text: str) -> Database:
    return database({"db.yaml": text})


STORE = ", backup: {retentionPolicy: 30d, barmanObjectStore: {destinationPath: 's3://x'}}"


def test_a_cluster_of_its_defaults_is_one_instance_without_backups() -> None:
    found = read(cluster())
    assert (found.format, found.name, found.instances, found.high_availability) == (
        "cloudnative-pg",
        "orders",
        1,
        False,
    )
    assert (found.backup_days, found.backup_problem) == (0, "no store for backups is named")
    assert (found.public, found.deletion_protected, found.encryption) == (False, False, "storage_class")


@pytest.mark.parametrize(
    ("spec", "backup", "days", "problem"),
    [
        (STORE, "", 0, "no ScheduledBackup names it"),
        (STORE, scheduled(), 30, ""),
        (STORE, scheduled(", suspend: true"), 0, "its ScheduledBackup is suspended"),
        (STORE, scheduled(schedule="0 2 * * *"), 0, "its schedule needs six fields, seconds first"),
        (STORE, scheduled(name="other"), 0, "no ScheduledBackup names it"),
        (STORE.replace("30d", "4w"), scheduled(), 28, ""),
        (STORE.replace("retentionPolicy: 30d, ", ""), scheduled(), 365, ""),
        (", backup: {volumeSnapshot: {className: x}}", scheduled(), 365, ""),
        ("", scheduled(), 0, "no store for backups is named"),
    ],
)
def test_backups_need_a_store_and_a_schedule_that_runs(spec: str, backup: str, days: int, problem: str) -> None:
    found = read(cluster(spec) + backup)
    assert (found.backup_days, found.backup_problem) == (days, problem)


def test_only_an_archive_of_the_log_restores_to_any_moment() -> None:
    assert read(cluster(STORE) + scheduled()).point_in_time
    assert not read(cluster(", backup: {volumeSnapshot: {className: x}}") + scheduled()).point_in_time


def test_the_plugin_for_backups_names_a_store_that_says_how_long() -> None:
    plugin = (
        ", plugins: [{name: barman-cloud.cloudnative-pg.io, isWALArchiver: true, parameters: {barmanObjectName: s}}]"
    )
    store = (
        "---\napiVersion: barmancloud.cnpg.io/v1\nkind: ObjectStore\nmetadata: {name: s, namespace: orders}\n"
        "spec: {retentionPolicy: 15d}\n"
    )
    found = read(cluster(plugin) + scheduled() + store)
    assert (found.backup_days, found.point_in_time, found.unknown) == (15, True, {})
    assert "backup_days" in read(cluster(plugin) + scheduled()).unknown


@pytest.mark.parametrize(("instances", "available"), [(1, False), (2, False), (3, True)])
def test_three_instances_survive_a_zone(instances: int, available: bool) -> None:
    assert read(cluster(f", instances: {instances}")).high_availability is available


def test_a_load_balancer_makes_it_public() -> None:
    service = ", managed: {services: {additional: [{serviceTemplate: {spec: {type: LoadBalancer}}}]}}"
    assert read(cluster(service)).public


@pytest.mark.parametrize(
    ("annotation", "protected"),
    [
        ("argocd.argoproj.io/sync-options: 'Prune=false'", True),
        ("argocd.argoproj.io/sync-options: 'Replace=true,Delete=false'", True),
        ("helm.sh/resource-policy: keep", True),
        ("argocd.argoproj.io/sync-options: 'Prune=true'", False),
    ],
)
def test_it_is_protected_when_its_deployer_may_not_delete_it(annotation: str, protected: bool) -> None:
    assert read(cluster(metadata=f", annotations: {{{annotation}}}")).deletion_protected is protected


def test_a_replica_cluster_copies_another() -> None:
    assert read(cluster(", replica: {enabled: true, source: x}")).replica


def test_an_overlay_sets_the_instances_of_production() -> None:
    patch = "patches: [{target: {kind: Cluster}, patch: '[{op: replace, path: /spec/instances, value: 3}]'}]\n"
    files = {
        "base/db.yaml": cluster(", instances: 1"),
        "base/kustomization.yaml": "resources: [db.yaml]\n",
        "overlays/prod/kustomization.yaml": "resources: [../../base]\n" + patch,
    }
    found = database(files)
    assert (found.instances, found.environment) == (3, "overlays/prod")


def test_zalandos_operator_keeps_what_only_it_knows_unknown() -> None:
    text = (
        "apiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata: {name: acid-orders}\n"
        "spec: {numberOfInstances: 2, postgresql: {version: '15'}, volume: {size: 1Gi, storageClass: gp3}%s}\n"
    )
    found = read(text % "")
    assert (found.version, found.high_availability, found.storage_class) == ("15", True, "gp3")
    assert set(found.unknown) == {"backup_days", "point_in_time"}
    archived = read(text % ", env: [{name: USE_WALG_BACKUP, value: 'true'}]")
    assert archived.point_in_time
    assert read(text % ", enableMasterLoadBalancer: true").public
