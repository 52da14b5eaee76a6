"""What stands for a repository whose descriptors name no entity: a component that says that it is made up."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass

from app.catalog.model import Entity, EntityRef


@dataclass(frozen=True, slots=True)
class Holds:
    """What was found in a repository without descriptors, besides its files' names; how many pages are runbooks."""

    alerts: bool = False
    """Alerting rules or objectives."""
    runbooks: int = 0
    workloads: bool = False


def provisional_entity(repository: str, paths: frozenset[str], holds: Holds = Holds()) -> Entity:
    """The component that stands for a repository whose descriptors name no entity. It says so (`provisional`).

    Its type is a guess, to be corrected by writing a descriptor: somebody runs what has alerts, objectives, runbooks or
    workloads, however it is built; but a collection of runbooks, or of Terraform, serves others and is no service.
    """
    type_, about, runs_on = _guess(paths, holds)
    bare = repository.rstrip("/").rsplit("/", 1)[-1]
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", bare).strip("-._")[:63].strip("-._") or "repository"
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": name,
            "description": f"Made up by Roadworthy: no descriptor here names an entity.{about}",
            **({"annotations": {"roadworthy.dev/runs-on": runs_on}} if runs_on else {}),
        },
        "spec": {"type": type_, "lifecycle": "production"},
    }
    return Entity(
        ref=EntityRef("component", "default", name.lower()),
        kind="Component",
        name=name,
        namespace="default",
        document=document,
        repository=repository,
        provisional=True,
    )


_DEPLOYED = frozenset(
    ("dockerfile", "containerfile", "procfile", "chart.yaml", "kustomization.yaml", "skaffold.yaml", "app.yaml")
)
_PACKAGED = frozenset(
    ("setup.py", "pyproject.toml", "package.json", "cargo.toml", "go.mod", "pom.xml", "gemfile", "build.gradle")
)
_BESIDE = frozenset(("test", "tests", "examples", "docs"))
"""Folders whose own builds say nothing of what the repository is for."""
_COLLECTION = 5
"""Runbooks that make a collection: a service has fewer, and other files beside them."""
_SHARED_RUNBOOKS = (
    " It holds runbooks and little else: name it under evidence_repositories with provides: [runbooks], and they"
    " count where alerts link them."
)
_ESTATE = (
    " It holds Terraform and little else: declare a Resource for each database and cluster in it, and the scorecards of"
    " databases and clusters judge them."
)


def _guess(paths: frozenset[str], holds: Holds) -> tuple[str, str, str]:
    """(type, what to do about it, where it runs) of what no descriptor names."""
    lowered = [path.lower() for path in paths]
    names = {posixpath.basename(path) for path in lowered if _BESIDE.isdisjoint(path.split("/")[:-1])}
    endings = Counter(posixpath.splitext(path)[1] for path in lowered)
    runs = holds.alerts or holds.workloads
    built = not names.isdisjoint(_DEPLOYED | _PACKAGED)
    terraform = endings[".tf"] + endings[".tfvars"]
    if terraform * 2 > len(paths) - endings[".md"] and not runs and not holds.runbooks:
        return "infrastructure", _ESTATE, ""
    if holds.runbooks >= _COLLECTION and holds.runbooks * 2 > len(paths) and not runs:
        return "documentation", _SHARED_RUNBOOKS, ""
    if holds.alerts and not holds.workloads and not built:
        return "service", "", "elsewhere"
    if runs or holds.runbooks or not names.isdisjoint(_DEPLOYED) or names.isdisjoint(_PACKAGED):
        return "service", "", ""
    return "library", "", ""
