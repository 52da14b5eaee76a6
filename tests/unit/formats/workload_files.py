"""Files of one repository in memory, and the workloads that they come to: what tests of manifests share."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from app.formats import ignoring, reading
from app.formats.model import Part, Unreadable
from app.formats.workloads import assemble
from app.formats.workloads.model import Workload


def assembled(files: Mapping[str, str]) -> assemble.Assembled:
    parts = [
        (path, one)
        for path, text in files.items()
        for one in reading.read(path, dedent(text).encode()).objects
        if isinstance(one, Part)
    ]
    return assemble.assemble(parts, ignoring.reason)


def workloads(files: Mapping[str, str]) -> list[Workload]:
    return [workload for _, workload in assemble.workloads(assembled(files))]


def workload(files: Mapping[str, str] | str, name: str = "shop") -> Workload:
    """The one counted workload of a name."""
    named = [one for one in workloads({"deploy.yaml": files} if isinstance(files, str) else files) if one.name == name]
    (found,) = [one for one in named if not one.ignored] or named
    return found


def untold(files: Mapping[str, str]) -> list[tuple[str, Unreadable]]:
    return list(assembled(files).unreadable)


def deployment(
    *,
    name: str = "shop",
    namespace: str = "shop",
    spec: str = "",
    pod: str = "",
    container: str = "",
    kind: str = "Deployment",
) -> str:
    """A small workload; `spec`, `pod` and `container` are lines of flow or block YAML put in at their places."""

    def put(text: str, indent: int) -> str:
        return "".join(f"{' ' * indent}{line}\n" for line in dedent(text).strip().split("\n") if line)

    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n{put(spec, 2)}"
        f"  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n{put(pod, 6)}"
        "      containers:\n        - name: app\n          image: shop:1.0\n"
        "          ports: [{name: http, containerPort: 80}]\n"
        f"{put(container, 10)}"
    )
