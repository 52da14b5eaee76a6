"""All Terraform of one snapshot put together: folders as they are applied, and what their resources declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from app.formats.infrastructure import Cluster, Database
from app.formats.model import Object, Part, Unreadable
from app.formats.stages import is_lesser, is_production, neutral
from app.formats.terraform import alarms, clusters, databases
from app.formats.terraform.files import GROUPS
from app.formats.terraform.folders import Applied, Folders
from app.formats.terraform.model import TerraformFile

Told = tuple[list[tuple[str, Object]], list[tuple[str, Unreadable]]]


def assemble(parts: Iterable[tuple[str, Part]], ignored: Callable[[str], str]) -> Told:
    """(path, object) of every resource that is judged, and (path, what is there too) of those that were left out.

    `ignored`: why nothing under a path counts, or "".
    """
    files = {path: part for path, part in parts if isinstance(part, TerraformFile)}
    resources: dict[str, list[Applied]] = {}
    folders = Folders(files)
    for one in folders.applied():
        resources.setdefault(one.kind, []).append(one)
    found: list[tuple[str, Object]] = [
        *databases.databases(resources),
        *alarms.alarms(resources),
        *clusters.clusters(resources),
        *clusters.backups(resources),
    ]
    objects = [(path, _placed(path, one, ignored)) for path, one in _staged(found)]
    unreadable = dict.fromkeys(
        (path, Unreadable(GROUPS[kind], line, why)) for path, line, kind, why in folders.left_out
    )
    return objects, list(unreadable)


def _placed(path: str, one: Object, ignored: Callable[[str], str]) -> Object:
    environment = _environment(one)
    reason = ignored(path) or (ignored(f"{environment}/_") if environment else "")
    return one if one.ignored or not reason else replace(one, ignored=reason)


def _staged(found: list[tuple[str, Object]]) -> Iterable[tuple[str, Object]]:
    """What a folder for a lesser stage makes of a module does not count beside what production makes of it."""
    serving = {_same(path, one) for path, one in found if is_production(_environment(one))}
    for path, one in found:
        if is_lesser(_environment(one)) and _same(path, one) in serving:
            yield path, replace(one, ignored=one.ignored or "is for another stage; production's is judged")
        else:
            yield path, one


def _environment(one: Object) -> str:
    return one.environment if isinstance(one, Database | Cluster) else ""


def _same(path: str, one: Object) -> tuple[object, ...]:
    """One address in folders that differ in the stage alone."""
    address = one.address if isinstance(one, Database | Cluster) else f"{path}:{one.line}"
    return one.kind, address, neutral(_environment(one))
