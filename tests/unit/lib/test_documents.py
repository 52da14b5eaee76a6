"""Strangers' texts that have hurt YAML loaders before, and any other text: never an exception, never a wait."""

from __future__ import annotations

import json

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.lib import documents
from app.lib.documents import Limits, Mapping


def test_an_equals_sign_alone_is_text() -> None:
    assert documents.load("matchType: =") == {"matchType": "="}


def test_a_number_too_long_to_print_stays_text() -> None:
    assert documents.load("a: 0x" + "f" * 5000) == {"a": "0x" + "f" * 5000}
    assert documents.load("a: " + "1" * 5000) == {"a": "1" * 5000}


def test_literal_blocks_know_where_their_text_begins() -> None:
    value = documents.load("a: |\n  x\nb: >\n  y\nc: 'z'\nd:\n  e: |-  # why\n\n    x\n")
    assert isinstance(value, Mapping)
    assert value.blocks == {"a": 2}
    assert value["d"].blocks == {"e": 8}


def test_a_text_in_one_place_has_all_its_lines_there() -> None:
    (document,) = documents.load_all("a: 1\nb:\n  - c\n", first_line=7, one_line=True)
    assert (document.line, documents.line_of(document.value, "b"), documents.line_of(document.value["b"], 0)) == (
        7,
        7,
        7,
    )


def test_half_a_surrogate_pair_is_told_and_not_raised() -> None:
    (document,) = documents.load_all("a: \ud800")
    assert document.error is not None
    assert document.error.code == "not-utf8"


def test_broken_documents_count_against_the_limit_too() -> None:
    found = documents.load_all("---\na: [\n" * 1000, limits=Limits(documents=10))
    assert len(found) == 10
    assert all(document.error is not None for document in found)


def test_lines_hold_behind_a_broken_document() -> None:
    found = documents.load_all("a: [\n---\nb: 1\n---\nc: '\u2028'\n---\nd: 1\n")
    assert [(document.line, document.error is None) for document in found] == [
        (2, False),
        (2, True),
        (4, True),
        (6, True),
    ]


@often(300)
@given(st.one_of(st.text(max_size=120), st.text("{}[]&*!|>'\"%@`#,?:- \n\t<a0x.~", max_size=120)))
def test_no_text_is_ever_raised_upon(text: str) -> None:
    for document in documents.load_all(text):
        assert (document.error is None) or document.value is None


@often(300)
@given(st.binary(max_size=120))
def test_no_bytes_are_ever_raised_upon(data: bytes) -> None:
    assert isinstance(documents.load_all(data, last_wins=True), list)


@often(150)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=8)),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
        max_leaves=20,
    )
)
@pytest.mark.parametrize("indent", [None, "\t"])
def test_json_is_read_as_json_reads_it(indent: str | None, value: object) -> None:
    text = json.dumps([value], indent=indent)
    if "<<" not in text:
        assert documents.load(text) == [value]
