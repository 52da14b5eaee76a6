"""Instants at the edges of the calendar are written, never raised."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.lib.times import format_instant


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 24, 12, tzinfo=UTC), "2026-11-24T12:00:00Z"),
        (datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-24T10:00:00Z"),
        (datetime(1, 1, 1), "0001-01-01T00:00:00Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "0001-01-01T00:00:00+05:00"),
    ],
)
def test_an_instant_is_written_in_utc(instant, text):
    assert format_instant(instant) == text
