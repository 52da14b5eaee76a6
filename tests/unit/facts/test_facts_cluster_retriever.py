"""Cluster facts of a Resource: control plane, backups, guardrails, and the alerts that policy asks of every cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.attribution.model import PROVIDES, Rules
from app.facts.model import Reason
from app.facts.parameters import Parameters
from app.facts.retrievers import cluster
from app.facts.seen import Seen
from app.facts.versions import MANAGED

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: prod-eu}
spec: {type: kubernetes-cluster, owner: team}
"""
EKS = 'resource "aws_eks_cluster" "m" {\n  name = "prod-eu"\n  version = "1.30"\n}\n'
RULES = "groups: [{name: g, rules: [{alert: Watchdog, expr: vector(1)}, {alert: KubeAPIDown, expr: up}]}]\n"
STACK = (
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: m}\n"
    "spec: {chart: {spec: {chart: kube-prometheus-stack}}%s}\n"
)
WANTED = ("Watchdog", "KubeAPIErrorBudgetBurn|KubeAPIDown", "KubeletDown", "OurOwnAlert")


def seen_of(look: Any, now: datetime) -> Seen:
    look.world.parameters = replace(
        Parameters(), required_cluster_alerts=WANTED, end_of_life={"eks": {"1.30": "2025-07-23"}}
    )
    return cluster.retrieve(look.entity("resource:default/prod-eu"), look.world, now)


def baseline(seen: Seen) -> dict[str, Any]:
    return {item["name"]: item.get("covered") for item in seen.values["cluster.baseline"]}


def test_a_cluster_is_the_resource_it_is_named_as(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    infra = snapshot({"eks/main.tf": EKS}, url="https://git.example.org/platform/infra")
    (item,) = seen_of(looked(snapshot({"catalog-info.yaml": CATALOG}), infra), now).values["cluster.clusters"]
    assert (item["name"], item["path"], item["version"]) == ("prod-eu", "eks/main.tf", "1.30")
    assert item["supported_until"] == datetime(2025, 7, 23, tzinfo=UTC)


@pytest.mark.parametrize(("channel", "until"), [("STABLE", MANAGED), ("REGULAR", MANAGED), ("UNSPECIFIED", None)])
def test_a_channel_keeps_a_cluster_within_support(
    looked: Callable[..., Any], now: datetime, channel: str, until: datetime | None
) -> None:
    gke = f'resource "google_container_cluster" "m" {{\n  release_channel {{\n    channel = "{channel}"\n  }}\n}}\n'
    (item,) = seen_of(looked({"catalog-info.yaml": CATALOG, "main.tf": gke}), now).values["cluster.clusters"]
    assert item.get("supported_until") == until


def test_patches_alone_do_not_keep_a_cluster_within_support(looked: Callable[..., Any], now: datetime) -> None:
    aks = (
        'resource "azurerm_kubernetes_cluster" "m" {\n  kubernetes_version = "1.29"\n'
        '  automatic_upgrade_channel = "patch"\n}\n'
    )
    (item,) = seen_of(looked({"catalog-info.yaml": CATALOG, "main.tf": aks}), now).values["cluster.clusters"]
    assert item["unknown"]["supported_until"].startswith("policy.yaml has no dates for aks")


def test_alerts_are_looked_for_by_any_of_their_names(looked: Callable[..., Any], now: datetime) -> None:
    seen = seen_of(looked({"catalog-info.yaml": CATALOG, "rules.yaml": RULES}), now)
    assert baseline(seen) == {
        "Watchdog": True,
        "KubeAPIErrorBudgetBurn|KubeAPIDown": True,
        "KubeletDown": False,
        "OurOwnAlert": False,
    }


@pytest.mark.parametrize(("values", "brought"), [("", True), (", values: {defaultRules: {create: false}}", False)])
def test_the_stacks_chart_brings_the_alerts_it_is_known_for(
    looked: Callable[..., Any], now: datetime, values: str, brought: bool
) -> None:
    seen = seen_of(looked({"catalog-info.yaml": CATALOG, "apps/m.yaml": STACK % values}), now)
    assert (baseline(seen)["KubeletDown"], baseline(seen)["OurOwnAlert"]) == (brought, False)


def test_missing_alerts_are_unknown_where_some_can_not_be_read(looked: Callable[..., Any], now: datetime) -> None:
    broken = "groups:\n  - rules:\n      - alert: A\n        expr: up\n       bad\n"
    files = {"catalog-info.yaml": CATALOG, "rules.yaml": RULES, "broken.yaml": broken}
    found = baseline(seen_of(looked(files), now))
    assert (found["Watchdog"], found["KubeletDown"]) == (True, None)


def test_a_page_on_upgrades_is_found_by_its_headings(looked: Callable[..., Any], now: datetime) -> None:
    page = (
        "# Platform runbook\n\n## Upgrading\n\n" + "Raise the version, apply, watch the error budget, roll nodes. " * 4
    )
    files = {"catalog-info.yaml": CATALOG, "docs/runbooks/platform.md": page}
    assert seen_of(looked(files), now).values["cluster.upgrade_runbook"] is True
    files["docs/runbooks/platform.md"] = page.replace("Upgrading", "Restarting")
    assert seen_of(looked(files), now).values["cluster.upgrade_runbook"] is False


def test_policies_that_only_audit_do_not_count(looked: Callable[..., Any], now: datetime) -> None:
    policy = (
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {validationFailureAction: %s}\n"
    )
    files = {"catalog-info.yaml": CATALOG, "a.yaml": policy % "Enforce", "b.yaml": policy % "Audit"}
    assert seen_of(looked(files), now).values["cluster.admission_policies"] == 1


def test_a_platforms_own_namespaces_are_told_from_tenants(looked: Callable[..., Any], now: datetime) -> None:
    names = ("shop", "kube-system", "gatekeeper-system", "monitoring")
    text = "---\n".join(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n" for name in names)
    seen = seen_of(looked({"catalog-info.yaml": CATALOG, "ns.yaml": text}), now)
    assert [item["name"] for item in seen.values["cluster.namespaces"] if not item["system"]] == ["shop"]


def test_several_clusters_share_a_repository_of_manifests_by_path(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    url = "https://git.example.org/platform/fleet"
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n"
    files = {"clusters/prod-eu/ns.yaml": namespace % "shop", "clusters/prod-us/ns.yaml": namespace % "cart"}
    rules = Rules(evidence={url: PROVIDES["manifests"]})
    seen = seen_of(looked(snapshot({"catalog-info.yaml": CATALOG}), snapshot(files, url=url), rules=rules), now)
    assert [item["name"] for item in seen.values["cluster.namespaces"]] == ["shop"]


def test_without_any_declaration_in_the_only_known_repository_nothing_can_be_said(
    looked: Callable[..., Any], now: datetime
) -> None:
    seen = seen_of(looked({"catalog-info.yaml": CATALOG}, complete=False), now)
    for name in ("clusters", "backups", "namespaces"):
        assert seen.unknown[f"cluster.{name}"].reason is Reason.NOT_CONNECTED
    assert baseline(seen)["Watchdog"] is None
