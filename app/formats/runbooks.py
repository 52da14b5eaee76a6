"""Markdown pages: runbooks, error-budget policies, and the pages that links lead to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.formats.model import Parsed, Runbook, Section
from app.formats.topics import answered, topics_of
from app.lib import documents, times

NAME = "runbooks"
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")
_MAX_SECTIONS = 2_000
_FRONT = re.compile(r"\A﻿?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_LINK = re.compile(r"https?://[^\s)>\]\"']+|\]\([^()\s]{1,500}\)|\[[^\[\]\n]{1,300}\]\[[^\[\]\n]{0,100}\]")
_CODE_SPAN = re.compile(r"`([^`\n]{2,400})`")
_HTML = re.compile(r"<[^>\n]{1,400}>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"<(?:a|span|div|h[1-6])\b[^>]{0,200}?\b(?:name|id)=[\"']?([\w.:-]+)", re.IGNORECASE)
_KRAMDOWN = re.compile(r"\{#([\w.:-]+)\}\s*$")
_TEXT_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_ALERT_NAME = re.compile(r"(?:(?i:alert ?name):?\s*)?[\"'`]?([A-Z]+[a-z0-9]+[A-Z][A-Za-z0-9]*)[\"'`]?")
_PLACEHOLDER = re.compile(
    r"\b(todo|tbd|fixme|lorem ipsum|coming soon|work in progress|to be (written|done|defined))\b", re.I
)
_HOLDS_PLACE = re.compile(
    r"[\W_]*((todo|tbd|fixme|coming soon|work in progress|to be (written|done|defined))(\W+\w+){0,5}"
    r"|n/?a|none|nothing yet|see above|\.{3}|…)[\W_]*",
    re.IGNORECASE,
)
"""A paragraph or list item that only holds the place of what is to be written: it counts as nothing."""
_DEPRECATED = re.compile(
    r"\b(deprecated|obsolete|no longer (used|maintained)|has been (removed|moved))\b", re.IGNORECASE
)
_REVIEWED = (
    "last_reviewed",
    "last-reviewed",
    "lastreviewed",
    "last reviewed",
    "reviewed",
    "reviewed_at",
    "review_date",
)
_REVIEW_BY = ("review_by", "review-by", "reviewby", "next_review", "next-review", "review by")
_REVISIT = ("revisit", "revisit_date", "revisit date", "revisit_at", "next_review", "review_by")
_APPROVED = ("approved", "approval_date", "approval date", "approved_at")
_DATED_LINE = re.compile(
    r"^[>*_ |-]{0,8}(last[ _-]?reviewed|reviewed|review[ _-]by|revisit(?: date)?|approv(?:ed|al date))"
    r"[*_ |:]{0,8}(\d{4}-\d{2}-\d{2})",
    re.IGNORECASE | re.MULTILINE,
)
_CONTACTS = {
    "pager": re.compile(
        r"pagerduty\.com|opsgenie\.com|incident\.io|\bpager\b|escalation polic|victorops|grafana.{0,40}oncall", re.I
    ),
    "chat": re.compile(r"slack\.com|(?<![\w/])#[a-z][\w-]+|teams\.microsoft|chat\.|mattermost|discord", re.IGNORECASE),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.\w"),
    "phone": re.compile(r"\+\d[\d ()-]{6,}"),
    "url": re.compile(r"https?://"),
}


@dataclass(slots=True)
class _Part:
    """A heading and its own text, while reading."""

    title: str
    level: int
    line: int
    anchor: str
    words: int = 0
    links: int = 0
    commands: int = 0
    steps: int = 0
    text: list[str] = field(default_factory=list)
    item_begun: bool = False
    """A list item is open and holds nothing yet."""

    def enter_item(self) -> None:
        """Something stands in the open item, which makes it a step."""
        self.steps += self.item_begun
        self.item_begun = False


def read(text: str) -> Parsed:
    """One Runbook. Headings inside code don't count; anchors follow GitHub's slugs, with `<a id>` and `{#id}` too."""
    front, body, offset = _front_matter(text)
    parts, anchors = _parts(body, offset)
    return Parsed(objects=(_runbook(front, body, parts, anchors),))


def _front_matter(text: str) -> tuple[dict[str, str], str, int]:
    match = _FRONT.match(text)
    if match is None:
        return {}, text, 0
    loaded = documents.load_all(match[1])
    value = loaded[0].value if loaded and loaded[0].error is None else None
    front = (
        {str(k).lower(): str(v) for k, v in value.items() if isinstance(v, str | int | float)}
        if isinstance(value, dict)
        else {}
    )
    return front, text[match.end() :], text.count("\n", 0, match.end())


def _parts(body: str, offset: int) -> tuple[list[_Part], list[str]]:
    parts = [_Part("", 0, 1 + offset, "")]
    anchors: dict[str, None] = {}
    seen: dict[str, int] = {}
    heading: Token | None = None
    for token in _MARKDOWN.parse(body):
        if token.type == "heading_open":
            heading = token
        elif token.type == "inline" and heading is not None:
            if len(parts) <= _MAX_SECTIONS:
                parts.append(_heading(token.content, heading, offset, seen))
                anchors[parts[-1].anchor] = None
            heading = None
        else:
            _add(parts[-1], token)
        if token.type in ("inline", "html_block"):
            anchors |= dict.fromkeys(_ANCHOR.findall(_shown(token.content)))
    return parts, list(anchors)


def _shown(text: str) -> str:
    """Without comments, which no reader of the page sees."""
    return _COMMENT.sub("", text)


def _heading(content: str, token: Token, offset: int, seen: dict[str, int]) -> _Part:
    line = (token.map[0] if token.map else 0) + 1 + offset
    explicit = _KRAMDOWN.search(content)
    title = _TEXT_LINK.sub(r"\1", _HTML.sub("", _KRAMDOWN.sub("", content))).strip()
    slug = slug_of(title)
    count = seen.get(slug, -1) + 1
    seen[slug] = count
    anchor = explicit[1] if explicit else f"{slug}-{count}" if count else slug
    return _Part(re.sub(r"[`*]", "", title), int(token.tag[1:]), line, anchor)


def slug_of(title: str) -> str:
    """GitHub's anchor of a heading: lower case, without punctuation, spaces as hyphens."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).strip().lower())
    return kept.replace(" ", "-")


