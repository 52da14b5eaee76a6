"""Kubernetes clusters as Terraform declares them."""

from __future__ import annotations

import pytest
from terraform_files import made, unreadable

from app.formats.infrastructure import BackupSchedule, Cluster


def cluster(text: str) -> Cluster:
    ((_, found),) = made(text, Cluster)
    return found


def eks(more: str = "", vpc: str = "", groups: str = "") -> Cluster:
    return cluster(
        f'resource "aws_eks_cluster" "m" {{\n  name = "prod"\n{more}\n  vpc_config {{\n{vpc}\n  }}\n}}\n{groups}'
    )


GROUP = (
    'resource "aws_eks_node_group" "g" {\n  cluster_name = aws_eks_cluster.m.name\n  subnet_ids = %s\n'
    "  scaling_config {\n    min_size = 3\n  }\n}\n"
)


def test_eks_is_open_and_unaudited_unless_it_is_said() -> None:
    found = eks('version = "1.30"', 'subnet_ids = ["a", "b"]')
    assert (found.name, found.platform, found.version, found.channel) == ("prod", "eks", "1.30", "")
    assert (found.zones, found.audit_logs, found.endpoint_restricted, found.unknown) == (2, False, False, {})


@pytest.mark.parametrize(
    ("vpc", "restricted"),
    [
        ("endpoint_public_access = false", True),
        ('public_access_cidrs = ["10.0.0.0/8"]', True),
        ('public_access_cidrs = ["10.0.0.0/8", "0.0.0.0/0"]', False),
        ("", False),
    ],
)
def test_eks_is_restricted_by_a_private_endpoint_or_named_addresses(vpc: str, restricted: bool) -> None:
    assert eks(vpc=vpc).endpoint_restricted is restricted


def test_node_groups_say_in_how_many_zones_nodes_run() -> None:
    found = eks(vpc='subnet_ids = ["a"]', groups=GROUP % '["a", "b", "c"]')
    assert (found.zones, found.nodes_min) == (3, 3)
    hidden = eks(groups=GROUP % "module.vpc.private_subnets")
    assert hidden.unknown["zones"] == (
        "how many subnets there are is not known here (module.vpc.private_subnets is not known here)"
    )


def test_audit_logs_are_one_of_the_log_types() -> None:
    assert eks('enabled_cluster_log_types = ["api", "audit"]').audit_logs
    assert "audit_logs" in eks("enabled_cluster_log_types = var.logs").unknown


def gke(more: str, pools: str = "") -> Cluster:
    return cluster(f'resource "google_container_cluster" "m" {{\n  name = "prod"\n{more}\n}}\n{pools}')


@pytest.mark.parametrize(
    ("location", "zones"),
    [
        ('location = "europe-west1"', 3),
        ('location = "europe-west1-b"', 1),
        ('location = "europe-west1-b"\nnode_locations = ["europe-west1-c"]', 2),
        ('location = "europe-west1"\nnode_locations = ["europe-west1-b", "europe-west1-c"]', 2),
    ],
)
def test_a_region_is_three_zones_and_a_zone_is_one(location: str, zones: int) -> None:
    assert gke(location).zones == zones


def test_a_release_channel_and_a_window_are_read_on_gke() -> None:
    found = gke(
        'release_channel {\n channel = "STABLE"\n}\nmaintenance_policy {\n recurring_window {}\n}\n'
        "master_authorized_networks_config {\n}\n"
    )
    assert (found.channel, found.maintenance_window, found.endpoint_restricted) == ("stable", True, True)
    assert gke('release_channel {\n channel = "UNSPECIFIED"\n}').channel == ""
    assert gke("enable_autopilot = true").channel == "regular"


def test_one_pool_that_does_not_upgrade_itself_is_enough() -> None:
    pool = (
        'resource "google_container_node_pool" "%s" {\n  cluster = google_container_cluster.m.id\n'
        "  management {\n    auto_upgrade = %s\n  }\n}\n"
    )
    assert gke("", pool % ("a", "true")).node_upgrades
    assert not gke("", pool % ("a", "true") + pool % ("b", "false")).node_upgrades


def aks(more: str, others: str = "") -> Cluster:
    return cluster(f'resource "azurerm_kubernetes_cluster" "m" {{\n  name = "prod"\n{more}\n}}\n{others}')


def test_aks_runs_in_the_zones_of_its_smallest_pool() -> None:
    pool = (
        'resource "azurerm_kubernetes_cluster_node_pool" "p" {\n  zones = ["1"]\n'
        "  kubernetes_cluster_id = azurerm_kubernetes_cluster.m.id\n}\n"
    )
    zones = 'default_node_pool {\n zones = ["1", "2", "3"]\n}'
    assert (aks(zones).zones, aks(zones, pool).zones, aks("").zones) == (3, 1, 0)


def test_aks_channels_windows_and_diagnostics_are_read() -> None:
    logs = (
        'resource "azurerm_monitor_diagnostic_setting" "d" {\n'
        "  target_resource_id = azurerm_kubernetes_cluster.m.id\n"
        '  enabled_log {\n    category = "kube-audit-admin"\n  }\n}\n'
    )
    found = aks(
        'automatic_upgrade_channel = "stable"\nmaintenance_window_auto_upgrade {\n}\n'
        'api_server_access_profile {\n  authorized_ip_ranges = ["10.0.0.0/8"]\n}',
        logs,
    )
    assert (found.channel, found.maintenance_window, found.audit_logs) == ("stable", True, True)
    assert found.endpoint_restricted
    bare = aks('automatic_channel_upgrade = "none"')
    assert (bare.channel, bare.audit_logs, bare.endpoint_restricted) == ("", False, False)


def test_a_backup_plan_of_gke_is_a_schedule() -> None:
    text = (
        'resource "google_gke_backup_backup_plan" "b" {\n  name = "daily"\n  backup_schedule {\n'
        '    cron_schedule = "0 2 * * *"\n  }\n  retention_policy {\n    backup_retain_days = 14\n  }\n'
        "  backup_config {\n    all_namespaces = true\n  }\n}\n"
    )
    ((_, plan),) = made(text, BackupSchedule)
    assert (plan.format, plan.name, plan.everything, plan.retention_days, plan.problem) == (
        "gke",
        "daily",
        True,
        14,
        "",
    )
    ((_, paused),) = made(text.replace('name = "daily"', "deactivated = true"), BackupSchedule)
    assert paused.problem == "it is deactivated"


@pytest.mark.parametrize(
    ("source", "group"),
    [
        ("terraform-aws-modules/eks/aws", "cluster"),
        ("terraform-google-modules/kubernetes-engine/google//modules/private-cluster", "cluster"),
        ("git::https://git.example/acme/terraform-aws-eks.git?ref=v3", "cluster"),
        ("Azure/aks/azurerm", "cluster"),
        ("terraform-google-modules/sql-db/google//modules/postgresql", "database"),
        ("terraform-aws-modules/rds-aurora/aws", "database"),
        ("terraform-aws-modules/rds-proxy/aws", ""),
        ("terraform-aws-modules/eks-pod-identity/aws", ""),
        ("terraform-aws-modules/eks/aws//modules/karpenter", ""),
        ("terraform-aws-modules/s3-bucket/aws", ""),
    ],
)
def test_published_modules_that_make_clusters_or_databases_are_told(source: str, group: str) -> None:
    told = unreadable(f'module "m" {{\n  source = "{source}"\n}}\n')
    assert [one.group for one in told] == ([group] if group else [])
