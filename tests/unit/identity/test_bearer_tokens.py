"""The form of bearer tokens, and that only the whole text proves anything."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.identity import tokens

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MADE = tokens.new()


def stored(made: tokens.NewToken, **more: object) -> tokens.StoredToken:
    return tokens.StoredToken(id=made.id, name="ci", digest=made.digest, scopes=("read",), created_at=NOW, **more)


def test_a_token_names_its_row_and_proves_itself() -> None:
    assert MADE.text.startswith("rw_")
    assert tokens.id_of(MADE.text) == MADE.id
    assert tokens.proves(MADE.text, stored(MADE))


def test_two_tokens_share_nothing() -> None:
    other = tokens.new()
    assert {other.text, other.id, other.digest}.isdisjoint({MADE.text, MADE.id, MADE.digest})
    assert not tokens.proves(other.text, stored(MADE))


def test_the_row_holds_nothing_that_lets_anyone_in() -> None:
    assert MADE.text not in repr(stored(MADE))
    assert not tokens.proves(MADE.digest, stored(MADE))
    assert not tokens.proves(MADE.text, None)


@given(st.text())
def test_any_text_is_read_and_proves_nothing(text: str) -> None:
    assert tokens.id_of(text) is None
    assert not tokens.proves(text.encode("utf-8", "replace").decode(), stored(MADE))


@given(st.integers(0, len(MADE.text) - 1), st.sampled_from("0aZ_-.é\n"))
def test_one_changed_character_is_noticed_before_the_store_is_asked(place: int, character: str) -> None:
    changed = MADE.text[:place] + character + MADE.text[place + 1 :]
    assert changed == MADE.text or tokens.id_of(changed) is None


@given(st.integers(0, len(MADE.text) - 1))
def test_a_token_cut_off_by_a_paste_is_noticed(length: int) -> None:
    assert tokens.id_of(MADE.text[:length]) is None
    assert tokens.id_of(MADE.text + MADE.text[:length]) is (None if length else MADE.id) or length == 0


def test_a_token_lives_until_it_expires_or_is_revoked() -> None:
    until = stored(MADE, expires_at=NOW + timedelta(days=1))
    assert until.is_live(NOW)
    assert not until.is_live(NOW + timedelta(days=1))
    assert not stored(MADE, revoked_at=NOW).is_live(NOW)
