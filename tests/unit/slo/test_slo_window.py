"""Windows of every format in one spelling: minutes are not months."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.times import parse_duration
from app.slo import window


@pytest.mark.parametrize(
    ("written", "seconds", "prometheus"),
    [
        ("1m", 60, "1m"),
        ("1M", 2_592_000, "30d"),
        ("28d", 2_419_200, "4w"),
        ("4w", 2_419_200, "4w"),
        ("1Q", 7_776_000, "90d"),
        ("1Y", 31_536_000, "1y"),
        ("12h", 43_200, "12h"),
    ],
)
def test_an_openslo_duration_tells_minutes_from_months(written: str, seconds: int, prometheus: str) -> None:
    assert window.openslo(written) == (prometheus, seconds)


@pytest.mark.parametrize("written", ["", "30", "d", "1h30m", "-1d", "0d", "1 d", "999999999Y", "１d", "d1", "1x"])
def test_what_is_no_openslo_duration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="“"):
        window.openslo(written)


@pytest.mark.parametrize("written", ["1M", "1Q", "1Y"])
def test_v2alpha_has_no_months_quarters_and_years(written: str) -> None:
    with pytest.raises(ValueError, match="such as 28d or 4w"):
        window.openslo(written, months=False)


@pytest.mark.parametrize(
    ("unit", "count", "seconds"),
    [("Day", 28, 2_419_200), ("day", 30, 2_592_000), ("Month", 1, 2_592_000), ("Quarter", 1, 7_776_000)],
)
def test_a_unit_and_a_count_make_a_window(unit: str, count: int, seconds: int) -> None:
    assert window.unit_and_count(unit, count)[1] == seconds


@pytest.mark.parametrize(
    ("unit", "count"), [("Days", 1), ("", 1), ("Day", 0), ("Day", -1), ("Day", "28"), ("Day", 10**40)]
)
def test_a_unit_or_count_that_is_none_is_refused(unit: str, count: object) -> None:
    with pytest.raises(ValueError):
        window.unit_and_count(unit, count)


def test_a_prometheus_duration_keeps_its_spelling() -> None:
    assert window.prometheus(" 28d ") == ("28d", 2_419_200)


@pytest.mark.parametrize("written", ["0", "0d", "", "4 weeks", "9" * 5000 + "y"])
def test_a_prometheus_window_must_last(written: str) -> None:
    with pytest.raises(ValueError):
        window.prometheus(written)


def test_a_calendar_starts_at_a_date_and_time() -> None:
    assert window.calendar_start("2026-01-31 12:30:00") == datetime(2026, 1, 31, 12, 30)
    with pytest.raises(ValueError, match="is not a start"):
        window.calendar_start("2026-01-31T12:30:00Z")


@given(st.integers(1, 5000), st.sampled_from("mhdw"))
def test_what_is_written_back_means_the_same(count: int, unit: str) -> None:
    written, seconds = window.openslo(f"{count}{unit}")

    assert parse_duration(written).total_seconds() == seconds
