"""What is dumped often is written as the standard encoder writes it, also where the quick one refuses."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.json_text import dumped

WHOLE = st.integers(-(2**80), 2**80)
TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


def standard(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


@given(PLAIN)
def test_the_bytes_are_those_of_the_standard_encoder(value):
    assert dumped(value) == standard(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_as_it_was(value):
    assert json.loads(dumped(value)) == value


@pytest.mark.parametrize("value", ["\udcff.yaml", {"\ud800": 1}, 2**70, "nul \x00"])
def test_what_is_no_unicode_and_what_is_very_large_is_written_all_the_same(value):
    assert dumped(value) == standard(value)


def test_deep_nesting_is_written():
    value: list[object] = []
    for _ in range(400):
        value = [value]
    assert sys.getrecursionlimit() > 400
    assert dumped(value) == b"[" * 401 + b"]" * 401


def test_what_is_no_plain_data_is_refused():
    with pytest.raises(TypeError):
        dumped({"at": object()})
