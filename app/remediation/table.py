"""Every check and what can be done for it: a fix, a skeleton that a person fills, a question, or nothing, with why.

The order is the order in which fixes are tried: what others build on comes first. A test holds the list complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.remediation import (
    alerts,
    apis,
    catalog,
    clusters,
    codeowners,
    containers,
    guardrails,
    runbooks,
    slos,
    terraform,
    workloads,
)
from app.remediation.model import Fix

Kind = Literal["fix", "skeleton", "question", "none"]


@dataclass(frozen=True, slots=True)
class Remedy:
    """`kind` fix: the check passes with it, or with the answers it asks for. Skeleton: a person fills it, so the check
    goes on failing. Question: words beside the diff; an answer is written where what it is about lies here. None:
    `why` says what stands against a fix.

    `stricter`: it may make other checks ask more (a tier), which is no harm done.
    """

    kind: Kind
    fix: Fix | None = None
    why: str = ""
    stricter: bool = False
    unseen: bool = False
    """Asked for where the check can't be seen, too: what is written here counts in any case."""


def _none(why: str) -> Remedy:
    return Remedy("none", None, why)


def _question(why: str) -> Remedy:
    return Remedy("question", None, why)


_LIVE = "it is seen in the running system, which no file can answer for"

TABLE: Mapping[str, Remedy] = {
    # What the catalog says comes first: owner and tier decide the rest.
    "catalog-entity-healthy": Remedy("fix", catalog.register, stricter=True),
    "owner-is-team": Remedy("fix", catalog.owner, stricter=True),
    "tier-declared": Remedy("fix", catalog.tier, stricter=True),
    "system-declared": Remedy("fix", catalog.system),
    "dependencies-declared": Remedy("fix", catalog.dependencies),
    "source-location-resolves": Remedy("fix", catalog.source_location),
    "entity-described": Remedy("fix", catalog.description),
    "oncall-declared": Remedy("fix", catalog.on_call, unseen=True),
    "oncall-key-not-committed": Remedy("fix", catalog.paging_secret),
    "owner-contactable": Remedy(
        "question", catalog.contact, "add members and a chat channel or address to the owning group, where it is kept"
    ),
    # Objectives, then the alerts that guard them, then what alerts must have.
    "slo-defined": Remedy("fix", slos.define),
    "slo-objective-valid": Remedy("fix", slos.targets),
    "slo-window-standard": Remedy("fix", slos.windows),
    "slo-described": Remedy("fix", slos.describe),
    "slo-burn-rate-alerts": Remedy("fix", slos.guard),
    "slo-signal-coverage": Remedy("fix", slos.signals_covered),
    "slo-sli-query-valid": _question("what the query is meant to count is for its team to say"),
    "alert-rules-present": Remedy("fix", alerts.present),
    "alert-rules-valid": _question(
        "what the expression is meant to say is for its team; the evidence names the mistake"
    ),
    "alert-files-valid": _question("which of two groups, keys or documents is meant is for its team to say"),
    "alert-name-style": Remedy("fix", alerts.names),
    "alert-severity-labelled": Remedy("fix", alerts.severities),
    "alert-hold-duration": Remedy("fix", alerts.holds),
    "alert-annotations-complete": Remedy("fix", alerts.words),
    "alert-absence-covered": Remedy("fix", alerts.absence),
    "alert-runbook-linked": Remedy("fix", runbooks.link_runbooks),
    "alert-runbook-resolves": Remedy("fix", runbooks.resolve_links),
    "alert-rules-tested": _question("at which values an alert must fire, and when it must not, is for its team to say"),
    "alert-route-reaches-pager": _question("to which receiver the service's alerts go is for its team to say"),
    # What people write: skeletons, filled with what is known.
    "service-runbook-present": Remedy("skeleton", runbooks.start_page),
    "service-runbook-complete": Remedy("skeleton", runbooks.complete_page),
    "alert-runbook-actionable": Remedy("skeleton", runbooks.actionable),
    "runbook-escalation-path": Remedy("fix", runbooks.escalation),
    "slo-error-budget-policy": Remedy("skeleton", runbooks.budget_policy),
    "alert-runbook-specific": _question("a section of its own for an alert is writing, which no machine can do"),
    "changes-tested": _question("which tests there are, and what runs them, is for its team to say"),
    "rollback-documented": _question(
        "what goes back to the version before, a command or a job of the pipeline, is for its team to write"
    ),
    "dr-objectives-tested": _none(
        "objectives are agreed with the business, and a recovery must happen before it is dated"
    ),
    "runbook-fresh": _question("read the runbook against how the service runs, then set last_reviewed yourself"),
    # What runs.
    "workload-replicas": Remedy("fix", workloads.replicas),
    "workload-pdb": Remedy("fix", workloads.budget),
    "workload-spread": Remedy("fix", workloads.spread),
    "rollout-strategy-safe": Remedy("fix", workloads.rollout),
    "workload-probes": Remedy("fix", containers.probes),
    "workload-resources": Remedy("fix", containers.resources),
    "image-pinned": Remedy("fix", containers.images),
    "metrics-scraped": Remedy("fix", workloads.monitored),
    "workload-autoscaled": Remedy("fix", workloads.autoscaler),
    "container-hardened": Remedy("fix", containers.rights),
    "workload-declared": _question("name the repository of its manifests, or say on what it runs: runs-on"),
    "progressive-delivery": _none("a canary needs an Argo Rollout, its controller, and an analysis that people choose"),
    # APIs.
    "api-definition-valid": Remedy("fix", apis.contract),
    "api-authenticated": Remedy("fix", apis.secured),
    "api-error-model": Remedy("fix", apis.errors),
    "api-rate-limited": Remedy("fix", apis.limits),
    "api-versioned-and-deprecable": Remedy("fix", apis.deprecations),
    "api-upstream-protected": _question("how long the gateway waits, and when it gives up, is for its team to say"),
    # Databases and clusters.
    "database-declared": _none("`roadworthy new database` begins one; an existing one is imported by its team"),
    "db-backup-retention": Remedy("fix", terraform.backups),
    "db-deletion-protected": Remedy("fix", terraform.protection),
    "db-private-and-encrypted": Remedy("fix", terraform.private),
    "db-high-availability": Remedy("fix", terraform.availability),
    "db-point-in-time": Remedy("fix", terraform.recovery),
    "db-maintenance-controlled": Remedy("fix", terraform.maintenance),
    "db-alerts-baseline": _question("which exporter or alarms watch it, and whom they tell, is for its team to say"),
    "db-restore-tested": _none("a restore must happen; a date without one would be a lie"),
    "cluster-declared": _none(
        "`roadworthy new kubernetes-cluster` begins one; an existing one is imported by its team"
    ),
    "cluster-version-supported": _none("an upgrade is work to plan, not a number to change"),
    "cluster-monitoring-baseline": _question("install kube-prometheus-stack with its default rules, or name yours"),
    "cluster-multi-zone": Remedy("fix", clusters.zones),
    "cluster-backup-scheduled": Remedy("fix", guardrails.backup_kept),
    "cluster-upgrade-policy": Remedy("fix", clusters.upgrades),
    "cluster-access-controlled": Remedy("fix", clusters.access),
    "cluster-guardrails": Remedy("fix", guardrails.namespaces),
    "cluster-dead-man-switch": _question("which service outside hears the Watchdog is for its team to say"),
    # Last, since it covers the files that other fixes have made.
    "codeowners-valid": Remedy("fix", codeowners.cover),
    "codeowners-covers-service": Remedy("fix", codeowners.cover),
    # What no file can answer for.
    "slo-sli-live": _none(_LIVE),
    "escalation-levels": _none(_LIVE),
    "oncall-schedule-staffed": _none(_LIVE),
    "alert-rules-loaded": _none(_LIVE),
}
