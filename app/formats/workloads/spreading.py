"""Whether the copies of a workload are kept apart: over zones, over nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.formats.workloads.containers import FILLED_IN
from app.formats.workloads.marking import OPEN
from app.formats.workloads.resource import is_known
from app.formats.workloads.selectors import Labels, selects

_ZONES = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_NODES = ("kubernetes.io/hostname",)
_ANTI_AFFINITY = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def spread_of(pod: Mapping[str, Any], labels: Labels, selector: Labels, unknown: dict[str, str]) -> dict[str, Any]:
    """`spread_zone`, `spread_node`, and why a rule that is there keeps nothing apart."""
    zone = node = False
    problem = ""
    for key, picks in _terms(pod):
        if not is_known(key):
            unknown.update(spread_zone=FILLED_IN, spread_node=FILLED_IN)
        elif picks is None:
            problem = problem or "a rule without a label selector counts no pods"
        elif not selects(picks, labels, selector):
            problem = problem or "a rule's label selector does not match the pods"
        else:
            zone, node = zone or key in _ZONES, node or key in _NODES
    if _hidden(pod) and not (zone and node):
        unknown.update(spread_zone=FILLED_IN, spread_node=FILLED_IN)
    return {"spread_zone": zone, "spread_node": node or zone, "spread_problem": problem}


def _terms(pod: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(topology key, label selector) of each constraint and anti-affinity term."""
    for one in _listed(pod.get("topologySpreadConstraints")):
        yield str(one.get("topologyKey", "")), one.get("labelSelector")
    affinity = pod.get("affinity")
    rules = affinity.get("podAntiAffinity") if isinstance(affinity, dict) else None
    for key in _ANTI_AFFINITY:
        for one in _listed(rules.get(key) if isinstance(rules, dict) else None):
            term = one.get("podAffinityTerm", one)
            if isinstance(term, dict):
                yield str(term.get("topologyKey", "")), term.get("labelSelector")


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _hidden(pod: Mapping[str, Any]) -> bool:
    """Whether a template writes the rules."""
    affinity = pod.get("affinity")
    rules = affinity.get("podAntiAffinity") if isinstance(affinity, dict) else affinity
    return any(isinstance(one, str) and OPEN in one for one in (pod.get("topologySpreadConstraints"), affinity, rules))
