"""What every carrier of hints promises: within a process, between a process and its child, through a real Redis."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import servers
from real_parts import require

from app.jobs.hints import Hints, PipeHints, ProcessHints
from app.jobs.redis_hints import RedisHints

Pair = tuple[Hints, Hints]
"""Who gives, who waits."""


def _process() -> Pair:
    hints = ProcessHints()
    return hints, hints


def _pipe() -> Pair:
    reads, writes = os.pipe()
    return PipeHints(writes=writes), PipeHints(reads=reads)


def _listening(url: str, kind: str = "work") -> RedisHints:
    hints = RedisHints(url, kind)
    hints.wait(0)
    assert hints.is_listening.wait(10)
    hints.wait(0)  # what a new subscription says for itself
    return hints


@pytest.fixture(params=["process", "pipe", "redis"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        made: Pair = RedisHints(url, "work"), _listening(url)
    else:
        made = {"process": _process, "pipe": _pipe}[request.param]()
    yield made
    for one in made:
        one.close()


def test_a_hint_ends_the_wait_of_another(pair: Pair) -> None:
    giver, waiter = pair
    threading.Timer(0.05, giver.give).start()
    began = time.monotonic()

    assert waiter.wait(10)
    assert time.monotonic() - began < 5


def test_a_hint_given_before_the_wait_is_not_lost(pair: Pair) -> None:
    giver, waiter = pair
    giver.give()

    assert waiter.wait(10)


def test_a_hundred_hints_wake_a_few_times_and_then_it_is_quiet(pair: Pair) -> None:
    giver, waiter = pair
    for _ in range(100):
        giver.give()

    woken = 0
    while waiter.wait(0.3):
        woken += 1
    assert 1 <= woken <= 100


def test_without_a_hint_the_wait_ends_by_itself(pair: Pair) -> None:
    assert not pair[1].wait(0.01)


def test_waking_ones_own_process_needs_nobody_else(pair: Pair) -> None:
    pair[1].wake()

    assert pair[1].wait(10)


def test_kinds_do_not_mix(redis_url: str) -> None:
    giver, waiter = RedisHints(redis_url, "news"), _listening(redis_url)
    other = _listening(redis_url, "news")
    giver.give()

    assert other.wait(10)
    assert not waiter.wait(0.05)
    for one in (giver, waiter, other):
        one.close()


def test_every_worker_that_waits_is_woken(redis_url: str) -> None:
    giver, waiters = RedisHints(redis_url, "work"), [_listening(redis_url) for _ in range(3)]
    giver.give()

    assert [waiter.wait(10) for waiter in waiters] == [True, True, True]
    for one in (giver, *waiters):
        one.close()


def test_a_child_hears_that_its_parent_is_gone() -> None:
    reads, writes = os.pipe()
    ended = threading.Event()
    child = PipeHints(reads=reads, ended=ended.set)

    os.close(writes)

    assert ended.wait(10)
    assert not child.wait(0)


def test_a_pipe_that_nobody_reads_takes_any_number_of_hints() -> None:
    reads, writes = os.pipe()
    giver = PipeHints(writes=writes)

    for _ in range(70_000):  # more than a pipe holds
        giver.give()

    os.close(reads)
    giver.give()
    os.close(writes)


def _soon(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it becomes so in time."""
    quiet = threading.Event()
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        quiet.wait(0.02)
    return True


def test_redis_away_blocks_nobody_and_its_return_is_noticed() -> None:
    program, port = require("redis"), servers.free_port()
    url = f"redis://127.0.0.1:{port}"
    giver = RedisHints(url, "work")
    waiter = RedisHints(url, "work")

    began = time.monotonic()
    giver.give()
    assert not waiter.wait(0.01)
    assert (giver.state(), time.monotonic() - began < 2) == ("away", True)

    first = servers.start_redis(program, port)
    assert waiter.is_listening.wait(20)
    assert waiter.wait(10)  # something may have been missed
    assert giver.state() == "ok"

    servers.stop(first)
    assert _soon(lambda: not waiter.is_listening.is_set())
    second = servers.start_redis(program, port)
    assert waiter.is_listening.wait(20)
    waiter.wait(1)
    giver.give()
    assert waiter.wait(10)
    giver.close()
    waiter.close()
    servers.stop(second)


def test_a_url_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="redis://"):
        RedisHints("http://h", "work")