def _add(part: _Part, token: Token) -> None:
    if token.type in ("fence", "code_block"):
        part.commands += bool(token.content.strip())
        part.enter_item()
    elif token.type == "list_item_open":
        part.item_begun = True
    elif token.type in ("inline", "html_block"):
        text = _shown(token.content)
        part.text.append(text)
        if _HOLDS_PLACE.fullmatch(text):
            return
        part.enter_item()
        part.links += len(_LINK.findall(text))
        part.commands += sum(1 for span in _CODE_SPAN.findall(text) if " " in span.strip())
        bare = _HTML.sub(" ", _CODE_SPAN.sub(" ", _TEXT_LINK.sub(r"\1", text)))
        part.words += len(_WORD.findall(re.sub(r"https?://\S+", " ", bare)))


def _sections(parts: list[_Part]) -> tuple[Section, ...]:
    """Each heading with the sums of its sub-tree."""
    found = []
    for index, part in enumerate(parts[1:], 1):
        end = next((i for i in range(index + 1, len(parts)) if parts[i].level <= part.level), len(parts))
        below = parts[index:end]
        found.append(
            Section(
                title=part.title,
                level=part.level,
                line=part.line,
                anchor=part.anchor,
                topics=topics_of(part.title),
                words=sum(one.words for one in below),
                links=sum(one.links for one in below),
                commands=sum(one.commands for one in below),
                steps=sum(one.steps for one in below),
            )
        )
    return tuple(found)


