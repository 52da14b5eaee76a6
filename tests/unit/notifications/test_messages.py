"""What a message says: net changes, and words that strangers' names can't turn into anything else."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.notifications.coalesce import net
from app.notifications.model import Note
from app.notifications.slack import blocks_of, text_of

LEVELS = ("none", "bronze", "silver")


def told(entity="component:default/shop", before="bronze", after="none", check="", **more):
    base = {"entity": entity, "scorecard": "sre-maturity", "what": "level", "before": before, "after": after}
    return {"cursor": 1, "at": "2026-11-24T12:00:00Z", "reason": "code", "check": check, **base, **more}


def test_steps_of_one_entity_are_told_as_one_from_first_to_last():
    steps = [told(before="gold", after="silver"), told("component:default/x"), told(before="silver", after="none")]

    assert [(one["entity"][-4:], one["before"], one["after"]) for one in net(steps)] == [
        ("lt/x", "bronze", "none"),
        ("shop", "gold", "none"),
    ]


def test_checks_of_one_entity_are_told_apart():
    changes = [told(check="a", before="pass", after="fail"), told(check="b", before="fail", after="pass")]

    assert len(net(changes)) == 2


def test_a_check_that_could_not_be_seen_after_it_failed_for_a_moment_began_nothing():
    steps = [("pass", "fail"), ("fail", "unknown")]

    assert net([told(check="a", what="outcome", before=was, after=now) for was, now in steps]) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(LEVELS), min_size=2, max_size=9))
def test_a_walk_through_levels_is_told_by_its_ends_alone(walk):
    steps = [told(before=a, after=b) for a, b in pairwise(walk) if a != b]

    assert [(one["before"], one["after"]) for one in net(steps)] == (
        [(walk[0], walk[-1])] if walk[0] != walk[-1] else []
    )


def test_a_hostile_name_stays_text():
    note = Note(
        1,
        "group:default/<!channel>",
        datetime(2026, 11, 24, tzinfo=UTC),
        [told("component:default/<https://evil|x>`&\n*hi*", check="<@U1>")],
    )

    text = text_of(note)

    assert "<!" not in text
    assert "<@" not in text
    assert "<https" not in text
    assert text.count("\n") == 1


def test_a_long_message_is_cut_and_says_how_much_is_left():
    note = Note(1, "", datetime(2026, 11, 24, tzinfo=UTC), [told(f"component:default/c{n}") for n in range(50)])

    assert text_of(note).splitlines()[-1] == "… and 30 more"
    assert text_of(note).startswith("*Scores of nobody: 50 entities changed*")


ANY_TEXT = st.text(max_size=400) | st.text("&<>`_", min_size=100, max_size=400)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(told, ANY_TEXT, before=ANY_TEXT, after=ANY_TEXT, check=ANY_TEXT, scorecard=ANY_TEXT, reason=ANY_TEXT),
        min_size=1,
        max_size=60,
    ),
    ANY_TEXT,
)
def test_blocks_hold_to_slacks_limits_whatever_things_are_called(changes, owner):
    """A header of 150 characters, sections of 3,000, 50 blocks, a text of 40,000: else Slack refuses all of it."""
    note = Note(1, owner, datetime(2026, 11, 24, tzinfo=UTC), changes, "https://rw.example")

    header, *sections = blocks_of(note)

    assert len(sections) < 50
    assert (header["type"], header["text"]["type"]) == ("header", "plain_text")
    assert 1 <= len(header["text"]["text"]) <= 150
    for section in sections:
        assert (section["type"], section["text"]["type"]) == ("section", "mrkdwn")
        assert 1 <= len(section["text"]["text"]) <= 3_000
    assert len(text_of(note)) <= 40_000
    assert "\n".join(section["text"]["text"] for section in sections) == text_of(note).partition("\n")[2]
