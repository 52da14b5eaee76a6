"""Slack's incoming webhooks, and whatever takes the same JSON (Mattermost, Rocket.Chat, Discord's /slack).

Slack shows the blocks; `text` is what its notifications say, and all that the others read. Limits: docs.slack.dev,
"Header block", "Section block", "Creating rich message layouts".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from app.notifications.model import Note, Request, Target, Told

MOST_HEADER, MOST_SECTION = 150, 3_000
_MOST_LINES = 20
_LONGEST_NAME, _LONGEST_LINK = 80, 500
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def write(target: Target, note: Note) -> Request:
    """A line a change; what is too much for a message is counted."""
    message = {"text": text_of(note), "blocks": blocks_of(note)}
    return Request(target.url, json.dumps(message, ensure_ascii=False).encode(), {"Content-Type": "application/json"})


def text_of(note: Note) -> str:
    return "\n".join([f"*{_escape(_heading(note.owner, note.changes))}*", *_lines(note)])


def blocks_of(note: Note) -> list[dict[str, Any]]:
    heading = _heading(note.owner, note.changes)[:MOST_HEADER]
    header = {"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": False}}
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in _parted(_lines(note))]
    return [header, *sections]


def _lines(note: Note) -> list[str]:
    lines = [_line(change, note.page_url) for change in note.changes[:_MOST_LINES]]
    more = len(note.changes) - _MOST_LINES
    return [*lines, f"… and {more} more"] if more > 0 else lines


def _parted(lines: Sequence[str]) -> Iterator[str]:
    """As many lines together as a section holds; none is longer than that."""
    part = ""
    for line in lines:
        if part and len(part) + 1 + len(line) > MOST_SECTION:
            yield part
            part = line
        else:
            part = f"{part}\n{line}" if part else line
    if part:
        yield part


def _heading(owner: str, changes: Sequence[Told]) -> str:
    count = len({change["entity"] for change in changes})
    whose = owner.rsplit("/", 1)[-1][:_LONGEST_NAME] if owner else "nobody"
    return f"Scores of {whose}: {count} {'entity' if count == 1 else 'entities'} changed"


def _line(change: Told, page_url: str) -> str:
    kind, _, rest = change["entity"].partition(":")
    link = f"{page_url}/entities/{_escape(kind)}/{_escape(rest)}"
    shown = _escape(rest.rsplit("/", 1)[-1][:_LONGEST_NAME])
    is_link = page_url and len(link) <= _LONGEST_LINK
    name = f"<{link}|{shown}>" if is_link else f"`{_escape(change['entity'])[:_LONGEST_LINK]}`"
    what = f" {_word(change['check'])}:" if change["check"] else ""
    turn = f"{_word(change['before'])} → {_word(change['after'])}"
    return f"• {name}{what} {turn} ({_word(change['scorecard'])}, because of {_word(change['reason'])})"


def _word(text: str) -> str:
    return _escape(text[:_LONGEST_NAME].replace("_", " "))


def _escape(text: str) -> str:
    """Slack's three, so that no entity's name can mention everyone or make a link; and no line breaks."""
    return "".join(_ESCAPES.get(character, character) for character in text if character >= " ").replace("`", "'")
