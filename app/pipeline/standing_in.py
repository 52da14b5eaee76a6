"""What an object that is handed in replaces: the one of the same kind, namespace and name, as `kubectl apply` would.

What guards the present one from beside it (a disruption budget, an autoscaler, a monitor) guards the new one too,
unless it comes with its own. Pure; called where what does not exist yet is judged beside what does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.facts.inventory import Found
from app.formats.infrastructure import Cluster, Database
from app.formats.model import Object
from app.formats.workloads.model import Workload

Name = tuple[str, str, str, str]


def standing_in(present: Sequence[Found], handed: Sequence[Found]) -> list[Found]:
    """Those present that nothing replaces, and those handed in with what stays beside them."""
    replaced = {id(one): new for one in present for new in handed if _same(one.object, new.object)}
    kept = [one for one in present if id(one) not in replaced]
    before = {id(new): one for one in present if (new := replaced.get(id(one))) is not None}
    return [*kept, *(_guarded(one, before[id(one)]) if id(one) in before else one for one in handed)]


def _same(one: Object, other: Object) -> bool:
    """The same object; a namespace that is not told there is any."""
    first, second = _name(one), _name(other)
    if first is None or second is None:
        return False
    spaces = {first[2], second[2]} - {""}
    return len(spaces) < 2 and (first[:2], first[3]) == (second[:2], second[3])


def _name(one: Object) -> Name | None:
    if isinstance(one, Workload):
        return one.kind, one.object_kind, one.namespace, one.name
    if isinstance(one, Database):
        return one.kind, one.format, one.namespace, one.name
    if isinstance(one, Cluster):
        return one.kind, one.format, "", one.name
    return None


def _guarded(new: Found, old: Found) -> Found:
    thing, was = new.object, old.object
    if not (isinstance(thing, Workload) and isinstance(was, Workload)):
        return new
    if thing.autoscaler is None and was.autoscaler is not None:
        thing = replace(
            thing,
            autoscaler=was.autoscaler,
            autoscaler_problem=was.autoscaler_problem,
            replicas_min=was.replicas_min,
            replicas_max=was.replicas_max,
        )
    if thing.budget is None and was.budget is not None:
        thing = replace(thing, budget=was.budget, budget_state=was.budget_state, budget_text=was.budget_text)
    if thing.monitor is None and was.monitor is not None:
        thing = replace(thing, monitor=was.monitor, metrics_way=was.metrics_way, metrics_by=was.metrics_by)
    return replace(new, object=thing)
