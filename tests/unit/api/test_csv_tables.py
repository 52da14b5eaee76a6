"""CSV that comes back as it went, and in which nothing is a formula."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from app.api.tables import _lines, safe_cell

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@given(st.text())
def test_no_text_begins_a_formula(text: str) -> None:
    assert not safe_cell(text).lstrip(" ").startswith(FORMULAS)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2)))
def test_cells_come_back_whatever_they_hold(rows: list[list[str]]) -> None:
    text = b"".join(_lines(("a", "b"), rows)).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["a", "b"]
    assert [[cell.removeprefix("'") for cell in row] for row in read[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]


def test_numbers_and_nothing_stay_what_they_are() -> None:
    values = (None, True, False, 0.5, -1, "\udc80")
    assert [safe_cell(value) for value in values] == ["", "true", "false", "0.5", "-1", "?"]
