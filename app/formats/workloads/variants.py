"""Optional variants of what a repository runs: `extras/cloudsql/frontend.yaml` beside `manifests/frontend.yaml`.

Where a workload stands in a folder of extras and outside them too, that one is what runs; all of the variant's folder
is shown and doesn't count: an autoscaler there is not the service's. Extras that stand alone count like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.formats.workloads.resource import Resource

_FOLDERS = frozenset(("extras", "extra", "optional", "alternatives", "variants", "contrib"))
_KINDS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job", "CronJob"))


def told(resources: Iterable[Resource]) -> list[Resource]:
    """The same resources; those of a variant say so in `ignored`."""
    placed = [(one, root_of(one.environment) or root_of(one.path.rpartition("/")[0])) for one in resources]
    judged = {
        (one.kind, one.original): one.path for one, root in placed if not (root or one.ignored) and one.kind in _KINDS
    }
    twins = [(root, judged.get((one.kind, one.original), "")) for one, root in placed if root]
    instead = {root: path for root, path in reversed(twins) if path}
    return [
        replace(one, ignored=f"is an optional variant ({root}/); {instead[root]} is judged")
        if root in instead and not one.ignored
        else one
        for one, root in placed
    ]


def root_of(folder: str) -> str:
    """The folder of the variant a folder lies in, or ""."""
    parts = folder.split("/")
    at = next((index for index, part in enumerate(parts) if part.lower() in _FOLDERS), -1)
    return "/".join(parts[: at + 2]) if at >= 0 else ""
