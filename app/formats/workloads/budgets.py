"""The PodDisruptionBudget of a workload: whether it keeps pods from leaving at once, and still lets a node drain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.model import Matched
from app.formats.workloads.quantities import share
from app.formats.workloads.resource import Resource, is_known, readable
from app.formats.workloads.selectors import Labels, selects, together


def budget_of(
    one: Resource,
    labels: Labels,
    selector: Labels,
    replicas: int,
    neighbours: Mapping[str, Sequence[Resource]],
    unknown: dict[str, str],
) -> dict[str, Any]:
    """`budget`, `budget_state` and `budget_text`. Of several budgets the first that does not protect is told."""
    found = [
        budget
        for budget in neighbours.get("PodDisruptionBudget", ())
        if together(one, budget) and selects(budget.spec.get("selector"), labels, selector)
    ]
    if not found:
        return {}
    told = [(budget, *_state(budget, None if "replicas_min" in unknown else replicas)) for budget in found]
    budget, state, text = next((one for one in told if one[1] != "protects"), told[0])
    if not state or budget.missing:
        unknown["budget_state"] = budget.missing or FILLED_IN
    place = Matched(object_kind=budget.kind, name=readable(budget.name), path=budget.path, line=budget.line)
    return {"budget": place, "budget_state": state or "protects", "budget_text": text}


def _state(budget: Resource, replicas: int | None) -> tuple[str, str]:
    """(protects, blocks, idle or "" where it can't be told; what is written). Neither key given means one must stay.

    Source: the disruption controller's rounding (percentages round up).
    """
    for key in ("maxUnavailable", "minAvailable"):
        value = budget.spec.get(key)
        if value is None:
            continue
        text = f"{key}: {readable(str(value))}"
        return (_verdict(key, value, replicas) if is_known(value) else ""), text
    return ("" if replicas is None else _verdict("minAvailable", 1, replicas)), "neither bound is set"


def _verdict(key: str, value: Any, replicas: int | None) -> str:
    bare = str(value).strip()
    if bare in ("0", "0%"):
        return "blocks" if key == "maxUnavailable" else "idle"
    if bare == "100%":
        return "idle" if key == "maxUnavailable" else "blocks"
    if replicas is None:
        return "protects" if key == "maxUnavailable" else ""
    count = share(value, replicas, up=True)
    if count is None:
        return ""
    leave = count if key == "maxUnavailable" else replicas - count
    return "blocks" if leave <= 0 else "idle" if leave >= max(replicas, 1) else "protects"
