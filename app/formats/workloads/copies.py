"""One thing deployed is one item: a workload written as chart, overlay, plain manifest and release file counts once.

Two of a kind and name are the same thing where their namespaces don't differ, they share a container or an image, and
their places say the same once folders that name a way of deploying (`k8s/`, `helm-chart/templates/`, `kustomize/base/`,
`releases/`) or a stage are left out: `services/a/k8s` and `services/b/helm` stay two things, as do two charts and two
plain files side by side. Judged is what is for production, then an overlay before a chart before a plain manifest, and
a release file (of several the latest) only where nothing else is written; the others are shown with that reason.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.formats.stages import is_lesser, is_production, neutral, words
from app.formats.workloads.model import Workload
from app.formats.workloads.resource import Resource

Made = tuple[Resource, Workload]
_RELEASED = frozenset(
    ("release", "releases", "released", "dist", "bundle", "bundles", "install", "installer", "output")
)
_RELEASED |= frozenset(("generated", "rendered"))
_WAYS = _RELEASED | frozenset(
    (
        *("k8s", "kubernetes", "kube", "manifest", "manifests", "deploy", "deployment", "deployments", "resources"),
        *("helm", "chart", "charts", "template", "templates", "kustomize", "kustomization", "base", "bases"),
        *("overlay", "overlays", "config", "configs", "yaml", "yamls", "static", "argocd", "argo", "flux", "gitops"),
        *("manager", "default"),  # where kubebuilder keeps what runs an operator
    )
)
"""Words of folders that name how something is deployed, not what."""
_VERSION = re.compile(r"v\d[\w.]*|\d+\.\d[\w.-]*")
_NUMBER = re.compile(r"(\d+)")


def told(made: Sequence[Made]) -> list[Made]:
    """The same workloads; each that is another form of one that is judged says so in `ignored`."""
    groups: dict[tuple[str, str, str], list[Made]] = defaultdict(list)
    for one in made:
        if not one[1].ignored and "…" not in one[1].name:
            groups[one[1].object_kind, one[1].name, _home(one[0])].append(one)
    instead: dict[int, str] = {}
    for group in groups.values():
        for same in _by_namespace(group):
            instead |= _copies(same)
    return [
        (resource, replace(one, ignored=_because(instead[id(one)])) if id(one) in instead else one)
        for resource, one in made
    ]


def _because(path: str) -> str:
    return f"is another form of the same workload; {path} is judged"


def _home(one: Resource) -> str:
    """The folder of what a resource belongs to: its own, without what only says how or for which stage it is deployed;
    of a chart the folder around it."""
    folder = one.path.rpartition("/")[0] if one.chart is None else one.chart.rpartition("/")[0]
    return "/".join(part for part in neutral(folder).split("/") if part and part != "*" and not is_way(part))


def is_way(folder: str) -> bool:
    """Whether a folder says only how something is deployed (`helm-chart`), or in which version."""
    return _WAYS.issuperset(words(folder)) or _VERSION.fullmatch(folder) is not None


def _by_namespace(group: list[Made]) -> Iterable[list[Made]]:
    """Those that may be the same thing: one that names no namespace goes along where the others agree on one."""
    named = {one.namespace for _, one in group if one.namespace}
    if len(named) < 2:
        return [group]
    return [[one for one in group if one[1].namespace == name] for name in ("", *sorted(named))]


def _copies(group: list[Made]) -> dict[int, str]:
    """Identity of each workload that another one stands for → the path of that one."""
    charts = {resource.chart for resource, _ in group} - {None}
    if len(charts) > 1:
        group = [one for one in group if one[0].chart is None]
    if len({resource.path for resource, _ in group}) < 2:
        return {}
    best = min(_rank(resource) for resource, _ in group)
    leading = sorted((one for one in group if _rank(one[0]) == best), key=lambda one: _natural(one[0].path))
    chosen = leading[-1 if _is_released(leading[0][0].path) else 0]
    return {id(one): chosen[0].path for resource, one in group if _is_copy(resource, one, chosen)}


def _rank(one: Resource) -> tuple[bool, bool, bool, int]:
    """The lower, the likelier it is what runs, and what people edit."""
    place = f"{one.environment}/{one.path}"
    form = 1 if one.chart is not None else 0 if one.environment else 2
    return not is_production(place), is_lesser(place), _is_released(one.path), form


def _is_released(path: str) -> bool:
    """A file that is made for a release: by its folder, or by its own name (`install.yaml`)."""
    return not _RELEASED.isdisjoint(words(path))


def _natural(path: str) -> list[tuple[int, str]]:
    """Sorts `1.9` before `1.10`."""
    return [(int(part) if part.isdigit() else 0, part) for part in _NUMBER.split(path)]


def _is_copy(resource: Resource, one: Workload, chosen: Made) -> bool:
    """Renderings of one file stay together; so do plain files side by side, which are for different clusters."""
    if resource.path == chosen[0].path or not _alike(one, chosen[1]):
        return False
    beside = resource.path.rpartition("/")[0] == chosen[0].path.rpartition("/")[0]
    return not beside or _rank(resource) != _rank(chosen[0]) or _is_released(resource.path)


def _alike(one: Workload, other: Workload) -> bool:
    """They share a container's name or an image, as far as their containers are known."""
    if not one.containers or not other.containers:
        return True
    return not _signs(one).isdisjoint(_signs(other))


def _signs(one: Workload) -> set[str]:
    images = (container.image.partition("@")[0].rpartition("/")[2].partition(":")[0] for container in one.containers)
    return {f"image {image}" for image in images if image} | {f"name {c.name}" for c in one.containers}
