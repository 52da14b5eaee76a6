"""Slack's incoming webhooks, and whatever takes the same JSON (Mattermost, Rocket.Chat, Discord's /slack)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from app.notifications.model import Note, Request, Target, Told

_MOST_LINES = 20
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def write(target: Target, note: Note) -> Request:
    """One text, a line a change; what is too much for a message is counted and linked."""
    body = json.dumps({"text": text_of(note)}, ensure_ascii=False).encode()
    return Request(target.url, body, {"Content-Type": "application/json"})


def text_of(note: Note) -> str:
    lines = [_line(change, note.page_url) for change in note.changes[:_MOST_LINES]]
    more = len(note.changes) - _MOST_LINES
    if more > 0:
        lines.append(f"… and {more} more")
    return "\n".join([f"*{_escape(_heading(note.owner, note.changes))}*", *lines])


def _heading(owner: str, changes: Sequence[Told]) -> str:
    count = len({change["entity"] for change in changes})
    whose = owner.rsplit("/", 1)[-1] if owner else "nobody"
    return f"Scores of {whose}: {count} {'entity' if count == 1 else 'entities'} changed"


def _line(change: Told, page_url: str) -> str:
    kind, _, rest = change["entity"].partition(":")
    shown = _escape(rest.rsplit("/", 1)[-1])
    name = f"<{page_url}/entities/{kind}/{_escape(rest)}|{shown}>" if page_url else f"`{_escape(change['entity'])}`"
    what = f" {_escape(change['check'])}:" if change["check"] else ""
    turn = f"{_word(change['before'])} → {_word(change['after'])}"
    return f"• {name}{what} {turn} ({_escape(change['scorecard'])}, because of {_escape(change['reason'])})"


def _word(level: str) -> str:
    return _escape(level.replace("_", " "))


def _escape(text: str) -> str:
    """Slack's three, so that no entity's name can mention everyone or make a link; and no line breaks."""
    return "".join(_ESCAPES.get(character, character) for character in text if character >= " ").replace("`", "'")
