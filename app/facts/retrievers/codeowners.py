"""Who must review changes to the entity's descriptor, alerts, objectives and runbooks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.model import Place, Reason, Unknown
from app.facts.seen import Item, Seen, unreadable_items
from app.facts.world import RepositoryView, World
from app.formats import code_owners, kinds
from app.formats.model import AlertRule, CodeOwners, Objective, Runbook

ANY_FILE = "README.md"
"""Stands for a repository's files where an entity has neither descriptor nor operational files."""
NAMES = {"alerts": "alerting rules", "slo": "objectives", "code": "any file here"}
ROLES = {AlertRule.kind: "alerts", Objective.kind: "slo", Runbook.kind: "runbook"}


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    places = world.unreadable(entity.ref, "codeowners")
    seen.found(places)
    seen.values["codeowners.unreadable"] = unreadable_items(places)
    view = world.repository(entity.repository) if entity.repository else None
    if view is None or isinstance(view, Unknown):
        why = view or Unknown(Reason.NOT_CONNECTED, "the entity's repository is not known")
        for name in ("present", "path", "paths", "problems", "problem_count"):
            seen.unseen(f"codeowners.{name}", why.reason, why.message)
        return seen
    _file(seen, view)
    seen.values["codeowners.paths"] = _paths(seen, entity, world)
    return seen


def _file(seen: Seen, view: RepositoryView) -> None:
    found = view.codeowners()
    for path in code_owners.PLACES:
        seen.looked_at(view.url, view.commit, path)
    file = found.object if found else None
    findings = file.findings if isinstance(file, CodeOwners) else ()
    path = found.path if found else ""
    seen.values["codeowners.present"] = found is not None
    seen.values["codeowners.path"] = path
    seen.values["codeowners.problem_count"] = len(findings)
    seen.values["codeowners.problems"] = [
        _at(view, path, finding.line) | {"code": finding.code, "message": finding.message} for finding in findings
    ]
    line = findings[0].line if findings else 1
    seen.evidence["codeowners.problem_count"] = seen.evidence["codeowners.present"] = Place(
        view.url, view.commit, path, line if found else 0
    )


def _paths(seen: Seen, entity: Entity, world: World) -> list[Item]:
    """One item a file, the first object's line for evidence; files in other repositories go by their own CODEOWNERS."""
    wanted: dict[tuple[str, str], str] = {}
    if entity.path:
        wanted[entity.repository, entity.path] = "descriptor"
    for kind, role in ROLES.items():
        for found in _counted(world.objects(entity.ref, kind)):
            wanted.setdefault((found.repository, found.path), role)
    if not wanted:
        wanted[entity.repository, ANY_FILE] = "code"
    items = []
    for (repository, path), role in wanted.items():
        view = world.repository(repository)
        if isinstance(view, Unknown):
            continue
        if role == "code" and not view.has(path):
            path = next((one for one in (".gitignore", "Dockerfile", "LICENSE") if view.has(one)), path)
        file = view.codeowners()
        seen.looked_at(repository, view.commit, file.path if file else code_owners.PLACES[0])
        owners = code_owners.owners_of(file.object, path) if file and isinstance(file.object, CodeOwners) else ()
        items.append(
            _at(view, path, 1)
            | {
                "name": NAMES.get(role, role),
                "role": role,
                "covered": bool(owners),
                "owners": list(owners),
                "ignored": "",
            }
        )
    return items


def _counted(things: Iterable[Found]) -> Iterable[Found]:
    for found in things:
        if isinstance(found.object, Runbook) and kinds.runbook_kind(found.path, found.object) == "document":
            continue
        if not found.ignored:
            yield found


def _at(view: RepositoryView, path: str, line: int) -> Item:
    return {"repository": view.url, "commit": view.commit, "path": path, "line": line}
