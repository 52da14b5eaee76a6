"""Well-known annotations, and which of them hold something secret that must never be stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SOURCE_LOCATION = "backstage.io/source-location"
MANAGED_BY = "backstage.io/managed-by-location"
ORPHAN = "backstage.io/orphan"
REDACTED = "[redacted]"
SECRET = frozenset(
    {
        "pagerduty.com/integration-key",
        "splunk.com/on-call-routing-key",
        "ilert.com/integration-key",
        "datadoghq.com/graph-token",
        "victorops.com/routing-key",
        "opsgenie.com/api-key",
    }
)
_TOKENS = re.compile(
    r"(?:https://hooks\.slack\.com/(?:services|workflows|triggers)/\S+"
    r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\S+"
    r"|https://[\w.-]+\.webhook\.office\.com/\S+"
    r"|https://events\.pagerduty\.com/(?:integration|x-ere)/\S+"
    r"|\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs])[-_][\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*)",
    re.DOTALL,
)
_USERINFO = re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+@")


def redact(document: Mapping[str, Any]) -> dict[str, Any]:
    """The descriptor without secrets: secret-like annotations keep their presence, not their value."""
    cleaned: dict[str, Any] = _clean(document)
    metadata = cleaned.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict):
        for key in annotations:
            if key in SECRET or key.rsplit("/", 1)[-1] in ("integration-key", "routing-key", "api-key", "token"):
                annotations[key] = REDACTED if annotations[key] else ""
    return cleaned


def _clean(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _clean(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_clean(value) for value in node]
    if isinstance(node, str) and ("://" in node or "-" in node or "_" in node):
        return _USERINFO.sub("", _TOKENS.sub(REDACTED, node))
    return node
