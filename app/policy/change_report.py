"""A comparison in words: what a proposed change makes better or worse, for people who review it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.policy.compare import Comparison, LevelTurn, Turn
from app.policy.remediation import generic

_MOST = 20
_PLACES = 3


def title_of(comparison: Comparison) -> str:
    """One line: `2 worse, 1 better`."""
    if not comparison.entities:
        return "Nothing here is scored"
    parts = [
        f"{len(found)} {word}"
        for how, word in (("worse", "worse"), ("better", "better"), ("unseen", "no longer seen"))
        if (found := comparison.of(how))
    ]
    return ", ".join(parts) or "Nothing better or worse"


NOTHING_BLOCKED = "Only what this change moves is told; nothing here blocks it."


def text_of(comparison: Comparison, page_url: str = "", closing: str = NOTHING_BLOCKED) -> str:
    """Markdown. Only what the change moved; old debt is not mentioned."""
    lines = ["### Roadworthy: " + title_of(comparison), ""]
    lines += [_level(turn) for turn in comparison.levels[:_MOST]]
    for how, heading in (("worse", "Worse"), ("better", "Better"), ("unseen", "Can no longer be seen")):
        lines += _section(heading, comparison.of(how), page_url)
    lines += ["", closing]
    return "\n".join(lines)


def _level(turn: LevelTurn) -> str:
    before = f"{_word(turn.before)} → " if turn.before else "new, born at "
    return f"- `{_code(turn.entity)}` ({_code(turn.scorecard)}): {before}**{_word(turn.after)}**"


def _section(heading: str, turns: Sequence[Turn], page_url: str) -> Iterator[str]:
    if not turns:
        return
    yield from ("", f"**{heading}**", "")
    for turn in turns[:_MOST]:
        yield _turn(turn, page_url)
    if len(turns) > _MOST:
        yield f"- … and {len(turns) - _MOST} more"


def _turn(turn: Turn, page_url: str) -> str:
    check = turn.result.check
    name = f"[{_text(check.title)}]({page_url}/checks/{check.id})" if page_url else _text(check.title)
    places = ", ".join(
        f"`{_code(one.name)}` ({_code(one.place.path)}:{one.place.line})" for one in turn.offenders[:_PLACES]
    )
    more = f" and {len(turn.offenders) - _PLACES} more" if len(turn.offenders) > _PLACES else ""
    line = f"- {name} — `{_code(turn.entity)}`" + (f": {places}{more}" if places else "")
    fix = remedy(turn) if turn.how == "worse" else ""
    return f"{line}\n  {_text(fix)}" if fix else line


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Plain data, for scripts."""
    moved: dict[str, Any] = {how: [_turn_json(turn) for turn in comparison.of(how)] for how in _HOW}
    levels = [
        {"entity": one.entity, "scorecard": one.scorecard, "before": one.before or None, "after": one.after}
        for one in comparison.levels
    ]
    return {**moved, "levels": levels}


_HOW = ("worse", "better", "unseen")


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
    """What to do about what is new: worded for the first offender of all, so in general where that one is old."""
    first = turn.result.offenders[:1]
    if turn.offenders and first and first[0] != turn.offenders[0]:
        return generic(turn.result.check.remediation)
    return turn.result.remediation


def _word(level: str) -> str:
    return _text(level.replace("_", " "))


def _text(text: str) -> str:
    """No markup, mention or link of a stranger's making; one line."""
    flat = " ".join(text.split())
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|!" else one for one in flat).replace("@", "@\u200b")


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")
