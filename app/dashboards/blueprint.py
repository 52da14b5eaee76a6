"""The blueprint of all pages, what every template may use, and filters. Pages register themselves on it."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, json, request
from markupsafe import Markup, escape

from app.api.reading import pipeline
from app.dashboards import links, words
from app.lib.markup import safe_html, safe_inline
from app.lib.times import format_instant, parse_instant
from app.store.engine import DatabaseError

blueprint = Blueprint(
    "dashboards", __name__, static_folder="static", template_folder="templates", static_url_path="/static"
)
_PLACE = re.compile(r"(?<=\()([^\s()]+:\d+)(?=\))")


@cache
def assets_version() -> str:
    """Another text whenever a file under `static/` is another, so that browsers may keep them for long."""
    found = hashlib.sha256()
    for file in sorted((Path(__file__).parent / "static").iterdir()):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]


@blueprint.app_context_processor
def _everywhere() -> dict[str, Any]:
    keeper = pipeline().policies
    theme = request.cookies.get("theme", "")
    return {
        "organisation": current_app.config["ORGANISATION"],
        "policy_version": keeper.current.version,
        "policy_problem": keeper.problem,
        "version": assets_version(),
        "theme": theme if theme in ("dark", "light") else "",
        "cursor": _cursor(),
    }


def _cursor() -> int:
    """Where the list of changes ends; 0 while the database is away, so that the page can say just that."""
    try:
        return pipeline().store.changes.cursor()
    except DatabaseError:
        return 0


@blueprint.app_template_filter("when")
def when(value: datetime | str | None) -> Markup:
    """An instant as a person reads it: how long ago, with the exact time in UTC behind it."""
    if not value:
        return Markup("never")
    instant = parse_instant(value) if isinstance(value, str) else value
    exact = f"{instant:%Y-%m-%d %H:%M} UTC"
    shown = words.ago(instant, pipeline().clock())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(instant), exact, shown)


@blueprint.app_template_filter("day")
def day(value: datetime | str) -> str:
    """The day alone, UTC."""
    instant = parse_instant(value) if isinstance(value, str) else value
    return f"{instant.day} {instant:%B %Y}"


@blueprint.app_template_filter("percent")
def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


@blueprint.app_template_filter("shorten")
def shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}…"


@blueprint.app_template_filter("coded")
def coded(text: str) -> Markup:
    """A text with what stands between backticks, or as (place:line), as code. Nothing else of Markdown: names in it are
    strangers'."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(_code(part) if place % 2 else _placed(part) for place, part in enumerate(parts))


def _placed(text: str) -> Markup:
    parts = _PLACE.split(text)
    return Markup("").join(_code(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)


@blueprint.app_template_filter("breakable")
def breakable(path: str) -> Markup:
    """A path or address that breaks after its slashes first, where there is no room."""
    return Markup("/<wbr>").join(path.split("/"))


@blueprint.app_template_filter("safe_url")
def safe_url(value: str) -> str:
    """A link from a catalog or repository: only http and https ever reach an `href`."""
    try:
        return value if urlsplit(value).scheme in ("http", "https") else "#"
    except ValueError:
        return "#"


blueprint.add_app_template_filter(safe_html, "markdown")
blueprint.add_app_template_filter(safe_inline, "inline_markdown")
blueprint.add_app_template_filter(links.named, "named")
blueprint.add_app_template_filter(words.blanks, "blanks")
blueprint.add_app_template_filter(words.effort, "effort")
blueprint.add_app_template_filter(words.counted, "counted")
blueprint.add_app_template_filter(words.things, "things")
blueprint.add_app_template_filter(words.spoken, "spoken")
blueprint.add_app_template_filter(words.sentence, "sentence")
