"""How many copies keep running: `spec.replicas`, or the minimum of the autoscaler that targets the workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.model import Container, Matched
from app.formats.workloads.quantities import whole
from app.formats.workloads.resource import Resource, is_known, readable
from app.formats.workloads.selectors import together

_REPLICATED = ("Deployment", "StatefulSet", "Rollout")
_DEFAULTS = {"HorizontalPodAutoscaler": (1, 0), "ScaledObject": (0, 100)}
"""Minimum and maximum where none is written (0: it must be). Source: the API's and KEDA's defaults."""
_KEYS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}


def replicas_of(
    one: Resource,
    containers: Sequence[Container],
    neighbours: Mapping[str, Sequence[Resource]],
    unknown: dict[str, str],
) -> dict[str, Any]:
    """`replicas_min`, `replicas_max`, `autoscaler` and what is wrong with it."""
    written = one.spec.get("replicas")
    count = 1 if written is None else whole(written)
    if one.kind not in _REPLICATED:
        return {"replicas_min": 0, "replicas_max": 0}
    autoscaler = _targeting(one, neighbours)
    if autoscaler is None:
        if count is None:
            unknown["replicas_min"] = unknown["replicas_max"] = FILLED_IN
        return {"replicas_min": count or 0, "replicas_max": count or 0}
    least, most = (
        _number(autoscaler, key, default)
        for key, default in zip(_KEYS[autoscaler.kind], _DEFAULTS[autoscaler.kind], strict=True)
    )
    if least is None or autoscaler.missing:
        unknown["replicas_min"] = autoscaler.missing or FILLED_IN
    if most is None or autoscaler.missing:
        unknown["replicas_max"] = unknown["autoscaler_problem"] = autoscaler.missing or FILLED_IN
    found = Matched(
        object_kind=autoscaler.kind,
        name=readable(autoscaler.name),
        path=autoscaler.path,
        line=autoscaler.line,
    )
    problem = _problem(autoscaler, least, most, containers, fixed=written is not None and is_known(written))
    return {
        "replicas_min": least or 0,
        "replicas_max": most or 0,
        "autoscaler": found,
        "autoscaler_problem": problem,
    }


def _targeting(one: Resource, neighbours: Mapping[str, Sequence[Resource]]) -> Resource | None:
    for kind in _KEYS:
        for autoscaler in neighbours.get(kind, ()):
            target = autoscaler.spec.get("scaleTargetRef")
            if not isinstance(target, dict) or not together(one, autoscaler):
                continue
            if target.get("name") == one.metadata.get("name") and target.get("kind", "Deployment") == one.kind:
                return autoscaler
    return None


def _number(autoscaler: Resource, key: str, default: int) -> int | None:
    value = autoscaler.spec.get(key)
    return default if value is None else whole(value)


def _problem(
    autoscaler: Resource, least: int | None, most: int | None, containers: Sequence[Container], *, fixed: bool
) -> str:
    """Why it does not do its work. Sources: kube-score's and Polaris' checks of the HorizontalPodAutoscaler."""
    if least is not None and most is not None and most <= least:
        return f"it can't scale: at least {least} and at most {most}"
    if _by_cpu(autoscaler) and any(
        not c.init and not c.cpu_request and "cpu_request" not in c.unknown for c in containers
    ):
        return "it scales by CPU, which a container does not request"
    if fixed and autoscaler.kind == "HorizontalPodAutoscaler":
        return "spec.replicas is set too, and resets the count with every deployment"
    return ""


def _by_cpu(autoscaler: Resource) -> bool:
    if autoscaler.spec.get("targetCPUUtilizationPercentage") is not None:
        return True
    metrics = autoscaler.spec.get("metrics")
    names = [one.get("resource") for one in metrics if isinstance(one, dict)] if isinstance(metrics, list) else []
    return any(isinstance(one, dict) and one.get("name") == "cpu" for one in names)
