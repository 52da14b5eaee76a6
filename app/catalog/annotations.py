"""The annotations we know, and secrets taken out of descriptors before anything is stored.

Source of the keys: the well-known annotations of Backstage and the documentation of the plugins named here. Providers
without a standard key are listed with the keys their own catalogs propose; a policy may name further ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.lib.redaction import MARKER, names_a_secret, redact_text

ON_CALL, DASHBOARD, ALERTING, SOURCE, PROJECT, DOCUMENTATION = (
    "on_call",
    "dashboard",
    "alerting",
    "source",
    "project",
    "documentation",
)

SOURCE_LOCATION = "backstage.io/source-location"
MANAGED_BY_LOCATION = "backstage.io/managed-by-location"
ORPHAN = "backstage.io/orphan"

_PLACEHOLDERS = frozenset(
    {"", "todo", "tbd", "fixme", "changeme", "change-me", "none", "n/a", "na", "null", "-", "xxx"}
)
_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Binding:
    """What an annotation ties the entity to. `secret`: the value is itself a credential and is never kept."""

    key: str
    purpose: str
    provider: str
    what: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding as found on an entity. `placeholder`: the value is empty or only holds a place."""

    binding: Binding
    value: str
    placeholder: bool


def _on_call(provider: str, *keys: tuple[str, str] | tuple[str, str, bool]) -> list[Binding]:
    return [Binding(key[0], ON_CALL, provider, key[1], len(key) == 3) for key in keys]


_SECRET = True

BINDINGS: tuple[Binding, ...] = (
    *_on_call(
        "pagerduty",
        ("pagerduty.com/integration-key", "Events API routing key", _SECRET),
        ("pagerduty.com/service-id", "service"),
    ),
    *_on_call(
        "opsgenie",
        ("opsgenie.com/component-selector", "alert query"),
        ("opsgenie.com/team", "team"),
    ),
    *_on_call(
        "ilert",
        ("ilert.com/integration-key", "alert source key", _SECRET),
        ("ilert.com/alert-source", "alert source"),
        ("ilert.com/service-id", "service"),
    ),
    *_on_call(
        "splunk_oncall",
        ("splunk.com/on-call-team", "team"),
        ("splunk.com/on-call-routing-key", "routing key"),
    ),
    *_on_call("firehydrant", ("firehydrant.com/service-name", "service"), ("firehydrant.com/service-id", "service")),
    *_on_call(
        "rootly",
        ("rootly.com/service-id", "service"),
        ("rootly.com/service-slug", "service"),
        ("rootly.com/team-id", "team"),
        ("rootly.com/team-slug", "team"),
    ),
    *_on_call(
        "squadcast",
        ("squadcast.com/service-id", "service"),
        ("squadcast.com/service-name", "service"),
        ("squadcast.com/team-id", "team"),
    ),
    *_on_call(
        "incident_io",
        ("incident.io/service", "service"),
        ("incident.io/schedule-id", "schedule"),
        ("incident.io/escalation-path-id", "escalation path"),
    ),
    *_on_call(
        "grafana_oncall",
        ("grafana/oncall-integration-id", "integration"),
        ("grafana.com/oncall-integration-id", "integration"),
        ("grafana.com/oncall-team", "team"),
        ("grafana.com/oncall-schedule", "schedule"),
    ),
    Binding("pagerduty.com/account", PROJECT, "pagerduty", "account"),
    Binding("grafana/dashboard-selector", DASHBOARD, "grafana", "dashboard selector"),
    Binding("grafana/overview-dashboard", DASHBOARD, "grafana", "dashboard URL"),
    Binding("datadoghq.com/dashboard-url", DASHBOARD, "datadog", "dashboard URL"),
    Binding("datadoghq.com/graph-token", DASHBOARD, "datadog", "embed token", secret=True),
    Binding("newrelic.com/dashboard-guid", DASHBOARD, "newrelic", "dashboard"),
    Binding("grafana/tag-selector", ALERTING, "grafana", "alert selector"),
    Binding("grafana/alert-label-selector", ALERTING, "grafana", "alert selector"),
    Binding("prometheus.io/rule", ALERTING, "prometheus", "queries"),
    Binding("prometheus.io/alert", ALERTING, "prometheus", "alert names"),
    Binding("prometheus.io/labels", ALERTING, "prometheus", "labels"),
    Binding("prometheus.io/service-name", ALERTING, "prometheus", "instance"),
    Binding("datadoghq.com/monitor_tags", ALERTING, "datadog", "monitor tags"),
    Binding("datadoghq.com/slo_tag", ALERTING, "datadog", "SLO tag"),
    Binding(SOURCE_LOCATION, SOURCE, "backstage", "source code"),
    Binding(MANAGED_BY_LOCATION, SOURCE, "backstage", "descriptor"),
    Binding("backstage.io/managed-by-origin-location", SOURCE, "backstage", "registered location"),
    Binding("github.com/project-slug", SOURCE, "github", "repository"),
    Binding("gitlab.com/project-slug", SOURCE, "gitlab", "repository"),
    Binding("bitbucket.com/project-slug", SOURCE, "bitbucket", "repository"),
    Binding("dev.azure.com/project-repo", SOURCE, "azure", "repository"),
    Binding("backstage.io/techdocs-ref", DOCUMENTATION, "backstage", "documentation"),
    Binding("backstage.io/adr-location", DOCUMENTATION, "backstage", "decision records"),
    Binding("backstage.io/kubernetes-id", PROJECT, "kubernetes", "workloads"),
    Binding("backstage.io/kubernetes-label-selector", PROJECT, "kubernetes", "workloads"),
    Binding("backstage.io/kubernetes-namespace", PROJECT, "kubernetes", "namespace"),
    Binding("sentry.io/project-slug", PROJECT, "sentry", "project"),
    Binding("sonarqube.org/project-key", PROJECT, "sonarqube", "project"),
    Binding("rollbar.com/project-slug", PROJECT, "rollbar", "project"),
    Binding("vault.io/secrets-path", PROJECT, "vault", "path"),
)

