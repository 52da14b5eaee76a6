"""Words about a change: strangers' names stay names."""

from __future__ import annotations

from app.policy.change_report import text_of, title_of
from app.policy.compare import Comparison, LevelTurn


def test_nothing_scored_and_nothing_moved_are_told_apart():
    assert title_of(Comparison((), (), 0)) == "Nothing here is scored"
    assert title_of(Comparison((), (), 3)) == "Nothing better or worse"


def test_a_hostile_entity_name_makes_no_link_mention_or_heading():
    level = LevelTurn("component:default/`x`](https://evil)\n# @everyone", "sre-maturity", "", "not_rated")

    text = text_of(Comparison((), (level,), 1))

    line = next(one for one in text.splitlines() if "evil" in one)
    assert line.startswith("- `component:default/'x'](https://evil) # @everyone`")
    assert "born at **not\\_rated**" not in line
