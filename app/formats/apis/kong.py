"""Reader of Kong's declarative files (decK, `_format_version` 1.1 and 3.0): one GatewayApi for each service.

Consumers and their credentials are never looked at. Source: Kong's declarative configuration and plugin references;
60,000 ms is the default of every timeout, five the default of retries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.formats.apis.model import GatewayApi
from app.formats.model import Parsed
from app.formats.slo_common import mapping, sequence, text
from app.lib.documents import Document, line_of

NAME = "kong"
_AUTHENTICATES = frozenset(
    (
        *(
            "key-auth",
            "basic-auth",
            "jwt",
            "oauth2",
            "hmac-auth",
            "ldap-auth",
            "ldap-auth-advanced",
            "mtls-auth",
            "acl",
        ),
        *("openid-connect", "oauth2-introspection", "key-auth-enc", "vault-auth", "jwt-signer", "opa", "saml"),
    )
)
_LIMITS = frozenset(
    ("rate-limiting", "rate-limiting-advanced", "response-ratelimiting", "graphql-rate-limiting-advanced")
)
_WINDOWS = ("second", "minute", "hour", "day", "month", "year", "limit", "limits")
_TIMEOUTS = ("connect_timeout", "read_timeout", "write_timeout")
_DEFAULT_TIMEOUT = 60_000
_MOST_SERVICES = 500


def recognises(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and "_format_version" in value and "kind" not in value


def read(document: Document) -> Parsed:
    value = document.value
    shared = _plugins(value)
    checked = {text(one, "name") for one in sequence(value, "upstreams") if _checks_health(one)}
    services = sequence(value, "services")
    made = []
    for index, service in enumerate(services[:_MOST_SERVICES]):
        if isinstance(service, dict):
            made.append(_service(service, line_of(services, index), value, shared, checked))
    return Parsed(tuple(made))


def _service(
    service: Mapping[str, Any], line: int, root: Mapping[str, Any], shared: list[Mapping[str, Any]], checked: set[str]
) -> GatewayApi:
    name = text(service, "name")
    routes = [*sequence(service, "routes"), *(r for r in sequence(root, "routes") if _names(r, "service", service))]
    own = [*_plugins(service), *(p for p in shared if _names(p, "service", service) and not p.get("route"))]
    everywhere = [plugin for plugin in shared if not plugin.get("service") and not plugin.get("route")]
    by_route = [
        [*_plugins(route), *(plugin for plugin in shared if _names(plugin, "route", route))]
        for route in routes
        if isinstance(route, dict)
    ]
    paths = [str(path) for route in routes for path in sequence(route, "paths")]
    return GatewayApi(
        line=line,
        format="kong",
        name=name,
        listen_path=paths[0][:200] if paths else "",
        active=service.get("enabled") is not False,
        authenticates=_covers(_authenticates, [*everywhere, *own], by_route),
        limits=_covers(_limits, [*everywhere, *own], by_route),
        timeouts=any(_is_set(service, key) for key in _TIMEOUTS),
        circuit_breaker=text(service, "host") in checked,
        health_checks=text(service, "host") in checked,
        versioning=(),
        labels={str(tag).partition(":")[0]: str(tag).partition(":")[2] for tag in sequence(service, "tags")[:50]},
        object_annotations={},
        unknown={},
    )


def _names(thing: Any, key: str, target: Mapping[str, Any]) -> bool:
    """Whether a top-level route or plugin is tied to a service or route: by name or id, or `{name: …}`, `{id: …}`."""
    held = thing.get(key) if isinstance(thing, dict) else None
    said = {text(held, "name"), text(held, "id")} if isinstance(held, dict) else {text(thing, key)}
    return not said.isdisjoint({text(target, "name"), text(target, "id")} - {""})


def _plugins(holder: Any) -> list[Mapping[str, Any]]:
    """Plugins that are on for whoever calls; what holds for one consumer or a group protects from nobody else."""
    listed = [one for one in sequence(holder, "plugins") if isinstance(one, dict) and one.get("enabled") is not False]
    return [one for one in listed if not one.get("consumer") and not one.get("consumer_group")]


def _covers(test: Any, general: Iterable[Mapping[str, Any]], by_route: list[list[Mapping[str, Any]]]) -> bool:
    """A plugin for all of the service, or one on each of its routes."""
    if any(map(test, general)):
        return True
    return bool(by_route) and all(any(map(test, plugins)) for plugins in by_route)


def _authenticates(plugin: Mapping[str, Any]) -> bool:
    anonymous = mapping(plugin, "config").get("anonymous")
    return text(plugin, "name") in _AUTHENTICATES and not anonymous


def _limits(plugin: Mapping[str, Any]) -> bool:
    config = mapping(plugin, "config")
    return text(plugin, "name") in _LIMITS and any(config.get(window) for window in _WINDOWS)


def _is_set(service: Mapping[str, Any], key: str) -> bool:
    value = service.get(key)
    return isinstance(value, int) and 0 < value != _DEFAULT_TIMEOUT


def _checks_health(upstream: Any) -> bool:
    """Active probes run at an interval above 0; passive ones count failures above 0."""
    checks = mapping(upstream, "healthchecks")
    active, passive = mapping(checks, "active"), mapping(checks, "passive")
    intervals = [mapping(active, state).get("interval") for state in ("healthy", "unhealthy")]
    return any(_positive(intervals)) or any(_positive(mapping(passive, "unhealthy").values()))


def _positive(values: Iterable[Any]) -> Iterator[bool]:
    return (isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values)
