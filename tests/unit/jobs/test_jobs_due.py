"""When a repository is next due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from app.jobs.due import next_poll, next_retry

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Loaded(Random):
    """Dice that always fall on the same share of their range."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.share


@pytest.mark.parametrize(("share", "minutes"), [(0.0, 9), (0.5, 10), (1.0, 11)])
def test_polls_drift_apart_by_a_tenth(share: float, minutes: int) -> None:
    assert next_poll(NOW, timedelta(minutes=10), Loaded(share)) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 15), (2, 30), (5, 240), (8, 1920), (9, 3600)])
def test_each_failure_doubles_the_wait_up_to_an_hour(failures: int, seconds: int) -> None:
    retry = next_retry(NOW, failures, "timed out", Loaded(1.0))

    assert (retry.due_at, retry.parked_reason) == (NOW + timedelta(seconds=seconds), "")


def test_a_retry_waits_at_least_half_of_its_longest_wait() -> None:
    assert next_retry(NOW, 2, "timed out", Loaded(0.0)).due_at == NOW + timedelta(seconds=15)


def test_after_ten_failures_a_repository_is_parked_and_tried_daily() -> None:
    retry = next_retry(NOW, 10, "timed out", Loaded(0.5))

    assert retry.due_at == NOW + timedelta(days=1)
    assert retry.parked_reason == "parked after 10 tries, tried again daily: timed out"


def test_a_permanent_error_is_parked_at_once() -> None:
    retry = next_retry(NOW, 1, "it is gone", Loaded(0.5), permanent=True)

    assert retry.parked_reason == "parked after 1 try, tried again daily: it is gone"


def test_a_thousand_failures_do_not_overflow() -> None:
    assert next_retry(NOW, 10**6, "x", Loaded(0.5)).due_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(("failing", "waits"), [(5, 15), (70, 70), (600, 600), (5000, 3600)])
def test_nobody_waits_longer_than_it_has_failed_however_often_it_was_asked_for(failing: int, waits: int) -> None:
    retry = next_retry(NOW, 9, "corrupt", Loaded(1.0), good_at=NOW - timedelta(seconds=failing))
    assert retry.due_at == NOW + timedelta(seconds=waits)


@pytest.mark.parametrize(("failing", "parked"), [(60, False), (3599, False), (3600, True)])
def test_many_failures_of_one_minute_park_nothing(failing: int, parked: bool) -> None:
    retry = next_retry(NOW, 40, "corrupt", Loaded(1.0), good_at=NOW - timedelta(seconds=failing))
    assert bool(retry.parked_reason) == parked
