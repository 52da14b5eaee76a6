"""Signed texts open only whole, for their purpose, and in time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.signing import Signer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIFE = timedelta(hours=1)
OURS = Signer(b"k" * 32)
SIGNED = OURS.sign("session", "ada", NOW)


@given(st.text())
def test_what_was_signed_opens_as_it_was(payload: str) -> None:
    payload = payload.encode("utf-8", "replace").decode()
    assert OURS.open("session", OURS.sign("session", payload, NOW), NOW, LIFE) == payload


@pytest.mark.parametrize(
    ("signer", "purpose", "now"),
    [
        (Signer(b"x" * 32), "session", NOW),
        (OURS, "form", NOW),
        (OURS, "session", NOW + LIFE),
        (OURS, "session", NOW - timedelta(minutes=1)),
    ],
    ids=["another secret", "another purpose", "too late", "from the future"],
)
def test_anything_else_does_not_open(signer: Signer, purpose: str, now: datetime) -> None:
    assert signer.open(purpose, SIGNED, now, LIFE) is None


@given(st.integers(0, len(SIGNED) - 1), st.characters())
def test_no_changed_character_opens(place: int, character: str) -> None:
    changed = SIGNED[:place] + character + SIGNED[place + 1 :]
    assert changed == SIGNED or OURS.open("session", changed, NOW, LIFE) is None


@given(st.text())
def test_any_text_is_refused_without_a_fuss(text: str) -> None:
    assert OURS.open("session", text, NOW, LIFE) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"short")
