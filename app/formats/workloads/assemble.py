"""All manifests of one snapshot put together: charts rendered, overlays built, the stage that counts chosen."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from app.formats.model import Part, Unreadable
from app.formats.workloads import environments, fragments, rendering, variants
from app.formats.workloads.build import build
from app.formats.workloads.kustomize import NAMES, Overlays
from app.formats.workloads.model import (
    Chart,
    ChartValues,
    ImageSetter,
    JsonPatch,
    Kustomization,
    Manifest,
    Workload,
)
from app.formats.workloads.resource import Resource, of_manifest
from app.formats.workloads.tagging import NO_SETTERS, Setters, setters, tagged

P = TypeVar("P", bound=Part)
_GENERATED = "is generated, says its file; what it is made of is judged"
Parts = Iterable[tuple[str, Part]]
"""(path, piece) of everything in a snapshot."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """Resources as they would be applied, and what stands in the way of knowing more: (path, place)."""

    resources: tuple[Resource, ...]
    unreadable: tuple[tuple[str, Unreadable], ...] = ()
    setters: Setters = NO_SETTERS


def workloads(assembled: Assembled) -> list[tuple[str, Workload]]:
    """(path, workload) of everything that runs."""
    return [(resource.path, tagged(made, assembled.setters)) for resource, made in build(assembled.resources)]


def assemble(parts: Parts, ignored: Callable[[str], str]) -> Assembled:
    """Every Kubernetes object of a snapshot. `ignored` says why nothing under a path counts, or "" when it does."""
    listed = [(path, part) for path, part in parts]
    manifests = _by_file(listed, Manifest)
    kustomizations = {
        posixpath.dirname(path): one for path, one in _of(listed, Kustomization) if posixpath.basename(path) in NAMES
    }
    overlays = Overlays(kustomizations, manifests, _by_file(listed, JsonPatch))
    built, unreadable = _built(overlays)
    charts = {posixpath.dirname(p): one for p, one in _of(listed, Chart) if posixpath.basename(p) == "Chart.yaml"}
    rendered = rendering.rendered(charts, dict(_of(listed, ChartValues)), manifests)
    taken = overlays.files()
    plain = [
        (fragments.told(of_manifest(path, one)), one.generated)
        for path, held in manifests.items()
        if path not in taken
        for one in held
        if not rendering.is_rendered(path, one, charts)
    ]
    written = [one for one, generated in plain if not generated]
    made = _made([one for one, generated in plain if generated], [*written, *built, *rendered])
    resources = variants.told(environments.chosen([*written, *made, *built, *rendered]))
    known = setters(_of(listed, ImageSetter), resources, _of(listed, Kustomization))
    return Assembled(tuple(_placed(one, ignored) for one in resources), tuple(unreadable), known)


def _of(parts: Iterable[tuple[str, Part]], cls: type[P]) -> list[tuple[str, P]]:
    return [(path, part) for path, part in parts if isinstance(part, cls)]


def _by_file(parts: Iterable[tuple[str, Part]], cls: type[P]) -> dict[str, Sequence[P]]:
    found: dict[str, list[P]] = {}
    for path, part in _of(parts, cls):
        found.setdefault(path, []).append(part)
    return {path: tuple(held) for path, held in found.items()}


def _built(overlays: Overlays) -> tuple[list[Resource], list[tuple[str, Unreadable]]]:
    """What each overlay that people apply comes to. Those that only take each other in are told as unreadable."""
    found: list[Resource] = []
    unreadable = []
    for folder in overlays.roots():
        found += [replace(one, environment=folder or ".", bundled=False) for one in overlays.build(folder)]
        unreadable += [_place(overlays, folder, reason) for reason in overlays.told(folder)]
    for folder, one in overlays.kustomizations.items():
        if folder not in overlays.built and not one.component:
            unreadable.append(_place(overlays, folder, "it takes itself in"))
    return found, unreadable


def _place(overlays: Overlays, folder: str, reason: str) -> tuple[str, Unreadable]:
    return posixpath.join(folder, NAMES[0]), Unreadable("workloads", overlays.kustomizations[folder].line, reason)


def _made(generated: Iterable[Resource], others: Iterable[Resource]) -> list[Resource]:
    """Generated objects; where what they are made of is here too, that is judged instead: it is what people edit."""
    sources = {(one.kind, name) for one in others for name in (one.name, one.original)}
    return [
        replace(one, ignored=one.ignored or _GENERATED) if (one.kind, one.name) in sources else one for one in generated
    ]


def _placed(one: Resource, ignored: Callable[[str], str]) -> Resource:
    """Why the place of an object, or of its overlay, keeps it from counting."""
    reason = ignored(one.path) or (ignored(f"{one.environment}/_") if one.environment else "")
    return one if one.ignored or not reason else replace(one, ignored=reason)
