"""Hosts: a slow one gets few places, one that fails again and again rests, and neither is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from app.jobs.hosts import FIRST_REST, LONGEST_REST, REST_AFTER, Hosts

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def failing(times: int) -> Hosts:
    hosts = Hosts(4, Random(1))
    for _ in range(times):
        hosts.did("git.example.org", NOW, well=False)
    return hosts


def test_a_host_whose_places_are_taken_is_left_out_and_a_local_path_never() -> None:
    hosts = Hosts(2, Random(1))

    assert hosts.left_out({"slow": 2, "quick": 1, "": 9}, NOW) == ["slow"]


def test_a_host_whose_places_are_taken_has_a_spare_one_but_not_while_it_rests() -> None:
    hosts = failing(REST_AFTER)

    assert hosts.left_out({"busy": 4, "full": 5}, NOW, spare=1) == ["full", "git.example.org"]


def test_a_host_rests_after_failures_in_a_row_and_then_one_goes_ahead() -> None:
    hosts = failing(REST_AFTER)
    later = NOW + FIRST_REST

    assert failing(REST_AFTER - 1).left_out({}, NOW) == []
    assert hosts.left_out({}, NOW) == hosts.resting(NOW) == ["git.example.org"]
    assert hosts.left_out({}, later) == []
    assert hosts.left_out({"git.example.org": 1}, later) == ["git.example.org"]


def test_rests_grow_up_to_a_bound() -> None:
    hosts = failing(REST_AFTER + 3)
    assert hosts.left_out({}, NOW + 3 * FIRST_REST) == ["git.example.org"]
    assert failing(60).left_out({}, NOW + LONGEST_REST) == []


def test_a_host_that_answers_is_well_at_once() -> None:
    hosts = failing(20)
    hosts.did("git.example.org", NOW, well=True)

    assert hosts.left_out({}, NOW) == []


def test_a_clock_that_stepped_back_ends_a_rest() -> None:
    assert failing(60).left_out({}, NOW - timedelta(hours=1)) == []
