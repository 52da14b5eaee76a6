"""How a workload is replaced by its next version. Source: the defaults of apps/v1 and of Argo Rollouts."""

from __future__ import annotations

from typing import Any

from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.quantities import share
from app.formats.workloads.resource import Resource, is_known

_NAMES = {"RollingUpdate": "rolling", "Recreate": "recreate", "OnDelete": "on_delete"}


def strategy_of(one: Resource, replicas: int, unknown: dict[str, str]) -> dict[str, Any]:
    """`strategy`, `keeps_serving` and `analysis`."""
    if one.kind in ("Job", "CronJob"):
        return {"strategy": ""}
    value = one.spec.get("strategy" if one.kind in ("Deployment", "Rollout") else "updateStrategy")
    if value is not None and not is_known(value):
        unknown["strategy"] = unknown["keeps_serving"] = FILLED_IN
        return {"strategy": "rolling"}
    written = value if isinstance(value, dict) else {}
    if one.kind == "Rollout":
        return _rollout(written)
    kind = written.get("type", "RollingUpdate")
    if not is_known(kind):
        unknown["strategy"] = unknown["keeps_serving"] = FILLED_IN
    name = _NAMES.get(str(kind), "rolling")
    return {"strategy": name, "keeps_serving": _keeps(one, written, name, replicas, unknown)}


def _keeps(one: Resource, written: dict[str, Any], name: str, replicas: int, unknown: dict[str, str]) -> bool:
    """A rolling update takes at most `maxUnavailable` away, 25 % rounded down by default."""
    if name != "rolling":
        return name == "on_delete"
    rolling = written.get("rollingUpdate")
    value = rolling.get("maxUnavailable") if isinstance(rolling, dict) else None
    if value is not None and not is_known(value):
        unknown["keeps_serving"] = FILLED_IN
        return True
    if value is None:
        value = "25%" if one.kind == "Deployment" else 1
    if str(value).strip() == "100%":
        return False
    if one.kind == "DaemonSet":
        return True
    gone = share(value, max(replicas, 1), up=False)
    if one.kind == "StatefulSet" or "replicas_min" in unknown:
        return True
    return gone is None or gone < max(replicas, 1)


def _rollout(strategy: dict[str, Any]) -> dict[str, Any]:
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    if isinstance(blue_green, dict):
        analysed = any(blue_green.get(key) for key in ("prePromotionAnalysis", "postPromotionAnalysis"))
        return {"strategy": "blue_green", "keeps_serving": True, "analysis": analysed}
    steps = canary.get("steps") if isinstance(canary, dict) else None
    listed = [one for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []
    analysed = any("analysis" in one for one in listed) or bool(isinstance(canary, dict) and canary.get("analysis"))
    return {"strategy": "canary", "keeps_serving": True, "analysis": analysed}
