"""Markdown shows itself as text does, and nothing in it ever runs or calls home."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.markup import safe_html, safe_inline

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "![x](https://evil.example/pixel.png)",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    '<https://a.example/" onmouseover=alert(1)>',
    "[x](https://a.example 'onmouseover=alert(1)')",
    "```html\n<script>alert(1)</script>\n```",
    "<style>*{display:none}</style>",
    "<iframe src=//evil.example></iframe>",
    "[a]: javascript:alert(1)\n[x][a]",
]
ALLOWED = {"a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul"}
PIECES = [*HOSTILE, "# x", "- ", "`", "\n\n", "**", "<", ">", '"', "'", "&"]


class Checker(HTMLParser):
    """Asserts of every tag that it is allowed, and leads nowhere it should not."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        for name, value in attrs:
            assert (name, tag) in {("href", "a"), ("rel", "a")}
            assert name != "href" or urlsplit(value or "").scheme in ("", "http", "https", "mailto")


def check(html: str) -> None:
    Checker().feed(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_gets_through(text: str) -> None:
    check(safe_html(text))
    check(safe_inline(text))


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_nothing_at_all_gets_through(text: str) -> None:
    check(safe_html(text))


def test_what_a_policy_writes_is_shown() -> None:
    assert safe_inline("Add `runbook_url`, see [how](https://a.example/x?y=1)") == (
        'Add <code>runbook_url</code>, see <a href="https://a.example/x?y=1" rel="noopener noreferrer nofollow">how</a>'
    )
    assert safe_html("one\n\n- two\n- **three**") == (
        "<p>one</p>\n<ul>\n<li>two</li>\n<li><strong>three</strong></li>\n</ul>\n"
    )


def test_a_long_or_deep_text_is_no_burden() -> None:
    check(safe_html("> " * 20_000 + "x"))
    check(safe_html("[" * 100_000))
