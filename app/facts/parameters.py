"""Keys and words by which facts are found in entities. `scorecards/policy.yaml` sets them; here are the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PAGING_TOOLS: Mapping[str, str] = {
    "pagerduty.com/service-id": "pagerduty",
    "opsgenie.com/component-selector": "opsgenie",
    "opsgenie.com/team": "opsgenie",
    "grafana.com/oncall-integration": "grafana_oncall",
    "incident.io/catalog-entry": "incident_io",
    "splunk.com/on-call-team": "splunk_oncall",
    "rootly.com/service-id": "rootly",
    "rootly.com/service-slug": "rootly",
    "firehydrant.com/service-name": "firehydrant",
    "ilert.com/alert-source-id": "ilert",
    "roadworthy.dev/on-call": "other",
}
"""Annotation → tool, where the value is only a name. Source: the tools' Backstage plugins."""

PAGING_SECRETS: Mapping[str, str] = {
    "pagerduty.com/integration-key": "pagerduty",
    "splunk.com/on-call-routing-key": "splunk_oncall",
    "ilert.com/integration-key": "ilert",
}
"""Annotation → tool, where the value itself is a credential."""


PIPELINES = (
    "jenkins.io/job-full-name",
    "jenkins.io/github-folder",
    "circleci.com/project-slug",
    "buildkite.com/project-slug",
    "dev.azure.com/build-definition",
    "teamcity/project-id",
    "roadworthy.dev/pipeline",
)
"""Source: the CI tools' Backstage plugins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """No standard annotation exists for tier, runbook or chat, so every organisation names its own."""

    tiers: tuple[str, ...] = ("t1", "t2", "t3")
    default_tier: str = "t3"
    tier_keys: tuple[str, ...] = ("tier", "roadworthy.dev/tier", "criticality")
    tier_aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tier → other spellings of it, in lower case."""
    contact_annotations: tuple[str, ...] = ("slack.com/channel", "roadworthy.dev/chat")
    contact_words: tuple[str, ...] = ("chat", "slack", "teams", "mattermost", "discord", "contact")
    runbook_annotations: tuple[str, ...] = ("roadworthy.dev/runbook", "runbook")
    runbook_words: tuple[str, ...] = ("runbook", "run book", "playbook", "on-call guide")
    paging_tools: Mapping[str, str] = field(default_factory=lambda: PAGING_TOOLS)
    paging_secrets: Mapping[str, str] = field(default_factory=lambda: PAGING_SECRETS)
    load_test_keys: tuple[str, ...] = ("roadworthy.dev/load-tested-at",)
    restore_test_keys: tuple[str, ...] = ("roadworthy.dev/restore-tested-at",)
    recovery_test_keys: tuple[str, ...] = ("roadworthy.dev/recovery-tested-at", "roadworthy.dev/restore-tested-at")
    """Annotations, or keys of a document's front matter, that date a proof made by people."""
    pipeline_annotations: tuple[str, ...] = PIPELINES
    """Annotations that name a pipeline which lies in another tool, where no file says what it runs."""
    rto_keys: tuple[str, ...] = ("roadworthy.dev/rto",)
    rpo_keys: tuple[str, ...] = ("roadworthy.dev/rpo",)
    """Annotations, or keys of a document's front matter, that declare recovery objectives."""
    paging_receivers: tuple[str, ...] = ("pagerduty", "opsgenie", "victorops", "incidentio", "pushover")
    """Integrations of Alertmanager that wake someone."""
    opaque_receivers: tuple[str, ...] = ("webhook", "sns")
    """Integrations that may page or may not: what stands behind them can't be seen."""
    end_of_life: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Product → version → the date (ISO 8601) on which its support ends."""
    end_of_life_source: str = "no source is named"
    """Where those dates are from, and as of when."""
    required_cluster_alerts: tuple[str, ...] = ("Watchdog", "TargetDown", "KubeNodeNotReady")
    """Alerts that every cluster needs; several names that will do are separated by |."""
