"""Pieces of one snapshot put together into objects: workloads, databases, clusters. Pure; called by `inventory.take`.

A piece alone says little: an overlay changes what another file says, a value stands in a third. Pieces are cached by
blob; putting them together is cheap and done anew for every snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.formats import ignoring
from app.formats.model import Object, Part, Unreadable
from app.formats.terraform import assemble as terraform
from app.formats.workloads import assemble as manifests
from app.formats.workloads import operators, platform, traffic

Placed = tuple[str, Object]
"""(path, object)."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """What pieces come to, and what of it can't be told, each with its path."""

    objects: tuple[Placed, ...] = ()
    unreadable: tuple[tuple[str, Unreadable], ...] = ()


def assemble(parts: Sequence[tuple[str, Part]]) -> Assembly:
    """Objects of all (path, piece) of a snapshot."""
    if not parts:
        return Assembly()
    assembled = manifests.assemble(parts, ignoring.of_infrastructure)
    applied, left_out = terraform.assemble(parts, ignoring.of_infrastructure)
    objects: list[Placed] = [
        *manifests.workloads(assembled),
        *operators.databases(assembled.resources),
        *platform.platform(assembled.resources),
        *traffic.gateways(assembled.resources),
        *applied,
    ]
    return Assembly(tuple(objects), (*assembled.unreadable, *left_out))
