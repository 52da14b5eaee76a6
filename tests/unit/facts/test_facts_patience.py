"""A repository's Terraform is bounded as a whole: what is left out is told, and the next reading goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from app.facts.inventory import take
from app.facts.patience import MOST_BYTES, MOST_SECONDS, Patience
from app.pipeline.fixing_here import MemoryCache

DATABASE = 'resource "aws_db_instance" "db{0}" {{\n  backup_retention_period = {0}\n}}\n'
SLOW = 'resource "aws_eks_cluster" "c{0}" {{\n' + "".join(f'  a{n} = "${{{{b}}}}"\n' for n in range(600)) + "}}\n"


def a_second_each() -> Callable[[], float]:
    """A clock by which every file takes one second."""
    ticks = itertools.count()
    return lambda: float(next(ticks) // 2 + next(ticks) % 2)


def test_of_ten_thousand_small_files_none_is_passed_over_in_silence(snapshot: Callable[..., Any]) -> None:
    files = {f"m{number}/main.tf": DATABASE.format(number) for number in range(10_000)}
    began = time.monotonic()
    inventory = take(snapshot(files), MemoryCache(), patience=Patience(seconds=6))
    told = {place.path for place in inventory.unreadable}

    assert time.monotonic() - began < MOST_SECONDS
    assert {found.path for found in inventory.of("database")} | told == set(files)
    assert told, "not all of it can be read in six seconds, or looked at"


def test_what_is_beyond_the_resources_looked_at_is_told(snapshot: Callable[..., Any]) -> None:
    many = "".join(DATABASE.format(number) for number in range(900))
    files = {f"m{number}/main.tf": f"# {number}\n{many}" for number in range(7)}
    inventory = take(snapshot(files), MemoryCache())

    assert len(inventory.of("database")) == 5_000
    reasons = {place.reason for place in inventory.unreadable if "first" in place.reason}
    assert reasons == {"only the first 5,000 are looked at"}


def test_hostile_files_end_with_the_budget_and_are_told_with_the_reason(snapshot: Callable[..., Any]) -> None:
    files = {f"m{number:03}/main.tf": SLOW.format(number) for number in range(400)}
    patience = Patience(seconds=2.0)
    began = time.monotonic()
    inventory = take(snapshot(files), MemoryCache(), patience=patience)

    assert time.monotonic() - began < 30, "without a budget it takes minutes"
    left_out = [place for place in inventory.unreadable if "more than is read at once (2 s)" in place.reason]
    assert len(left_out) > 300
    assert {(place.group, place.line, place.ignored) for place in left_out} == {("cluster", 1, "")}


def test_too_many_bytes_are_left_out_and_other_files_are_read(snapshot: Callable[..., Any]) -> None:
    files = {"a.tf": DATABASE.format(1), "b.tf": DATABASE.format(2), "c.tf": "# nothing of ours\n", "docs/r.md": "# R"}
    inventory = take(snapshot(files), MemoryCache(), patience=Patience(most_bytes=len(files["a.tf"]) + 5))

    assert [found.path for found in inventory.of("database")] == ["a.tf"]
    assert [(place.group, place.path) for place in inventory.unreadable] == [("database", "b.tf")]
    assert [found.path for found in inventory.of("runbook")] == ["docs/r.md"]
    assert MOST_BYTES >= 16 * 1024 * 1024


def test_the_next_reading_goes_on_where_this_one_stopped(snapshot: Callable[..., Any]) -> None:
    files = {f"m{number}/main.tf": DATABASE.format(number) for number in range(7)}
    cache, seen = MemoryCache(), []
    for _ in range(3):
        inventory = take(snapshot(files), cache, patience=Patience(seconds=3, clock=a_second_each()))
        seen.append((len(inventory.of("database")), len(inventory.unreadable)))

    assert seen == [(3, 4), (6, 1), (7, 0)]