TABLE: Mapping[str, Binding] = {binding.key: binding for binding in BINDINGS}


def found(annotations: Mapping[str, str], purpose: str) -> tuple[Bound, ...]:
    """The known annotations of one purpose, in the order written."""
    return tuple(
        Bound(binding, value, is_placeholder(value))
        for key, value in annotations.items()
        if (binding := TABLE.get(key)) is not None and binding.purpose == purpose
    )


def is_placeholder(value: str) -> bool:
    """Whether a value only holds a place: empty, `TODO`, `changeme`, `<service-id>`, `${SERVICE_ID}`."""
    text = value.strip().lower()
    bare = text.strip("<>[]{}$ ")
    wrapped = text.startswith(("<", "${", "{{")) and text.endswith((">", "}"))
    return text != MARKER and (bare in _PLACEHOLDERS or wrapped or bare.startswith(("todo", "changeme", "replace")))


def is_secret(key: str) -> bool:
    """Whether an annotation's value is a credential: as the table says, else as its name does."""
    binding = TABLE.get(key)
    return binding.secret if binding is not None else names_a_secret(key)


def redact(document: Any) -> Any:
    """A plain, JSON-ready copy of a descriptor without secrets; safe on any value and idempotent.

    Also made fit to be stored: not-a-number and infinity become text, lone surrogates and NUL are replaced, and what
    lies deeper than 64 levels is cut to null.
    """
    return _redact(document, _LIMIT)


def _redact(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact_text(_storable(value))
    if isinstance(value, Mapping):
        return (
            {_storable(str(key)): _entry(str(key), item, depth - 1) for key, item in value.items()} if depth else None
        )
    if isinstance(value, list | tuple):
        return [_redact(item, depth - 1) for item in value] if depth else None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _LIMIT else hex(value)[:80]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    return _storable(str(value))


def _entry(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, str | int | float) and not isinstance(value, bool) and is_secret(key):
        return value if is_placeholder(str(value)) else MARKER
    return _redact(value, depth)


def _storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "�")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text
