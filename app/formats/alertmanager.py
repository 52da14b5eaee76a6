"""Alertmanager's routing: files, what Secrets and ConfigMaps hold, and the AlertmanagerConfig resource.

Receivers are credentials: only their names and the kinds of their integrations leave this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.formats import alertmanager_matchers, templates
from app.formats.model import AlertmanagerConfig, Finding, Parsed, Receiver
from app.lib.documents import Document, line_of

NAME = "alertmanager"

_DEPTH = 32
_MOST_ROUTES = 5_000
_MOST_RECEIVERS = 5_000
_SUFFIXES = ("_configs", "Configs")


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict):
        return False
    if _is_resource(value):
        return True
    return (
        "apiVersion" not in value and isinstance(value.get("route"), dict) and isinstance(value.get("receivers"), list)
    )


def read(document: Document) -> Parsed:
    """One configuration. A resource's namespace narrows its whole tree, as the operator makes it do."""
    value = document.value
    namespace, namespaced = "", _is_resource(value)
    if namespaced:
        namespace = _namespace(value)
        value = value.get("spec")
        if not isinstance(value, dict):
            return Parsed()
    reader = _Routes(document.line)
    route = reader.read(value.get("route"), 0)
    if namespaced:
        route["matchers"].insert(0, ["namespace", "=", namespace or templates.TOKEN])
    receivers = tuple(_receivers(value.get("receivers")))
    config = AlertmanagerConfig(
        line=document.line,
        route=route,
        receivers=receivers,
        namespace=namespace,
        namespaced=namespaced,
        templated=bool(document.holes),
    )
    return Parsed((config,), tuple(reader.findings))


def _is_resource(value: dict[str, Any]) -> bool:
    api = value.get("apiVersion")
    known = isinstance(api, str) and (api.startswith("monitoring.coreos.com/") or templates.TOKEN in api)
    return known and value.get("kind") == "AlertmanagerConfig"


def _namespace(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) and templates.TOKEN not in namespace else ""


def _receivers(value: Any) -> Iterator[Receiver]:
    for item in value[:_MOST_RECEIVERS] if isinstance(value, list) else ():
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str):
            kinds = (_integration(key) for key, configs in item.items() if configs)
            yield Receiver(name=name, integrations=tuple(sorted({kind for kind in kinds if kind})))


def _integration(key: str) -> str:
    """`pagerduty_configs` and `pagerdutyConfigs` are "pagerduty"; any other key is none."""
    for suffix in _SUFFIXES:
        if key.endswith(suffix):
            return key.removesuffix(suffix).lower()[:40]
    return ""


def _intervals(route: dict[str, Any]) -> list[str]:
    """Names of the times at which a route is silent: muted in them, or active in them only."""
    keys = ("mute_time_intervals", "muteTimeIntervals", "active_time_intervals", "activeTimeIntervals")
    named = (route[key] for key in keys if isinstance(route.get(key), list))
    return [name for names in named for name in names[:100] if isinstance(name, str)]


class _Routes:
    """Reads the tree into plain data, within bounds, and remembers matchers it can't read."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.findings: list[Finding] = []
        self.count = 0

    def read(self, value: Any, depth: int) -> dict[str, Any]:
        route = value if isinstance(value, dict) else {}
        receiver = route.get("receiver")
        self.count += 1
        children = route.get("routes")
        return {
            "receiver": receiver if isinstance(receiver, str) else "",
            "matchers": self._matchers(route),
            "continue": route.get("continue") is True,
            "line": line_of(route) if route else self.line,
            "intervals": _intervals(route),
            "routes": self._children(children, depth) if isinstance(children, list) else [],
        }

    def _children(self, children: list[Any], depth: int) -> list[dict[str, Any]]:
        read = []
        for index, child in enumerate(children):
            if depth >= _DEPTH or self.count >= _MOST_ROUTES:
                self.findings.append(Finding(line_of(children, index), "route-limit", "too many or too deep routes"))
                break
            if isinstance(child, dict):
                read.append(self.read(child, depth + 1))
        return read

    def _matchers(self, route: dict[str, Any]) -> list[list[str]]:
        found: list[list[str]] = []
        for key, operator in (("match", "="), ("match_re", "=~")):
            pairs = route.get(key)
            for name, value in pairs.items() if isinstance(pairs, dict) else ():
                found.append([name, operator, alertmanager_matchers.text_of(value)])
        matchers = route.get("matchers")
        for item in matchers if isinstance(matchers, list) else [matchers] if isinstance(matchers, str) else ():
            try:
                found += alertmanager_matchers.parse(item)
            except ValueError as error:
                self.findings.append(Finding(line_of(route, "matchers"), "route-matcher", str(error)))
                found.append(["", "unreadable", ""])
        return found
