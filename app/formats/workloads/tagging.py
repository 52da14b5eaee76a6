"""Tools that name an image's version on its way to the cluster: Skaffold, a pipeline, Argo CD, Flux.

Where one of them names the image of a manifest, the tag written there is not what runs: it is no moving tag. `read`
serves `formats.reading`, `tagged` serves `assemble`. Pipelines are looked through as text, and never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.formats.model import Parsed
from app.formats.slo_common import mapping, sequence, text
from app.formats.workloads.model import Container, ImageSetter, Kustomization, Workload
from app.formats.workloads.pipelines import opaque_steps
from app.formats.workloads.resource import Resource, is_known
from app.lib.documents import Document, line_of

NAME = "tagging"
_MOST = 200
_UPDATER = "argocd-image-updater.argoproj.io/image-list"
_ARGO, _FLUX = ("argoproj.io", "Application"), ("kustomize.toolkit.fluxcd.io", "Kustomization")
_SIGNS = (b"set image", b"--set")
"""Looked for as bytes: most files hold neither, and many are large."""
_ARGUMENT = r"""(?:[ \t\\\n]+(?!-)["']?[^\s"'\\;&|]{1,300}["']?)"""
_KUSTOMIZE = re.compile(rf"\bkustomize[ \t]+edit[ \t]+set[ \t]+image((?:{_ARGUMENT}){{1,20}})")
_KUBECTL = re.compile(rf"\bkubectl\b[^\n;&|]{{0,200}}?[ \t]set[ \t]+image((?:{_ARGUMENT}){{2,20}})")
_HELM = re.compile(r"--set(?:-string)?[ \t=]+[\"']?[^\s\"']{0,300}?[\w.]*tag=", re.IGNORECASE)
ANY = "*"
"""The name of an image where the tool takes it from a variable."""


@dataclass(frozen=True, slots=True)
class Setters:
    """Image name → the tool that names its version and where; for `ANY`, and images of charts, what may."""

    named: Mapping[str, str]
    perhaps: Mapping[str, str] = field(default_factory=dict)
    """What an overlay sets for what it takes in, and may set for a rendering that it was not met in."""
    any_image: str = ""
    any_chart: str = ""


NO_SETTERS = Setters({})


def recognises(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and (_is_skaffold(value) or next(opaque_steps(value), None) is not None)


def _is_skaffold(value: Mapping[str, Any]) -> bool:
    return text(value, "apiVersion").startswith("skaffold/")


def read(document: Document) -> Parsed:
    """What Skaffold builds: it deploys each such image by the tag, and the digest, that it has just made. Of a pipeline
    the first step that deploys and can't be read: it leaves open what runs."""
    if not _is_skaffold(document.value):
        line, tool = next(opaque_steps(document.value))
        return Parsed((ImageSetter(line=line, tool=tool, images=(ANY,), charts=True),))
    builds = (document.value, *sequence(document.value, "profiles")[:_MOST])
    artifacts = [one for build in builds for one in sequence(mapping(build, "build"), "artifacts")]
    names = (bare(text(one, "image")) for one in artifacts[:_MOST])
    images = tuple(dict.fromkeys(name for name in names if name and is_known(name)))
    line = line_of(document.value, "build" if "build" in document.value else "profiles")
    return Parsed((ImageSetter(line=line, tool="Skaffold", images=images),)) if images else Parsed()


def in_pipeline(data: bytes) -> Iterator[ImageSetter]:
    """The commands of a pipeline's file that set images."""
    if not any(sign in data for sign in _SIGNS):
        return
    script = data.decode("utf-8", "replace")
    for pattern, tool in ((_KUSTOMIZE, "kustomize edit set image"), (_KUBECTL, "kubectl set image")):
        for found in list(pattern.finditer(script))[:_MOST]:
            arguments = re.findall(r"[^\s\"'\\]+", found[1])
            images = tuple(dict.fromkeys(map(_set, arguments if pattern is _KUSTOMIZE else arguments[1:])))
            yield ImageSetter(line=script.count("\n", 0, found.start()) + 1, tool=tool, images=images)
    if (helm := _HELM.search(script)) is not None and "helm" in script:
        line = script.count("\n", 0, helm.start()) + 1
        yield ImageSetter(line=line, tool="helm --set", images=(ANY,), charts=True)


def _set(argument: str) -> str:
    """`name=image:tag` sets the image called name (kustomize) or of the container name (kubectl): both are tried."""
    name, equals, image = argument.partition("=")
    named = bare(image if equals and "/" in image and "/" not in name else name)
    return named if is_known(named) and "$" not in named and "{{" not in named else ANY


def bare(image: str) -> str:
    """The image's name without tag and digest."""
    name = image.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    return head if colon and "/" not in tail else name


def setters(
    parts: Iterable[tuple[str, ImageSetter]],
    resources: Iterable[Resource],
    overlays: Iterable[tuple[str, Kustomization]] = (),
) -> Setters:
    """All tools of one snapshot that name versions: pipelines, Skaffold, and what Argo CD, Flux and kustomize apply."""
    named: dict[str, str] = {}
    loose = {False: "", True: ""}
    for path, one in parts:
        where = f"{one.tool} ({path}:{one.line})"
        for image in one.images:
            if image == ANY:
                loose[one.charts] = loose[one.charts] or where
            else:
                named.setdefault(image, where)
    for resource in resources:
        for image, tool in _applied(resource):
            named.setdefault(image, f"{tool} ({resource.path}:{resource.line})")
    perhaps: dict[str, str] = {}
    for path, overlay in overlays:
        for entry in overlay.images:
            if entry.get("newTag") or entry.get("digest"):
                perhaps.setdefault(entry.get("name", ""), f"kustomize's images ({path}:{overlay.line})")
    return Setters(named, perhaps, loose[False], loose[True])


def _applied(one: Resource) -> Iterator[tuple[str, str]]:
    """Images that an Application's updater follows, or that it or Flux's Kustomization sets a version of."""
    if (one.api, one.kind) == _ARGO:
        listed = str(mapping(one.metadata, "annotations").get(_UPDATER, ""))
        for entry in listed.split(",")[:_MOST]:
            if name := bare(entry.strip().rpartition("=")[2]):
                yield name, "Argo CD Image Updater"
        for source in (one.spec.get("source"), *sequence(one.spec, "sources")):
            for entry in sequence(mapping(source, "kustomize"), "images"):
                name, _, image = str(entry).rpartition("=")
                if image != bare(image):
                    yield name or bare(image), "Argo CD"
    elif (one.api, one.kind) == _FLUX:
        for entry in sequence(one.spec, "images"):
            if text(entry, "newTag") or text(entry, "digest"):
                yield text(entry, "name"), "Flux"


def tagged(workload: Workload, known: Setters) -> Workload:
    """The workload with moving images that a tool names on the way called so, or unknown where it may."""
    chart = "/templates/" in f"/{workload.environment}" or workload.environment.endswith((".yaml", ".yml"))
    containers = tuple(_told(one, known, chart) for one in workload.containers)
    return workload if containers == workload.containers else replace(workload, containers=containers)


def _told(one: Container, known: Setters, chart: bool) -> Container:
    if one.image_state != "moving" or "image_state" in one.unknown or not one.image:
        return one
    if where := known.named.get(bare(one.image)):
        return replace(one, image_state="set", image_set_by=where)
    if where := known.perhaps.get(bare(one.image)) or known.any_image or (known.any_chart if chart else ""):
        return replace(one, unknown={**one.unknown, "image_state": f"may be named on the way by {where}"})
    return one
