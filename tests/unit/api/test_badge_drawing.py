"""Badges: the right width, the right words, and a picture that no text can break."""

import re
from xml.etree import ElementTree

import pytest

from app.api.badges.badge import GREEN, GREY, ORANGE, RED, Stands, badge_of
from app.api.badges.drawing import svg
from app.api.badges.widths import width

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("text", "pixels"), [("build", 27), ("passing", 41), ("license", 37), ("MIT", 21)])
def test_texts_are_as_wide_as_in_the_badges_that_everyone_has(text, pixels):
    assert width(text) == pytest.approx(pixels, abs=1)


def test_accents_take_no_room_and_wide_letters_take_more():
    assert width("Größe") == pytest.approx(width("Gro") + width("ß") + width("e"))
    assert width("e\u0301") == width("é") == width("e")
    assert width("成熟") == 22


HOSTILE = (
    "</text><script>alert(1)</script>",
    "\"'><&",
    "\x00\x1b\ud800]]>",
    "a" * 500,
    "&#x3c;svg onload=x>",
    "\u202eevil",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_the_picture(text):
    root = ElementTree.fromstring(svg(text, text, GREEN))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "title", "linearGradient", "stop", "clipPath", "rect", "g", "text")
    }
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or "href" in name]
    assert float(root.get("width")) < 1000


def test_a_picture_is_as_wide_as_its_parts_and_says_its_text_aloud():
    root = ElementTree.fromstring(svg("SRE maturity", "Silver", GREEN))
    left, right, _ = root.findall(f"{SVG}g/{SVG}rect")
    assert float(root.get("width")) == pytest.approx(float(left.get("width")) + float(right.get("width")), abs=0.02)
    assert float(right.get("width")) == pytest.approx(width("Silver") + 10, abs=0.01)
    assert root.get("aria-label") == root.find(f"{SVG}title").text == "SRE maturity: Silver"
    shown = [one for one in root.iter(f"{SVG}text") if one.get("aria-hidden") is None]
    assert [one.text for one in shown] == ["SRE maturity", "Silver"]
    assert float(shown[1].get("textLength")) == pytest.approx(width("Silver"), abs=0.01)


@pytest.mark.parametrize(
    ("stands", "message", "colour"),
    [
        (Stands("silver", "silver", True), "Silver", GREEN),
        (Stands("gold", "", None), "Gold", GREEN),
        (Stands("bronze", "silver", False), "Bronze, target Silver", ORANGE),
        (Stands("none", "bronze", False), "no level, target Bronze", RED),
        (Stands("not_rated", "bronze", False), "not rated, target Bronze", GREY),
        (Stands("none", "", None), "no level", GREY),
        (None, "unknown", GREY),
    ],
)
def test_a_badge_says_the_level_and_the_target_where_it_is_missed(policy, stands, message, colour):
    badge = badge_of(policy.scorecards["sre-maturity"], stands, "sre-maturity")
    assert (badge.label, badge.message, badge.colour) == ("SRE maturity", message, colour)


def test_a_scorecard_that_is_not_there_is_unknown_under_its_own_name():
    badge = badge_of(None, None, "nope")
    assert (badge.label, badge.message) == ("nope", "unknown")


@pytest.mark.parametrize("colour", [GREEN, ORANGE, RED, GREY, "#555555"])
def test_white_letters_can_be_read_on_every_colour(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_several_pictures_in_one_document_do_not_share_their_frames():
    ids = [set(re.findall(r' id="([^"]+)"', svg("SRE maturity", level, GREEN))) for level in ("Silver", "Bronze")]
    assert len(ids[0]) == 2
    assert ids[0].isdisjoint(ids[1])
