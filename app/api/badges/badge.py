"""What a badge says of an entity on one scorecard: its level, and its target where it stands below. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.api.kept import Kind
from app.catalog.model import EntityRef
from app.policy.model import Scorecard
from app.store.served import ServedResult

GREEN, ORANGE, RED, GREY = "#2e7d32", "#b45309", "#b91c1c", "#64748b"
"""White letters on each have a contrast above 4.5; the words say the same without the colour."""


@dataclass(frozen=True, slots=True)
class Stands:
    """A stored result, as far as a badge needs it."""

    level: str
    target: str
    meets: bool | None


@dataclass(frozen=True, slots=True)
class Badge:
    label: str
    message: str
    colour: str


def _stands(_: EntityRef, rows: Sequence[ServedResult]) -> Mapping[str, Stands]:
    found = {}
    for row in rows:
        body = json.loads(row.body)
        found[row.scorecard] = Stands(body["level"], body["target_level"] or "", body["meets_target"])
    return found


STANDS = Kind("badges", _stands, lambda found: 200 * len(found))
"""An entity's levels by scorecard, as they are kept."""


def badge_of(card: Scorecard | None, stands: Stands | None, name: str) -> Badge:
    """`card` None: there is no such scorecard; `stands` None: nothing is known of the entity on it."""
    label = card.title if card is not None else name
    if card is None or stands is None:
        return Badge(label, "unknown", GREY)
    titles = {"none": "no level", "not_rated": "not rated", **{level.id: level.title for level in card.levels}}
    level = titles.get(stands.level, stands.level)
    if stands.meets is False:
        colour = GREY if stands.level == "not_rated" else RED if stands.level == "none" else ORANGE
        return Badge(label, f"{level}, target {titles.get(stands.target, stands.target)}", colour)
    return Badge(label, level, GREEN if card.rank(stands.level) > 0 else GREY)
