"""A chart's templates with its values filled in, for each values file that stands for production."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.formats.stages import is_lesser, is_production
from app.formats.workloads import fragments
from app.formats.workloads.expressions import DROPPED, fill, holds
from app.formats.workloads.functions import UNSEEN
from app.formats.workloads.model import Chart, ChartValues, Manifest
from app.formats.workloads.resource import Resource, of_manifest

_MOST_RENDERINGS = 4
_DEEPEST = 20
_NEAR = 2
"""Folders between values and the folder around their chart: `env/prod/values.yaml`."""


def rendered(
    charts: Mapping[str, Chart], values: Mapping[str, ChartValues], manifests: Mapping[str, Sequence[Manifest]]
) -> list[Resource]:
    """Every manifest of a chart, and every other templated one: once for each production values file of the chart, or
    once with the defaults.

    `charts` by folder, `values` and `manifests` by file.
    """
    found: list[Resource] = []
    for folder, inside in _by_chart(charts, manifests).items():
        for environment, known in _roots(folder, charts, values):
            filled = (_filled(path, one, environment, known) for path, one in inside)
            copied = _copied(folder, charts)
            found += [replace(m, chart=folder, ignored=m.ignored or copied) for m in filled if m is not None]
    return found


def _by_chart(
    charts: Mapping[str, Chart], manifests: Mapping[str, Sequence[Manifest]]
) -> dict[str | None, list[tuple[str, Manifest]]]:
    """Manifests that are rendered, by the folder of the chart they belong to; None for those of no chart."""
    found: dict[str | None, list[tuple[str, Manifest]]] = {}
    for path, listed in manifests.items():
        templated = [(path, one) for one in listed if is_rendered(path, one, charts)]
        if templated:
            found.setdefault(_chart_of(path, charts), []).extend(templated)
    return found


def is_rendered(path: str, manifest: Manifest, charts: Mapping[str, Chart]) -> bool:
    """It holds a template, or goes along with a chart's templates as it is."""
    return manifest.templated or ("/templates/" in f"/{path}" and _chart_of(path, charts) is not None)


def _chart_of(path: str, charts: Mapping[str, Chart]) -> str | None:
    folder = posixpath.dirname(path)
    while folder not in charts:
        if not folder:
            return None
        folder = posixpath.dirname(folder)
    return folder


def _roots(
    folder: str | None, charts: Mapping[str, Chart], values: Mapping[str, ChartValues]
) -> Iterable[tuple[str, Any]]:
    """(environment, what templates see) for each rendering."""
    if folder is None or folder not in charts:
        yield "", UNSEEN  # a template that something else than Helm fills in
        return
    default = values.get(_inside(folder, "values.yaml")) or values.get(_inside(folder, "values.yml"))
    base: Any = default.values if default else UNSEEN
    parent, name = _parent(folder, charts)
    over = values.get(_inside(parent, "values.yaml")) if parent is not None else None
    if over is not None and isinstance(over.values.get(name), dict):
        base = merged(base if isinstance(base, dict) else {}, over.values[name])
    beside = _beside(folder, charts)
    files = [path for path in sorted(values) if _serves(path, folder, beside)][:_MOST_RENDERINGS]
    if not files:
        yield (f"{folder}/values.yaml".lstrip("/") if default else folder), _root(charts[folder], base)
    for path in files:
        yield path, _root(charts[folder], merged(base if isinstance(base, dict) else {}, values[path].values))


def _inside(folder: str | None, name: str) -> str:
    return posixpath.join(folder or "", name)


def _parent(folder: str, charts: Mapping[str, Chart]) -> tuple[str | None, str]:
    """The chart around a chart in its `charts/` folder, and the name by which it hands values down."""
    above = posixpath.dirname(folder)
    parent = posixpath.dirname(above)
    return (parent if posixpath.basename(above) == "charts" and parent in charts else None), charts[folder].name


def _copied(folder: str | None, charts: Mapping[str, Chart]) -> str:
    """Why a chart's objects don't count: the chart around it fetched it from elsewhere, and has it overwritten by the
    next `helm dependency update`."""
    if folder is None or folder not in charts:
        return ""
    parent, name = _parent(folder, charts)
    if parent is None:
        return ""
    pulled = charts[parent].pulled
    home = pulled.get(name) or pulled.get(posixpath.basename(folder))
    return f"is a copy of the chart {name}, which {_inside(parent, 'Chart.yaml')} takes from {home}" if home else ""


def _beside(folder: str, charts: Mapping[str, Chart]) -> str | None:
    """The folder around a chart that is alone in it: many keep its values for each stage there (`values-prod.yaml`)."""
    around = posixpath.dirname(folder)
    others = (other for other in charts if other != folder and not other.startswith(f"{folder}/"))
    if not folder or any(not around or other == around or other.startswith(f"{around}/") for other in others):
        return None
    return around


def _serves(path: str, folder: str, beside: str | None) -> bool:
    """A values file of this chart whose name or folder says production; `beside` as in `_beside`."""
    around = folder if not folder or path.startswith(f"{folder}/") else beside
    if around is None or (around and not path.startswith(f"{around}/")):
        return False
    inner = path[len(around) :]
    if around != folder and inner.strip("/").count("/") > _NEAR:
        return False
    return "/templates/" not in path and "/charts/" not in inner and is_production(inner) and not is_lesser(inner)


def _root(chart: Chart, values: Any) -> dict[str, Any]:
    return {
        "Values": values,
        "Chart": {"Name": chart.name, "Version": chart.version, "AppVersion": chart.app_version or None},
        "Release": {"Name": chart.name, "Namespace": UNSEEN, "IsUpgrade": False, "IsInstall": True},
        "Capabilities": UNSEEN,
    }


def _filled(path: str, manifest: Manifest, environment: str, root: Any) -> Resource | None:
    """The manifest with its values; None where a condition keeps it from existing."""
    exists = holds(manifest.guards, root)
    if exists is False:
        return None
    body = fill(manifest.content, root)
    if body is DROPPED or not isinstance(body, dict):
        return None
    missing = "" if exists else "whether it exists depends on values that are not known here"
    one = of_manifest(path, manifest)
    one = one if manifest.templated else fragments.told(one)
    return replace(one, body=body, environment=environment, missing=missing)


def merged(values: Mapping[str, Any], over: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Values as Helm merges them: mappings merge, null takes a key away, everything else is replaced."""
    made = dict(values)
    for key, value in over.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict) and depth < _DEEPEST:
            made[key] = merged(made[key], value, depth + 1)
        else:
            made[key] = value
    return made
