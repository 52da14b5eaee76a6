"""A comparison in words: what a proposed change makes better or worse, for people who review it. Pure.

The Markdown is what GitHub, GitLab, Gitea and Bitbucket all show alike: lists, bold, links and code, no line breaks
within a paragraph, no HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.lib.markdown_text import code, plain, prose
from app.policy import telling
from app.policy.compare import Comparison, Gone, LevelTurn, Turn
from app.policy.model import Check

_MOST = 20
_PLACES, _NAMES = 3, 3
_HOW = ("worse", "better", "unseen")
_HEADINGS = {"worse": "Worse", "better": "Better", "unseen": "Can no longer be seen"}
NOTHING_BLOCKED = "Only what this change moves is told; nothing here blocks it."


def title_of(comparison: Comparison) -> str:
    """One line: `2 worse, 1 better`."""
    lost = sum(not one.heir for one in comparison.gone)
    if not comparison.entities and not lost:
        return "Nothing here is scored"
    parts = [
        f"{len(found)} {word}"
        for how, word in (("worse", "worse"), ("better", "better"), ("unseen", "no longer seen"))
        if (found := comparison.of(how))
    ]
    parts += [f"{lost} scored no more"] if lost else []
    return ", ".join(parts) or "Nothing better or worse"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a report says beside the comparison. `page_url`: where pages are, "" for none; `command`: what mends a check
    in a clone, "" where nothing does; `closing`: the last line.
    """

    page_url: str = ""
    closing: str = NOTHING_BLOCKED
    command: Callable[[Check], str] = lambda _: ""

    def entity(self, ref: str) -> str:
        kind, _, rest = ref.partition(":")
        is_plain = all(one.isalnum() or one in "-_./" for one in rest)
        return f"[{code(ref)}]({self.page_url}/entities/{kind}/{rest})" if self.page_url and is_plain else code(ref)

    def check(self, check: Check) -> str:
        return f"[{plain(check.title)}]({self.page_url}/checks/{check.id})" if self.page_url else plain(check.title)


def text_of(comparison: Comparison, wording: Wording) -> str:
    """Markdown. Only what the change moved; old debt is not mentioned."""
    told = {turn.entity for turn in comparison.turns} | {level.entity for level in comparison.levels}
    lines = [f"### Roadworthy: {title_of(comparison)}", ""]
    lines += [_gone(one, wording) for one in comparison.gone[:_MOST]]
    if len(comparison.gone) > _MOST:
        lines.append(f"- … and {len(comparison.gone) - _MOST} more")
    lines += [_level(turn, wording) for turn in comparison.levels[:_MOST]]
    if len(comparison.levels) > _MOST:
        lines.append(f"- … and {len(comparison.levels) - _MOST} more")
    if not comparison.levels and len(told) == 1:
        lines += [""] if comparison.gone else []
        lines.append(f"Of {wording.entity(*told)}:")
    for how in _HOW:
        lines += _section(_HEADINGS[how], comparison.of(how), wording, alone=len(told) == 1)
    return "\n".join([*lines, "", wording.closing])


def _gone(one: Gone, wording: Wording) -> str:
    """A page of it is there until the change is merged; of its heir there is none yet."""
    if one.heir:
        return f"- {wording.entity(one.entity)} is declared no more; {code(one.heir)} is judged in its place"
    return f"- {wording.entity(one.entity)} is scored no more"


def _level(turn: LevelTurn, wording: Wording) -> str:
    before = f"{_word(turn.before)} → " if turn.before else "new, born at "
    return f"- {wording.entity(turn.entity)} ({plain(turn.scorecard)}): {before}**{_word(turn.after)}**"


def _section(heading: str, turns: Sequence[Turn], wording: Wording, *, alone: bool) -> Iterator[str]:
    """`alone`: it is all about one entity, which is named already."""
    found, waiting = _gathered(turns)
    if not found:
        return
    yield from ("", f"**{heading}**", "")
    for turn in found[:_MOST]:
        yield from _turn(turn, waiting.get((turn.entity, turn.result.check.id), []), wording, alone=alone)
    if len(found) > _MOST:
        yield f"- … and {len(found) - _MOST} more"


def _gathered(turns: Sequence[Turn]) -> tuple[list[Turn], Mapping[tuple[str, str], list[Check]]]:
    """Each check of an entity once, and which checks only wait for it: mending it comes first."""
    once = {(turn.entity, turn.result.check.id): turn for turn in reversed(turns)}
    waiting: dict[tuple[str, str], list[Check]] = {}
    first = []
    for (entity, _), turn in reversed(once.items()):
        reason = (entity, turn.result.blocked_by)
        if turn.how == "worse" and reason in once:
            waiting.setdefault(reason, []).append(turn.result.check)
        else:
            first.append(turn)
    return first, waiting


def _turn(turn: Turn, waiting: Sequence[Check], wording: Wording, *, alone: bool) -> Iterator[str]:
    whose = "" if alone else f", {wording.entity(turn.entity)}"
    yield f"- **{wording.check(turn.result.check)}**{whose}{_places(turn)}"
    if turn.how != "worse":
        return
    if fix := remedy(turn):
        yield f"    - {prose(fix)}"
    if command := wording.command(turn.result.check):
        yield f"    - As a diff, in a clone: {code(command)}"
    if waiting:
        names = ", ".join(wording.check(check) for check in waiting[:_NAMES])
        more = f" and {len(waiting) - _NAMES} more" if len(waiting) > _NAMES else ""
        yield f"    - Until then fail too: {names}{more}"


def _places(turn: Turn) -> str:
    named = [f"{code(one.name)}{_place(one.place.path, one.place.line)}" for one in turn.offenders[:_PLACES]]
    if not named:
        return ""
    more = f" and {len(turn.offenders) - _PLACES} more" if len(turn.offenders) > _PLACES else ""
    return f": {', '.join(named)}{more}"


def _place(path: str, line: int) -> str:
    return f" in {code(f'{path}:{line}' if line else path)}" if path else ""


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Plain data, for scripts."""
    moved: dict[str, Any] = {how: [_turn_json(turn) for turn in comparison.of(how)] for how in _HOW}
    levels = [
        {"entity": one.entity, "scorecard": one.scorecard, "before": one.before or None, "after": one.after}
        for one in comparison.levels
    ]
    return {**moved, "levels": levels}


def _turn_json(turn: Turn) -> dict[str, Any]:
    return {
        "entity": turn.entity,
        "scorecard": turn.scorecard,
        "check": turn.result.check.id,
        "before": turn.before and str(turn.before),
        "after": str(turn.result.outcome),
        "offenders": [
            {"name": one.name, "path": one.place.path or None, "line": one.place.line or None} for one in turn.offenders
        ],
    }


def remedy(turn: Turn) -> str:
    """What to do about what is new, worded for the first of it."""
    return telling.remedy(turn.result, turn.offenders[0]) if turn.offenders else turn.result.remediation


def _word(level: str) -> str:
    return plain(level.replace("_", " "))
