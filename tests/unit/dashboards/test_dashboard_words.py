"""Words on pages: levels, efforts, ages, counts, texts with blanks and code in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask

from app.dashboards import links, words
from app.dashboards.blueprint import coded, safe_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "no time"), (300, "5 min"), (3600, "1 h"), (5400, "1 h 30 min"), (57_599, "16 h"), (57_600, "2 days")],
)
def test_an_effort_is_working_time(seconds, said):
    assert words.effort(seconds) == said


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=40), "2026-01-20"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_an_age_is_told_in_one_unit(back, said):
    assert words.ago(NOW - back, NOW) == said


def test_marks_fill_up_with_the_rank_and_never_look_alike(policy):
    card = policy.scorecards["sre-maturity"]
    found = words.levels(card)
    assert [level.title for level in found] == ["Gold", "Silver", "Bronze", "No level", "Not rated"]
    assert len({level.mark for level in found}) == len(found)
    assert len({level.style for level in found}) == len(found)
    assert words.level(card, "platinum-of-old").title == "Platinum-of-old"
    assert words.level(None, "gold").style == "l0"


@pytest.mark.parametrize(
    ("percents", "said"), [(0, "0%"), (0.2, "under 1%"), (50, "50%"), (99.9, "over 99%"), (100, "100%")]
)
def test_a_share_is_never_rounded_to_none_or_all(percents, said):
    assert words.share(percents) == said


def test_the_machinery_of_a_remediation_becomes_words():
    assert words.blanks("Give {{ item.path }} to {{entity.name}}.") == "Give ‹path› to ‹entity name›."


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("can't be read: no such file", "Can't be read: no such file"),
        ("is empty: it has no branch yet", "Is empty: it has no branch yet"),
        ("user:default/ada is defined twice", "user:default/ada is defined twice"),
        ("spec.owner is missing", "spec.owner is missing"),
        ("`owner` is missing", "`owner` is missing"),
        ("2 of 3 fail", "2 of 3 fail"),
        ("git ls-remote failed", "git ls-remote failed"),
        ("", ""),
    ],
)
def test_a_clause_becomes_a_sentence_and_names_keep_their_letters(clause, said):
    assert words.sentence(clause) == said


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Set `runbook_url` on <b>", "Set <code>runbook_url</code> on &lt;b&gt;"),
        ("Mend Slow (a/b.yaml:15) and (so: 3)", "Mend Slow (<code>a/b.yaml:15</code>) and (so: 3)"),
        ("of (`a.yaml:3`), (<b>:1)", "of (<code>a.yaml:3</code>), (<code>&lt;b&gt;:1</code>)"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
        ("one ` alone", "one ` alone"),
        ("[click](https://evil.example) **now**", "[click](https://evil.example) **now**"),
    ],
)
def test_only_code_is_marked_up_in_a_strangers_text(text, html):
    assert coded(text) == html


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil", "http://[broken", ""])
def test_only_web_addresses_become_links(url):
    assert safe_url(url) == "#"


def test_a_place_leads_to_its_line_at_its_commit():
    place = {"repository": "https://gitlab.com/acme/shop", "path": "a b.yaml", "line": 3, "commit": "c" * 40}
    app = Flask("pages")
    app.extensions["roadworthy"] = SimpleNamespace(forges={"git.acme.example": "gitea"})
    with app.app_context():
        assert links.source(place) == f"https://gitlab.com/acme/shop/-/blob/{'c' * 40}/a%20b.yaml#L3"
        own = links.source({**place, "repository": "https://git.acme.example/acme/shop"})
        assert own == f"https://git.acme.example/acme/shop/src/commit/{'c' * 40}/a%20b.yaml#L3"
        assert links.source({**place, "repository": "file:///srv/shop"}) == ""
        assert links.source({**place, "repository": "https://git.example.org/acme/shop"}) == ""
        assert links.source({**place, "url": "https://wiki.example/x"}) == "https://wiki.example/x"