def _runbook(front: Mapping[str, str], body: str, parts: list[_Part], anchors: list[str]) -> Runbook:
    sections = _sections(parts)
    words = sum(part.words for part in parts)
    title = front.get("title") or next((part.title for part in parts if part.level == 1), "") or _first_title(parts)
    dates = {key.lower(): day for key, day in _DATED_LINE.findall(body)}
    return Runbook(
        line=1,
        title=title,
        document_type="error-budget-policy" if _is_policy(title, sections) else "document",
        sections=sections,
        anchors=tuple(anchors),
        words=words,
        topics=answered(sections),
        stub="marked as a draft" if front.get("draft", "").lower() == "true" else _stub(body, words, parts),
        reviewed_at=_date(front, dates, _REVIEWED),
        review_by=_date(front, dates, _REVIEW_BY),
        revisit_at=_date(front, dates, _REVISIT),
        approved_at=_date(front, dates, _APPROVED),
        contacts=_contacts(parts),
        alerts=_alerts(sections),
        front_matter=dict(front),
        **_policy_parts(front, body),
    )


def _first_title(parts: list[_Part]) -> str:
    return next((part.title for part in parts if part.title), "")


def _stub(body: str, words: int, parts: list[_Part]) -> str:
    titles = " ".join(part.title for part in parts if part.level == 1)
    if words <= 60 and (_DEPRECATED.search(titles) or (words <= 20 and _DEPRECATED.search(body))):
        return "deprecated"
    sections = [part for part in parts if part.level > 1 and part.words >= 5 and not _has_placeholder(part)]
    if words <= 80 and not sections and _PLACEHOLDER.search(body):
        return "only placeholders"
    if words < 20 and not any(part.commands or part.steps for part in parts):
        return f"{words} words"
    return ""


def _has_placeholder(part: _Part) -> bool:
    return any(_PLACEHOLDER.search(text) for text in part.text)


def _date(front: Mapping[str, str], dates: Mapping[str, str], keys: tuple[str, ...]) -> str:
    for key in keys:
        for value in (front.get(key), dates.get(key)):
            if value and (day := _day(value)):
                return day
    return ""


def _day(value: str) -> str:
    try:
        return times.parse_instant(value).date().isoformat()
    except ValueError:
        return ""


def _contacts(parts: list[_Part]) -> tuple[str, ...]:
    """Kinds of contact under the escalation headings, those of their sub-sections included."""
    text: list[str] = []
    inside = 0
    for part in parts:
        if part.level and (not inside or part.level <= inside):
            inside = part.level if "escalation" in topics_of(part.title) else 0
        if inside:
            text += part.text
    joined = "\n".join(text)
    return tuple(kind for kind, pattern in _CONTACTS.items() if pattern.search(joined))


def _alerts(sections: tuple[Section, ...]) -> tuple[str, ...]:
    names = (_ALERT_NAME.fullmatch(section.title.strip()) for section in sections)
    return tuple(dict.fromkeys(match[1] for match in names if match))


def _is_policy(title: str, sections: tuple[Section, ...]) -> bool:
    return bool(re.search(r"error[- ]budget polic", title, re.I)) or any(
        section.level <= 2 and re.search(r"error[- ]budget polic", section.title, re.IGNORECASE) for section in sections
    )


def _policy_parts(front: Mapping[str, str], body: str) -> dict[str, Any]:
    """What an error-budget policy must say. Source: SRE workbook, appendix B."""
    return {
        "consequence": bool(
            re.search(
                r"\b(freeze|halt|stop|pause|block)\w*\b|reliability (work )?(first|over)|prioriti[sz]", body, re.I
            )
        ),
        "exceptions": bool(re.search(r"\b(except\w*|P0|security (fix|patch|update)\w*)\b", body, re.I)),
        "approver": bool(
            front.get("approver") or front.get("approved_by") or re.search(r"\bapprov(ed by|er|al)\b", body, re.I)
        ),
    }
