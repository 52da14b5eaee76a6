"""Which checks `fix` has a diff for, without loading the fixes: what reports name the command by.

`table.TABLE` says what is done; a test holds the two together.
"""

from __future__ import annotations

from app.policy.model import Check

FIXES = frozenset(
    {
        "catalog-entity-healthy",
        "owner-is-team",
        "tier-declared",
        "system-declared",
        "dependencies-declared",
        "source-location-resolves",
        "entity-described",
        "oncall-declared",
        "oncall-key-not-committed",
        "slo-defined",
        "slo-objective-valid",
        "slo-window-standard",
        "slo-described",
        "slo-burn-rate-alerts",
        "slo-signal-coverage",
        "alert-rules-present",
        "alert-name-style",
        "alert-severity-labelled",
        "alert-hold-duration",
        "alert-annotations-complete",
        "alert-absence-covered",
        "alert-runbook-linked",
        "alert-runbook-resolves",
        "runbook-escalation-path",
        "workload-replicas",
        "workload-pdb",
        "workload-spread",
        "rollout-strategy-safe",
        "workload-probes",
        "workload-resources",
        "image-pinned",
        "metrics-scraped",
        "workload-autoscaled",
        "container-hardened",
        "api-definition-valid",
        "api-authenticated",
        "api-error-model",
        "api-rate-limited",
        "api-versioned-and-deprecable",
        "db-backup-retention",
        "db-deletion-protected",
        "db-private-and-encrypted",
        "db-high-availability",
        "db-point-in-time",
        "db-maintenance-controlled",
        "cluster-multi-zone",
        "cluster-backup-scheduled",
        "cluster-upgrade-policy",
        "cluster-access-controlled",
        "cluster-guardrails",
        "codeowners-valid",
        "codeowners-covers-service",
    }
)
SKELETONS = frozenset(
    {
        "service-runbook-present",
        "service-runbook-complete",
        "alert-runbook-actionable",
        "slo-error-budget-policy",
    }
)
"""What a person fills before the check passes."""
TOGETHER = {"codeowners-valid": "codeowners", "codeowners-covers-service": "codeowners"}
"""Checks that one run of one fix mends: one piece of work."""


def work_of(check: Check) -> str:
    """The piece of work that mends a check."""
    return TOGETHER.get(check.fix) or TOGETHER.get(check.id) or check.id


def kind_of(check: Check) -> str:
    """`fix`, `skeleton` (a person fills it), or "" where no diff is made."""
    named = {check.id, check.fix}
    return "fix" if named & FIXES else "skeleton" if named & SKELETONS else ""


def command(check: Check) -> str:
    """What mends a check in its repository, to be copied into a terminal; "" where no diff is made for it."""
    offered = {check.id, check.fix} & (FIXES | SKELETONS)
    return f"roadworthy fix --check {check.id}" if offered else ""
