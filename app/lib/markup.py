"""Markdown to HTML that is safe to show: the only door to nh3, and the only one through which HTML gets into a page.

Markdown's own HTML is off; what comes out is cleaned again by an allow-list, so neither half is trusted alone. Images
are left out: they would tell a stranger's server who reads.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_LONGEST = 50_000
_TAGS = {"a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul"}
_SCHEMES = {"http", "https", "mailto"}
_PARSER = MarkdownIt("commonmark", {"html": False}).disable(["image"])


def safe_html(markdown: str) -> Markup:
    """A text's HTML. Longer texts are cut: rendering is linear, but a page has its weight."""
    rendered = _PARSER.render(markdown[:_LONGEST].replace("\x00", ""))
    cleaned = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )
    return Markup(cleaned)  # noqa: S704  it was cleaned in the line before


def safe_inline(markdown: str) -> Markup:
    """One line's HTML, without its paragraph: for texts that stand within one."""
    html = str(safe_html(markdown)).strip()
    inner = html.removeprefix("<p>").removesuffix("</p>")
    return Markup(html if "<p>" in inner or not html.startswith("<p>") else inner)  # noqa: S704  cleaned already
