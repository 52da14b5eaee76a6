"""Readers of a Helm chart's Chart.yaml and values. What looks like a secret is left out and counts as unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.formats.model import Parsed, Unreadable
from app.formats.slo_common import text
from app.formats.workloads.marking import HIDDEN
from app.formats.workloads.model import Chart, ChartValues
from app.lib import documents
from app.lib.documents import Document
from app.lib.redaction import without_secrets

NAME = "charts"
_SECRET = re.compile(
    r"(?i)pass(word|wd|phrase)?$|passw|secret|token|credential|private|api_?key|access_?key|cert|dsn|^(extra)?env|"
    r"environment|^config(s|map)?$|^data$|stringdata|connection|args$|command$"
)
_HARMLESS = re.compile(r"[\w.:/@+ -]{0,100}", re.ASCII)
_USERINFO = re.compile(r"://[^/\s]*@")
_MOST_VALUES = 5_000
_LONGEST = 300
_OF_ALERTS = re.compile(
    r"(?i)(^|[-_])(alerts?|alerting|alert(ing)?-?rules?|prometheus-?rules?)($|[-_])|^kube-prometheus-stack$"
)


def recognises(document: Document) -> bool:
    value = document.value
    return (
        isinstance(value, dict)
        and value.get("apiVersion") in ("v1", "v2")
        and "kind" not in value
        and isinstance(value.get("name"), str)
        and "version" in value
    )


def read(document: Document) -> Parsed:
    value = document.value
    return Parsed(
        unreadable=tuple(_brought(value)),
        objects=(
            Chart(
                line=document.line,
                name=text(value, "name"),
                version=text(value, "version"),
                app_version=text(value, "appVersion"),
                library=value.get("type") == "library",
                pulled=_pulled(value),
            ),
        ),
    )


def _pulled(value: Any) -> dict[str, str]:
    """Dependencies that are fetched from elsewhere, by the names that their folders in `charts/` may have."""
    listed = value.get("dependencies")
    taken = [(one, text(one, "repository")) for one in (listed[:_MOST_VALUES] if isinstance(listed, list) else ())]
    named = [(text(one, key), home) for one, home in taken if _is_elsewhere(home) for key in ("name", "alias")]
    return {name: without_secrets(home)[:_LONGEST] for name, home in named if name}


def _is_elsewhere(home: str) -> bool:
    """Whether the repository of a dependency is not this one (`file://../shared`, or none at all)."""
    return "://" in home and not home.startswith("file:")


def _brought(value: Any) -> Iterator[Unreadable]:
    """Charts of alerts that this one depends on and that lie elsewhere: their rules are there, but can't be seen."""
    listed = value.get("dependencies")
    for index, one in enumerate(listed[:_MOST_VALUES] if isinstance(listed, list) else ()):
        name, home = text(one, "name"), text(one, "repository")
        if _OF_ALERTS.search(name) and _is_elsewhere(home):
            reason = f"is rendered from the chart {name}, which is not here"
            yield Unreadable("alerting", documents.line_of(listed, index), reason)


def read_values(document: Document) -> Parsed:
    """The values of a file whose name says that it holds some."""
    value = document.value
    if not isinstance(value, dict) or ("apiVersion" in value and "kind" in value):
        return Parsed()
    return Parsed((ChartValues(line=document.line, values=_safe(value, [_MOST_VALUES])),))


def _safe(value: Any, budget: list[int], key: str = "") -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        return HIDDEN
    if _SECRET.search(key) and not isinstance(value, bool | int | float | None):
        return HIDDEN if value else value
    if isinstance(value, dict):
        return {name: _safe(inner, budget, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_safe(inner, budget) for inner in value]
    if isinstance(value, str) and (not _HARMLESS.fullmatch(value) or _USERINFO.search(value)):
        return HIDDEN
    return value
