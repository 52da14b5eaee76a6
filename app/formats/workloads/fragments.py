"""Manifests that nobody can apply as they stand: they are pieces of something else, and no workload of their own.

Kubernetes refuses an object without a name, a Deployment without a selector or labels for its pods, and a container
without an image (API reference, apps/v1 and core/v1). Who writes such a file writes a patch that some overlay takes in,
or a pattern that a program fills in (Katib's trial templates). It is shown with that reason and never judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.formats.workloads.resource import Resource

_SELECTING = ("Deployment", "StatefulSet", "DaemonSet")
_RUNNING = (*_SELECTING, "Job", "CronJob")


def told(one: Resource) -> Resource:
    """The same resource; one that runs pods and is only a piece says so. Not for what a template fills in."""
    why = _why(one) if one.kind in _RUNNING and not one.ignored else ""
    return replace(one, ignored=why) if why else one


def _why(one: Resource) -> str:
    if not one.name and not one.metadata.get("generateName"):
        return "is a pattern without a name, which something else fills in"
    spec: Mapping[str, Any] = one.spec
    if one.kind == "CronJob":
        spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
    template = _mapping(spec.get("template"))
    if one.kind in _SELECTING:
        labels = _mapping(template.get("metadata")).get("labels")
        if not spec.get("selector") and not labels:
            return "is a patch: it has no selector"
    containers = _mapping(template.get("spec")).get("containers")
    listed = containers if isinstance(containers, list) else []
    if any(isinstance(each, dict) and not each.get("image") for each in listed):
        return "is a patch: a container of it has no image"
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
