"""Where an alert goes: Alertmanager's routing tree, walked as it walks it (`dispatch/route.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.formats.model import AlertmanagerConfig
from app.lib import patterns


def route_to(config: AlertmanagerConfig, labels: Mapping[str, str]) -> list[str]:
    """Names of the receivers an alert with these labels reaches, in order; empty when the tree doesn't take it.

    Depth first; the first matching child wins unless it says `continue`; no child: the node itself. A missing label is
    the empty text, as in Alertmanager. A matcher that can't be read matches nothing.
    """
    return list(dict.fromkeys(_walk(config.route, labels, "")))


def _walk(route: Mapping[str, Any], labels: Mapping[str, str], inherited: str) -> list[str]:
    if not all(_matches(matcher, labels) for matcher in route["matchers"]):
        return []
    receiver = route["receiver"] or inherited
    found: list[str] = []
    for child in route["routes"]:
        reached = _walk(child, labels, receiver)
        found += reached
        if reached and not child["continue"]:
            break
    return found or ([receiver] if receiver else [])


def _matches(matcher: list[str], labels: Mapping[str, str]) -> bool:
    name, operator, expected = matcher
    actual = labels.get(name, "")
    match operator:
        case "=":
            return actual == expected
        case "!=":
            return actual != expected
        case "=~":
            return patterns.full_match(expected, actual) is True
        case "!~":
            return patterns.full_match(expected, actual) is False
    return False
