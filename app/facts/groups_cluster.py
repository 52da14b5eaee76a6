"""The facts about Kubernetes clusters, as infrastructure as code and platform repositories declare them."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

CONTROL_PLANE = {
    "name": Field("string", "Name of the cluster"),
    "format": Field("string", "aws_eks_cluster, google_container_cluster, azurerm_kubernetes_cluster"),
    "address": Field("string", "Address of the resource"),
    "environment": Field("string", "Folder or variables file it is declared for"),
    "platform": Field("string", "eks, gke or aks"),
    "version": Field("string", "Kubernetes version as written, or empty"),
    "supported_until": Field("timestamp", "End of that version's support; absent where it can't be told"),
    "channel": Field("string", "Channel that upgrades it by itself, or empty"),
    "zones": Field("int", "Zones that nodes run in", "zones"),
    "nodes_min": Field("int", "Fewest nodes that its pools keep", "nodes"),
    "node_upgrades": Field("bool", "Nodes are upgraded and repaired by themselves"),
    "maintenance_window": Field("bool", "When it may be maintained is agreed"),
    "audit_logs": Field("bool", "The control plane keeps an audit log"),
    "endpoint_restricted": Field("bool", "Its API is private, or open to named addresses only"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}
BACKUP = {
    "name": Field("string", "Name of the schedule"),
    "format": Field("string", "velero or gke"),
    "schedule": Field("string", "When it runs, as written"),
    "everything": Field("bool", "It takes in every namespace"),
    "retention_days": Field("int", "How long a backup is kept", "days"),
    "problem": Field("string", "Why nothing is backed up by it, or empty"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}
NAMESPACE = {
    "name": Field("string", "Name of the namespace"),
    "system": Field("bool", "Kubernetes' own, or a platform's"),
    "pod_security": Field("string", "Pod Security level that is enforced: privileged, baseline, restricted or empty"),
    "quota": Field("bool", "A ResourceQuota bounds what it takes"),
    "limit_range": Field("bool", "A LimitRange gives containers defaults"),
    "default_deny": Field("bool", "A NetworkPolicy refuses what is not allowed"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

CLUSTER = Group(
    "cluster",
    1,
    "The Kubernetes cluster that the entity is, and what guards it.",
    {
        "clusters": Fact("items", "Clusters that are declared as the entity.", fields=CONTROL_PLANE),
        "backups": Fact("items", "Backups that are made by themselves.", fields=BACKUP),
        "namespaces": Fact("items", "Namespaces that are declared beside it, with their guardrails.", fields=NAMESPACE),
        "baseline": Fact(
            "items",
            "Alerts that policy.yaml asks of every cluster (`clusters.required_alerts`), one an item.",
            fields={
                "name": Field("string", "The alert, or several names that will do, separated by |"),
                "covered": Field("bool", "A rule of the cluster, or a chart that brings it, has one of them"),
                "by": Field("string", "The alert or chart that does, or empty"),
                "ignored": Field("string", "Always empty"),
                **place(),
            },
        ),
        "admission_policies": Fact("int", "Admission policies that are enforced", "policies"),
        "upgrade_runbook": Fact("bool", "A runbook of the cluster tells how to upgrade it"),
        "unreadable": unreadable("clusters"),
    },
)
