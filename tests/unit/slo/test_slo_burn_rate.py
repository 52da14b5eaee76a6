"""Burn rates against the SRE workbook's numbers and Pyrra's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slo.burn_rate import WORKBOOK, budget_spent, burn_rate_of, expected, factor, plausible, speed

H, D = timedelta(hours=1), timedelta(days=1)


def test_the_workbook_table_is_14_4_and_6_and_3_and_1_for_thirty_days() -> None:
    assert [round(factor(pair.budget_ratio, pair.long), 9) for pair in WORKBOOK] == [14.4, 6, 3, 1]


def test_the_factors_follow_the_period() -> None:
    factors = [round(factor(pair.budget_ratio, pair.long, 28 * D), 2) for pair in WORKBOOK]

    assert factors == [13.44, 5.6, 2.8, 0.93]


def test_short_windows_are_a_twelfth_of_the_long_ones() -> None:
    assert all(pair.long / pair.short == 12 for pair in WORKBOOK)


@pytest.mark.parametrize(("long", "said"), [(H, "fast"), (6 * H, "fast"), (7 * H, "slow"), (3 * D, "slow")])
def test_up_to_six_hours_is_fast(long: timedelta, said: str) -> None:
    assert speed(long) == said


def test_a_day_of_a_four_week_period_has_the_workbook_s_rate_and_pyrra_s() -> None:
    assert [round(rate, 9) for rate in expected(D, 28 * D)] == [2.8, 2.0]
    assert expected(9 * H) == ()


@pytest.mark.parametrize(
    ("threshold", "ratio", "operator", "long", "period", "fits"),
    [
        (14.4 * 0.001, 0.999, ">", H, 30 * D, True),
        (13.44 * 0.001, 0.999, ">", H, 28 * D, True),
        (14.4 * 0.001, 0.99, ">", H, 30 * D, False),  # a threshold of another objective
        (14.4 * 0.01, 0.999, ">", H, 30 * D, False),
        (14.4, 0.999, ">", H, 30 * D, True),  # a recorded burn rate
        (1 * 0.001, 0.999, ">", 3 * D, 30 * D, True),
        (1.0, 0.999, ">", 3 * D, 30 * D, True),
        (14 * 0.01, 0.99, ">", H, 28 * D, True),
        (7 * 0.01, 0.99, ">", 6 * H, 28 * D, True),
        (2 * 0.01, 0.99, ">", D, 28 * D, True),
        (1 * 0.01, 0.99, ">", 4 * D, 28 * D, True),
        (7 * 0.01, 0.99, ">", 3 * H, 14 * D, True),  # Pyrra scales its windows with the period
        (1 - 14.4 * 0.001, 0.999, "<", H, 30 * D, True),  # apdex
        (1 - 14.4 * 0.01, 0.999, "<", H, 30 * D, False),
        (14.4, 0.999, "<", H, 30 * D, False),
        (3.0 * 0.001, 0.999, ">", 12 * H, 30 * D, True),  # no table knows 12 h: 5 % of the budget
        (0.5 * 0.001, 0.999, ">", 12 * H, 30 * D, False),
        (0.0, 0.999, ">", H, 30 * D, False),
        (14.4, 1.0, ">", H, 30 * D, False),
        (14.4, 0.999, ">", timedelta(0), 30 * D, False),
    ],
)
def test_a_threshold_fits_its_objective_or_does_not(
    threshold: float, ratio: float, operator: str, long: timedelta, period: timedelta, fits: bool
) -> None:
    assert plausible(threshold, ratio, operator, long, period) is fits


@pytest.mark.parametrize(("rate", "fits"), [(10.8, True), (10.7, False), (18.0, True), (18.1, False)])
def test_a_quarter_off_the_formula_is_the_limit(rate: float, fits: bool) -> None:
    assert plausible(rate, 0.999, ">", H) is fits


def test_an_objective_without_budget_has_no_burn_rate() -> None:
    assert burn_rate_of(0.01, 1.0, ">") is None


@pytest.mark.parametrize("call", [lambda: factor(0.02, timedelta(0)), lambda: budget_spent(1, H, timedelta(0))])
def test_windows_of_no_length_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        call()  # type: ignore[operator]


@given(
    st.floats(0.5, 0.9999),
    st.sampled_from(WORKBOOK),
    st.integers(7, 90),
    st.floats(0.8, 1.2),
    st.sampled_from([">", "<"]),
)
def test_what_the_formula_says_always_fits(ratio: float, pair: object, days: int, slack: float, operator: str) -> None:
    rate = factor(pair.budget_ratio, pair.long, days * D) * slack  # type: ignore[attr-defined]
    errors = rate * (1 - ratio)
    threshold = 1 - errors if operator == "<" else errors

    assert plausible(threshold, ratio, operator, pair.long, days * D) is (threshold > 0)  # type: ignore[attr-defined]


@given(st.floats(0.0001, 1), st.integers(1, 2000), st.integers(1, 90))
def test_the_budget_spent_undoes_the_factor(share: float, hours: int, days: int) -> None:
    assert budget_spent(factor(share, hours * H, days * D), hours * H, days * D) == pytest.approx(share)
