"""Everything found in one repository, whoever it belongs to, as the JSON of `roadworthy facts`.

The keys are public. Objects of vendored trees, test data and skeletons are listed too, each with its reason. No value
is null: a field of an item that could not be seen is left out, and `unknown` beside it says why (`{field: reason}`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.alert_items import own_place
from app.facts.inventory import Found, Inventory
from app.facts.model import FactSet
from app.facts.retrievers import TABLE
from app.facts.seen import Item, unreadable_items
from app.facts.unseen import UnreadablePlace
from app.facts.world import MemoryWorld
from app.formats.model import AlertRule, Objective
from app.lib.problems import Problem
from app.lib.times import format_instant

GROUPS = ("alerting", "slo", "error_budget", "runbooks", "codeowners", "workloads", "database", "cluster")
_WHOLE = EntityRef("component", "default", "repository")


def repository_facts(inventory: Inventory) -> dict[str, Any]:
    """`{repository, entities, problems, facts}`, JSON-ready."""
    return {
        "repository": {"url": inventory.url, "commit": inventory.commit, "branch": inventory.branch},
        "entities": [_entity(entity) for entity in inventory.entities if not entity.provisional],
        "problems": [_problem(problem) for problem in sorted(set(_problems(inventory)))],
        "facts": _facts(inventory),
    }


def facts_json(fact_sets: Iterable[FactSet]) -> dict[str, dict[str, Any]]:
    """Fact sets as JSON by group: values, and under `unknown` what could not be seen and why."""
    groups: dict[str, dict[str, Any]] = {}
    for fact_set in fact_sets:
        group = groups.setdefault(fact_set.retriever, {})
        for name, value in fact_set.values.items():
            group[name.removeprefix(f"{fact_set.retriever}.")] = json_ready(value)
        if fact_set.unknown:
            group["unknown"] = {
                name.removeprefix(f"{fact_set.retriever}."): {"reason": str(why.reason), "message": why.message}
                for name, why in fact_set.unknown.items()
            }
    return groups


def json_ready(value: Any) -> Any:
    """Instants as ISO 8601 text; everything else as it is."""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, Mapping):
        return {key: json_ready(part) for key, part in value.items()}
    return [json_ready(part) for part in value] if isinstance(value, list | tuple) else value


def _facts(inventory: Inventory) -> dict[str, dict[str, Any]]:
    def everyones(_: Found | UnreadablePlace) -> tuple[EntityRef, ...]:
        return (_WHOLE,)

    world = MemoryWorld([inventory], Catalog.of(()), everyones)
    # Nothing collected from files depends on the time; only judging does.
    now = datetime.fromtimestamp(0, UTC)
    whole = _at(inventory)
    facts = facts_json(TABLE[group](whole, world, now).fact_set(group, 0, now) for group in GROUPS)
    facts["alerting"]["rules"] = [
        _where_it_stands(item) for item in facts["alerting"]["rules"] if not item["generated"]
    ]
    facts["catalog"] = {"unreadable": unreadable_items(p for p in inventory.unreadable if p.group == "catalog")}
    return facts


def _where_it_stands(rule: Item) -> Item:
    """The rule with its own place: here it is asked what each file says, and not what is to be mended."""
    path, line = own_place(rule)
    return {name: value for name, value in rule.items() if not name.startswith("output_")} | {
        "path": path,
        "line": line,
    }


def _at(inventory: Inventory) -> Entity:
    """A stand-in that everything in the repository belongs to."""
    return Entity(
        ref=_WHOLE,
        kind="Component",
        name=_WHOLE.name,
        namespace=_WHOLE.namespace,
        document={},
        repository=inventory.url,
        provisional=True,
    )


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "ref": str(entity.ref),
        "path": entity.path,
        "line": entity.line,
        "valid": entity.valid,
        "ignored": entity.ignored,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "line": problem.line, "code": problem.code, "message": problem.message}


def _problems(inventory: Inventory) -> Iterable[Problem]:
    """Those of files and descriptors, and those that a reader left on the rule or objective itself."""
    yield from inventory.problems
    for entity in inventory.entities:
        yield from entity.problems
    for found in inventory.found:
        if isinstance(found.object, AlertRule | Objective):
            for finding in found.object.findings:
                yield Problem(found.path, finding.line, finding.code, finding.message)
