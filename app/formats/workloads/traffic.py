"""What a mesh or an ingress adds to an API: limits, timeouts, ejection of failing copies. One partial GatewayApi each.

Sources: Istio's DestinationRule and VirtualService, annotations of ingress-nginx, HAProxy's and Traefik's ingresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from app.formats.apis.model import GatewayApi
from app.formats.prometheus_place import texts
from app.formats.workloads.resource import Resource, is_known, readable
from app.formats.workloads.selectors import labels_of

_LIMITS = (
    *("nginx.ingress.kubernetes.io/limit-rps", "nginx.ingress.kubernetes.io/limit-rpm"),
    *("nginx.org/limit-req-rate", "haproxy.org/rate-limit-requests", "haproxy-ingress.github.io/limit-rps"),
)
_AUTHENTICATES = ("nginx.ingress.kubernetes.io/auth-url", "nginx.ingress.kubernetes.io/auth-type")
_TIMEOUTS = ("nginx.ingress.kubernetes.io/proxy-read-timeout", "nginx.ingress.kubernetes.io/proxy-connect-timeout")
_TOLD = ("limits", "authenticates", "timeouts", "circuit_breaker", "health_checks")


def gateways(resources: Iterable[Resource]) -> Iterator[tuple[str, GatewayApi]]:
    """(path, what is added) for every object that adds something."""
    for one in resources:
        if one.api == "networking.istio.io" and one.kind == "DestinationRule":
            policy = one.spec.get("trafficPolicy")
            policy = policy if isinstance(policy, dict) else {}
            ejects = _is_present(policy.get("outlierDetection"))
            yield one.path, replace(_gateway(one, "istio"), health_checks=ejects, circuit_breaker=ejects)
        elif one.api == "networking.istio.io" and one.kind == "VirtualService":
            routes = one.spec.get("http")
            listed = [route for route in routes if isinstance(route, dict)] if isinstance(routes, list) else []
            waits = any(route.get("timeout") for route in listed)
            yield one.path, replace(_gateway(one, "istio"), timeouts=waits)
        elif one.kind == "Ingress":
            annotations = texts(one.metadata.get("annotations"))
            limits, known, waits = (any(map(annotations.get, keys)) for keys in (_LIMITS, _AUTHENTICATES, _TIMEOUTS))
            if limits or known or waits:
                yield one.path, replace(_gateway(one, "ingress"), limits=limits, authenticates=known, timeouts=waits)


def _is_present(value: Any) -> bool:
    return isinstance(value, dict) and value.get("present") is True


def _gateway(one: Resource, format_: str) -> GatewayApi:
    return GatewayApi(
        line=one.line,
        ignored=one.ignored,
        format=format_,
        name=readable(one.name),
        partial=True,
        namespace=one.namespace,
        labels={key: value for key, value in labels_of(one.metadata.get("labels")).items() if is_known(value)},
        object_annotations=dict(list(texts(one.metadata.get("annotations")).items())[:50]),
        unknown=dict.fromkeys(_TOLD, one.missing) if one.missing else {},
    )
