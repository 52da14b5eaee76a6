"""Overlays put together as `kustomize build` would, in pure code: nothing is fetched, nothing is run.

What can't be followed here (a remote base, a Helm chart, a generator) is told and makes what rests on it unknown.
Source: kustomize's order of transformers (`internal/target/kusttarget_configplugin.go`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.formats.workloads.model import JsonPatch, Kustomization, Manifest
from app.formats.workloads.resource import Resource, of_manifest
from app.formats.workloads.transforms import operated, patched, transformed

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEEPEST = 12
_MOST = 5_000
"""Objects over all overlays of one repository."""
_REMOTE = re.compile(r"://|^git@|^[\w.-]+\.[a-z]{2,}/.+|\?ref=", re.ASCII)


@dataclass(slots=True)
class Overlays:
    """`kustomizations` by folder, `manifests` and `json_patches` by file. `built` remembers what was put together."""

    kustomizations: Mapping[str, Kustomization]
    manifests: Mapping[str, Sequence[Manifest]]
    json_patches: Mapping[str, Sequence[JsonPatch]]
    built: dict[str, list[Resource]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    """Folder → what of it could not be followed."""
    count: int = 0

    def roots(self) -> list[str]:
        """Folders that no other kustomization takes in: what people apply. Components alone stand for nothing."""
        taken = {place for folder, one in self.kustomizations.items() for place in self._folders(folder, one)}
        return sorted(f for f, one in self.kustomizations.items() if f not in taken and not one.component)

    def files(self) -> frozenset[str]:
        """Files that kustomizations take in or patch with: they are judged as part of overlays only."""
        named: set[str] = set()
        for folder, one in self.kustomizations.items():
            named.update(_joined(folder, entry) for entry in one.resources)
            named.update(_joined(folder, patch["path"]) for patch in one.patches if patch["path"])
        return frozenset(path for path in named if path in self.manifests or path in self.json_patches)

    def build(self, folder: str, trail: tuple[str, ...] = ()) -> list[Resource]:
        """Every object of one folder's kustomization. A cycle, or what is nested too deeply, is left out and told."""
        if folder in self.built:
            return self.built[folder]
        if folder in trail or len(trail) >= _DEEPEST:
            self._miss(trail[-1] if trail else folder, f"{folder or 'the root'} takes itself in")
            return []
        one = self.kustomizations[folder]
        resources = self._accumulated(folder, one, (*trail, folder))
        for patch in one.patches:
            resources = self._patched(resources, patch, folder)
        self.built[folder] = [transformed(resource, one) for resource in resources]
        self.count += len(resources)
        for name in one.hidden:
            self._miss(folder, f"its {name} are not followed here")
        return self.built[folder]

    def told(self, folder: str) -> list[str]:
        """What could not be followed in a folder and all that it takes in."""
        reached, queue = {folder: None}, [folder]
        while queue:
            at = queue.pop()
            for inner in self._folders(at, self.kustomizations[at]):
                if inner not in reached:
                    reached[inner] = None
                    queue.append(inner)
        return [reason for place in reached for reason in self.missing.get(place, ())]

    def _folders(self, folder: str, one: Kustomization) -> list[str]:
        return [place for entry in one.resources if (place := _joined(folder, entry)) in self.kustomizations]

    def _accumulated(self, folder: str, one: Kustomization, trail: tuple[str, ...]) -> list[Resource]:
        found: list[Resource] = []
        for entry in one.resources:
            place = _joined(folder, entry)
            if place in self.kustomizations:
                inner = self.kustomizations[place]
                if inner.component:
                    found = self._component(found, place, inner, trail)
                else:
                    found += self.build(place, trail)
            elif place in self.manifests:
                found += [of_manifest(place, manifest) for manifest in self.manifests[place]]
            elif _REMOTE.search(entry) or place.startswith(".."):
                self._miss(folder, f"{entry[:100]} lies outside this repository")
            if self.count + len(found) > _MOST:
                self._miss(folder, f"there are more than {_MOST} objects")
                return found[: max(0, _MOST - self.count)]
        return found

    def _component(
        self, found: list[Resource], place: str, one: Kustomization, trail: tuple[str, ...]
    ) -> list[Resource]:
        """A component patches what was gathered before it."""
        if place in trail or len(trail) >= _DEEPEST:
            return found
        gathered = [*found, *self._accumulated(place, one, (*trail, place))]
        for patch in one.patches:
            gathered = self._patched(gathered, patch, place)
        return [transformed(resource, one) for resource in gathered]

    def _patched(self, resources: list[Resource], patch: Mapping[str, Any], folder: str) -> list[Resource]:
        path = _joined(folder, patch["path"]) if patch["path"] else ""
        merges = [*patch["merges"], *(dict(one.content, kind=one.object_kind) for one in self.manifests.get(path, ()))]
        operations = [*patch["operations"], *(op for one in self.json_patches.get(path, ()) for op in one.operations)]
        for merge in merges:
            resources = patched(resources, merge, patch["target"])
        return operated(resources, operations, patch["target"]) if operations else resources

    def _miss(self, folder: str, reason: str) -> None:
        told = self.missing.setdefault(folder, [])
        if reason not in told and len(told) < 20:
            told.append(reason)


def _joined(folder: str, entry: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, entry.strip()))
    return "" if path == "." else path
