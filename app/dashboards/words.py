"""Words and marks for what pages show: levels, outcomes, areas, reasons, efforts, ages. No queries here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.model import Scorecard

OUTCOMES = ("fail", "error", "unknown", "waived", "pass", "not_applicable")
UNSEEN = ("unknown", "error")
_AREAS = {"oncall": "On-call", "slos": "Objectives", "slo": "Objectives", "apis": "API"}
_FILLED = "○◔◑◕●"
_MOST = 4
REASONS = {
    "code": "a push",
    "policy": "the policy changed",
    "data source": "a data source",
    "waiver": "a waiver",
    "scope": "owner, tier or type changed",
    "time": "time passed",
    "first seen": "first seen",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WORKING_DAY = 8 * _HOUR
_THINGS = {
    "sre-maturity": ("service", "services"),
    "api-reliability": ("API", "APIs"),
    "database-reliability": ("database", "databases"),
    "kubernetes-cluster": ("cluster", "clusters"),
}
_CLAUSE = re.compile(r"(?!git )[a-z]+(?:[’'-][a-z]+)*(?:[ ,;]|: |$)")
_BLANK = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class LevelWords:
    """A level as pages show it: its mark fills up with its rank, its style is `l0` to `l4`, `lx` where not rated."""

    id: str
    title: str
    mark: str
    style: str
    rank: int


def level(card: Scorecard | None, name: str) -> LevelWords:
    """Words for a level of a scorecard, also for one that policy no longer has."""
    if name == "not_rated":
        return LevelWords(name, "Not rated", "◌", "lx", -1)
    rank = card.rank(name) if card else 0
    if rank == 0:
        return LevelWords(name, "No level" if name == "none" else spoken(name).capitalize(), _FILLED[0], "l0", 0)
    titles = {one.id: one.title for one in card.levels} if card else {}
    share = max(1, rank * _MOST // max(1, len(titles)))
    return LevelWords(name, titles.get(name, name), _FILLED[share], f"l{min(rank, _MOST)}", rank)


def levels(card: Scorecard) -> list[LevelWords]:
    """All levels, highest first, then those without one."""
    return [level(card, name) for name in (*(one.id for one in reversed(card.levels)), "none", "not_rated")]


def area(name: str) -> str:
    return _AREAS.get(name, spoken(name.replace("-", " ")).capitalize())


def spoken(name: str) -> str:
    """An identifier as words."""
    return name.replace("_", " ")


def effort(seconds: float) -> str:
    """Working time as people say it: 45 min, 2 h, 1 h 30 min, 3 days (of eight hours)."""
    if seconds >= 2 * _WORKING_DAY:
        return counted(round(seconds / _WORKING_DAY), "day")
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part) or "no time"


def blanks(template: str) -> str:
    """A text of policy without its machinery: `{{ item.path }}` becomes ‹path›, `{{ slo.count }}` ‹slo count›."""
    return _BLANK.sub(lambda match: "‹" + re.sub(r"[._]", " ", match[1].removeprefix("item.")) + "›", template)


def sentence(text: str) -> str:
    """A clause as a sentence begins. Names keep their letters: `user:default/ada is …`, `spec.owner is …`."""
    return text[0].upper() + text[1:] if _CLAUSE.match(text) else text


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 service`, `12 services`, `1,204 entities`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def things(number: int, card: Scorecard) -> str:
    """So many of what a scorecard is about."""
    return counted(number, *_THINGS.get(card.id, ("entity", "entities")))


def share(percents: float) -> str:
    """A share of a hundred, never rounded to none or all where it is neither."""
    if 0 < percents < 1:
        return "under 1%"
    return "over 99%" if 99 < percents < 100 else f"{percents:.0f}%"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in one unit; a date when it is more than a month."""
    seconds = (now - at) / timedelta(seconds=1)
    if seconds < 0:
        ahead = -seconds
        return f"in {_span(ahead)}" if ahead < 31 * _DAY else f"{at:%Y-%m-%d}"
    if seconds < _MINUTE:
        return "just now"
    return f"{_span(seconds)} ago" if seconds < 31 * _DAY else f"{at:%Y-%m-%d}"


def _span(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{max(1, int(seconds // _MINUTE))} min"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h"
    return counted(int(seconds // _DAY), "day")
