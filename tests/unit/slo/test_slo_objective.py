"""Targets in percent or ratio become one ratio, and slips of the unit are told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slo.objective import Target, from_percent, from_ratio, number_of


@pytest.mark.parametrize(
    ("written", "ratio"), [(99.9, 0.999), ("99.9", 0.999), (50, 0.5), (99.999999, 0.99999999), ("1", 0.01)]
)
def test_a_percentage_becomes_a_ratio(written: object, ratio: float) -> None:
    assert from_percent(written) == Target(ratio)


@pytest.mark.parametrize(("written", "ratio"), [(0.999, 0.999), ("0.95", 0.95), (1e-9, 1e-9)])
def test_a_ratio_stays_what_it_is(written: object, ratio: float) -> None:
    assert from_ratio(written) == Target(ratio)


@pytest.mark.parametrize(
    ("written", "ratio", "code"),
    [
        (0.999, 0.00999, "objective-unit"),
        (100, 1.0, "objective-no-budget"),
        (0, 0.0, "objective-zero"),
        (101, -1, "objective-out-of-range"),
        (-1, -1, "objective-out-of-range"),
        ("99.9%", -1, "objective-not-a-number"),
        (None, -1, "objective-missing"),
        (True, -1, "objective-not-a-number"),
        ({}, -1, "objective-not-a-number"),
        (float("nan"), -1, "objective-not-a-number"),
        (10**400, -1, "objective-not-a-number"),
    ],
)
def test_a_percentage_that_is_no_target_says_why(written: object, ratio: float, code: str) -> None:
    target = from_percent(written)

    assert (target.ratio, target.code) == (ratio, code)


@pytest.mark.parametrize(
    ("written", "ratio", "code"),
    [
        (99.9, -1, "objective-unit"),
        (1, 1.0, "objective-no-budget"),
        (0, 0.0, "objective-zero"),
        (250, -1, "objective-out-of-range"),
        (None, -1, "objective-missing"),
        ("high", -1, "objective-not-a-number"),
    ],
)
def test_a_ratio_that_is_no_target_says_why(written: object, ratio: float, code: str) -> None:
    target = from_ratio(written)

    assert (target.ratio, target.code) == (ratio, code)


def test_a_unit_slip_is_told_with_what_to_write() -> None:
    assert from_percent(0.999).message == "the objective 0.999 reads as 0.999 percent; write 99.9 if a ratio was meant"
    assert from_ratio(99.9).message == "the objective 99.9 is no ratio; write 0.999 if a percentage was meant"


@given(st.decimals(min_value="1", max_value="99.9999", places=4))
def test_percent_and_ratio_of_the_same_target_agree(percent: Decimal) -> None:
    assert from_percent(str(percent)).ratio == from_ratio(str(percent / 100)).ratio


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_is_written_a_target_is_a_ratio_or_says_why(written: object) -> None:
    for target in (from_percent(written), from_ratio(written)):
        assert 0 < target.ratio < 1 or target.code
        assert target.ratio == -1 or 0 <= target.ratio <= 1
        assert bool(target.code) == bool(target.message)


def test_a_number_is_finite_or_none() -> None:
    assert number_of("inf") is None
    assert number_of("12.5") == 12.5
