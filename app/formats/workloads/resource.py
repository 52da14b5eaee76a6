"""One Kubernetes object on its way from file to verdict: its body as far as it is known, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.formats.workloads.marking import CLOSE, OPEN
from app.formats.workloads.model import Manifest


@dataclass(frozen=True, slots=True)
class Resource:
    """`environment` is the overlay or values file it was rendered for, "" for a plain file. `original` is the name it
    has in its file, before prefixes. `missing` says what of its overlay could not be followed."""

    path: str
    line: int
    api: str
    kind: str
    body: Mapping[str, Any]
    environment: str = ""
    original: str = ""
    ignored: str = ""
    missing: str = ""
    chart: str | None = None
    """Folder of the chart it was rendered from."""
    bundled: bool = False

    @property
    def metadata(self) -> Mapping[str, Any]:
        value = self.body.get("metadata")
        return value if isinstance(value, dict) else {}

    @property
    def spec(self) -> Mapping[str, Any]:
        value = self.body.get("spec")
        return value if isinstance(value, dict) else {}

    @property
    def name(self) -> str:
        value = self.metadata.get("name", "")
        return value if isinstance(value, str) else str(value)

    @property
    def namespace(self) -> str:
        """ "" where none is written, or only a template knows it."""
        value = self.metadata.get("namespace", "")
        return value if isinstance(value, str) and OPEN not in value else ""


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one workload: their spec and labels. `selector` adds the labels by which the workload finds them;
    `annotations` is as it is written, which may be a mapping or what only a template knows."""

    spec: Mapping[str, Any]
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    annotations: Any
    known: bool


def of_manifest(path: str, manifest: Manifest) -> Resource:
    one = Resource(path, manifest.line, manifest.api, manifest.object_kind, manifest.content, ignored=manifest.ignored)
    return replace(one, original=one.name, bundled=manifest.bundled)


def is_known(value: Any) -> bool:
    """Whether a value holds nothing that only a template or a substitution knows."""
    return not (isinstance(value, str) and (OPEN in value or "${" in value or "$(" in value))


def readable(text: str, stand_in: str = "…") -> str:
    """Text for people: what is not known as an ellipsis."""
    parts = []
    while OPEN in text:
        before, _, rest = text.partition(OPEN)
        parts += [before, stand_in]
        text = rest.partition(CLOSE)[2]
    return "".join((*parts, text))
