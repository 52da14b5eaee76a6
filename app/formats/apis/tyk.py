"""Readers of Tyk's API definitions: the OpenAPI extension, classic JSON, and the operator's resources.

Sources: x-tyk-api-gateway.json of TykTechnologies/tyk (apidef/oas/schema), apidef.APIDefinition, tyk-operator's
ApiDefinition and SecurityPolicy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.formats.apis.model import GatewayApi, GatewayPolicy
from app.formats.model import Object, Parsed
from app.formats.prometheus_place import texts
from app.formats.slo_common import mapping, sequence, text
from app.lib.documents import Document, line_of

NAME = "tyk"
EXTENSION = "x-tyk-api-gateway"
_BY_KEY = "limits may stand in the keys and policies of the dashboard"
_LOCATIONS = {"header": "header", "url": "path", "url-param": "query"}
_OPERATOR = "tyk.tyk.io"


def recognises(document: Document) -> bool:
    value = document.value
    if not isinstance(value, dict):
        return False
    api = value.get("apiVersion")
    if isinstance(api, str) and api.startswith(f"{_OPERATOR}/"):
        return value.get("kind") in ("ApiDefinition", "SecurityPolicy")
    classic = isinstance(value.get("api_definition"), dict) or _is_classic(value)
    return classic and "kind" not in value


def _is_classic(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("proxy"), dict) and "listen_path" in value["proxy"] and "version_data" in value


def read(document: Document) -> Parsed:
    value = document.value
    if value.get("kind") == "SecurityPolicy":
        return Parsed((_policy(document),))
    if value.get("kind") == "ApiDefinition":
        return Parsed((_classic(document, mapping(value, "spec"), mapping(value, "metadata")),))
    inner = value.get("api_definition")
    return Parsed((_classic(document, inner if isinstance(inner, dict) else value, {}),))


def _origin(document: Document, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Where a definition stands: its own metadata, or that of the ConfigMap around it."""
    if not metadata and isinstance(document.within, dict):
        metadata = mapping(document.within, "metadata")
    return {
        "line": document.line,
        "namespace": text(metadata, "namespace"),
        "labels": texts(metadata.get("labels")),
        "object_annotations": texts(metadata.get("annotations")),
    }


def _rate(limit: Any) -> bool:
    """A limit of so many requests in such a time."""
    if not isinstance(limit, dict) or limit.get("enabled") is False:
        return False
    rate, per = limit.get("rate"), limit.get("per")
    return isinstance(rate, int | float) and rate > 0 and per not in (None, 0, "", "0s")


def read_extension(document: Document) -> tuple[Object, ...]:
    """What the gateway's part of an OpenAPI document says, if it has one."""
    gateway = document.value.get(EXTENSION)
    if not isinstance(gateway, dict):
        return ()
    info, server, upstream = (mapping(gateway, key) for key in ("info", "server", "upstream"))
    middleware = mapping(gateway, "middleware")
    operations = [one for one in mapping(middleware, "operations").values() if isinstance(one, dict)]
    authenticates = mapping(server, "authentication").get("enabled") is True
    skips = mapping(middleware, "global").get("skipRateLimit") is True
    limits = not skips and (_rate(upstream.get("rateLimit")) or any(_rate(one.get("rateLimit")) for one in operations))
    balanced = mapping(upstream, "loadBalancing")
    made = GatewayApi(
        **{**_origin(document, {}), "line": line_of(document.value, EXTENSION)},
        format="tyk-oas",
        name=text(info, "name") or text(mapping(document.value, "info"), "title"),
        listen_path=text(mapping(server, "listenPath"), "value"),
        active=mapping(info, "state").get("active") is not False,
        authenticates=authenticates,
        limits=limits,
        limits_by_key=authenticates and not skips,
        timeouts=_enabled(upstream, "enforceTimeout") or any(_enabled(one, "enforceTimeout") for one in operations),
        circuit_breaker=any(_enabled(one, "circuitBreaker") for one in operations),
        health_checks=_enabled(upstream, "uptimeTests") or balanced.get("skipUnavailableHosts") is True,
        versioning=_versioning(mapping(info, "versioning")),
        unknown={"limits": _BY_KEY} if authenticates and not limits and not skips else {},
    )
    return (made,)


def _enabled(holder: Mapping[str, Any], key: str) -> bool:
    return mapping(holder, key).get("enabled") is True


def _versioning(versioning: Mapping[str, Any]) -> tuple[str, ...]:
    style = _LOCATIONS.get(text(versioning, "location"), "")
    return (style,) if style and versioning.get("enabled") is True else ()


def _classic(document: Document, api: Mapping[str, Any], metadata: Mapping[str, Any]) -> GatewayApi:
    authenticates = api.get("use_keyless") is not True
    skips = api.get("disable_rate_limit") is True
    limits = not skips and _rate(api.get("global_rate_limit"))
    versions = mapping(mapping(api, "version_data"), "versions").values()
    extended = [mapping(one, "extended_paths") for one in versions if isinstance(one, dict)]
    proxy = mapping(api, "proxy")
    definition = mapping(api, "definition")
    versioned = mapping(api, "version_data").get("not_versioned") is False
    style = _LOCATIONS.get(text(definition, "location"), "") if versioned else ""
    return GatewayApi(
        **_origin(document, metadata),
        format="tyk-classic",
        name=text(metadata, "name") or text(api, "name"),
        listen_path=text(proxy, "listen_path"),
        active=api.get("active") is not False,
        authenticates=authenticates,
        limits=limits,
        limits_by_key=authenticates and not skips,
        timeouts=any(sequence(one, "hard_timeouts") for one in extended),
        circuit_breaker=any(sequence(one, "circuit_breakers") for one in extended),
        health_checks=bool(sequence(mapping(api, "uptime_tests"), "check_list"))
        or proxy.get("check_host_against_uptime_tests") is True,
        versioning=(style,) if style else (),
        unknown={"limits": _BY_KEY} if authenticates and not limits and not skips else {},
    )


def _policy(document: Document) -> GatewayPolicy:
    metadata, spec = mapping(document.value, "metadata"), mapping(document.value, "spec")
    rights = [one for one in sequence(spec, "access_rights_array") if isinstance(one, dict)]
    return GatewayPolicy(
        **_origin(document, metadata),
        name=text(metadata, "name") or text(spec, "name"),
        apis=tuple(text(one, "name") for one in rights if text(one, "name"))[:200],
        limits=_rate(spec) and spec.get("active") is not False,
    )
