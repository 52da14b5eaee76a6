"""Words about a change: strangers' names stay names, and the Markdown is what every forge shows alike."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.lib.markdown_text import code, plain, prose
from app.policy.change_report import Wording, text_of, title_of
from app.policy.compare import Comparison, LevelTurn


def test_nothing_scored_and_nothing_moved_are_told_apart():
    assert title_of(Comparison((), (), 0)) == "Nothing here is scored"
    assert title_of(Comparison((), (), 3)) == "Nothing better or worse"


def test_a_hostile_entity_name_makes_no_link_mention_or_heading():
    level = LevelTurn("component:default/`x`](https://evil)\n# @everyone", "sre-maturity", "", "not_rated")

    text = text_of(Comparison((), (level,), 1), Wording("https://rw.example"))

    line = next(one for one in text.splitlines() if "evil" in one)
    assert line.startswith("- `component:default/'x'](https://evil) # @everyone`")
    assert "born at **not rated**" in line


def test_an_entity_is_linked_to_its_page_where_there_are_pages():
    level = LevelTurn("component:default/shop", "sre-maturity", "bronze", "none")

    assert (
        "- [`component:default/shop`](https://rw.example/entities/component/default/shop) (sre-maturity): "
        in text_of(Comparison((), (level,), 1), Wording("https://rw.example"))
    )
    assert "- `component:default/shop` (sre-maturity): bronze → **none**" in text_of(
        Comparison((), (level,), 1), Wording()
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Set `for` of High_Load (a.yaml:3).", "Set `for` of High\\_Load (a.yaml:3)."),
        ("one ` too many", "one \\` too many"),
        ("see https://evil.example/x now", "see `https://evil.example/x` now"),
        ("an address without a scheme: ://evil.example", "an address without a scheme: `://evil.example`"),
        ("half an address: https:// and ://", "half an address: `https://` and `://`"),
        ("`a` and `b`", "`a` and `b`"),
        ("ask @everyone", "ask @\u200beveryone"),
    ],
)
def test_a_remedy_keeps_its_code_and_nothing_else(text, shown):
    assert prose(text) == shown


@example("://")
@given(st.text(st.sampled_from("`*_[]()<>#|!~\\@ahtps:/. \n"), max_size=60))
def test_no_text_of_a_stranger_becomes_markup(text):
    """As CommonMark with the links that GitHub makes of bare addresses; code may stand where it was asked for."""
    for said in (plain(text), prose(text), code(text)):
        tokens = [one for block in MarkdownIt("commonmark").parse(f"- x {said}") for one in (block.children or [])]
        assert {one.type for one in tokens} <= {"text", "code_inline", "text_special"}
        outside = "".join(one.content for one in tokens if one.type != "code_inline")
        assert "://" not in outside
        assert "@" not in outside.replace("@\u200b", "")
