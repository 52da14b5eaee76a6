"""The due table, for every database."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from store_examples import MINUTE, NOW, OTHER, URL, add_repositories, claim, due_names, entity, inventory, judge, save

from app.errors import StaleError
from app.store.store import Store

LATER = NOW + 60 * MINUTE


def test_a_new_repository_is_due_at_once_and_claimed_only_once(store: Store) -> None:
    add_repositories(store, URL)

    first = store.claims.claim_due(NOW, "worker-1", MINUTE)
    second = store.claims.claim_due(NOW, "worker-2", MINUTE)

    assert [(item.url, item.generation, item.host) for item in first] == [(URL, 1, "git.example.org")]
    assert second == []


def test_an_interactive_refresh_goes_first_and_then_the_longest_due(store: Store) -> None:
    for minute, name in enumerate(("old", "newer", "newest")):
        add_repositories(store, f"https://h/{name}", provider=name, now=NOW + minute * MINUTE)
    store.claims.hint("https://h/newest", NOW + 5 * MINUTE, interactive=True)

    claims = store.claims.claim_due(NOW + 5 * MINUTE, "worker", MINUTE, limit=3)

    assert [item.url for item in claims] == ["https://h/newest", "https://h/old", "https://h/newer"]
    assert [item.interactive for item in claims] == [True, False, False]


def test_a_busy_host_is_left_out(store: Store) -> None:
    add_repositories(store, "https://slow/a", "https://fast/b")

    claims = store.claims.claim_due(NOW, "worker", MINUTE, limit=5, exclude_hosts=["slow"])

    assert [item.url for item in claims] == ["https://fast/b"]


def test_a_host_may_have_room_for_what_a_person_waits_for_alone(store: Store) -> None:
    add_repositories(store, "https://busy/a", "https://busy/b", "https://rests/c")
    store.claims.hint("https://busy/b", NOW, interactive=True)
    store.claims.hint("https://rests/c", NOW, interactive=True)

    claims = store.claims.claim_due(
        NOW, "worker", MINUTE, limit=5, exclude_hosts=["busy", "rests"], exclude_interactive=["rests"]
    )

    assert [item.url for item in claims] == ["https://busy/b"]


def test_an_expired_lease_can_be_claimed_and_the_old_claim_is_refused(store: Store) -> None:
    add_repositories(store, URL)
    dead = claim(store)

    (heir,) = store.claims.claim_due(NOW + MINUTE, "worker-2", MINUTE)

    assert heir.generation == dead.generation + 1
    assert not store.claims.renew(dead, LATER)
    assert not store.claims.finish(dead, now=NOW, next_due=LATER)
    assert not store.claims.fail(dead, now=NOW, error="x", reason="source_failing", next_due=LATER)
    with pytest.raises(StaleError, match="another worker has taken it"):
        store.inventories.save(dead, inventory(), NOW)
    assert store.claims.renew(heir, LATER)


def test_a_renewed_lease_is_not_claimable(store: Store) -> None:
    add_repositories(store, URL)
    taken = claim(store)

    assert store.claims.renew(taken, NOW + 3 * MINUTE)

    assert store.claims.claim_due(NOW + 2 * MINUTE, "worker-2", MINUTE) == []


def test_a_finished_repository_waits_until_its_next_due_time(store: Store) -> None:
    add_repositories(store, URL)

    assert store.claims.finish(claim(store), now=NOW, next_due=LATER, branch="trunk")

    assert store.claims.claim_due(LATER - MINUTE, "worker", MINUTE) == []
    (again,) = store.claims.claim_due(LATER, "worker", MINUTE)
    assert (again.checked_at, again.branch, again.branch_resolved_at, again.interactive) == (NOW, "trunk", NOW, False)


def test_a_hundred_hints_while_it_runs_leave_it_due_exactly_once_more(store: Store) -> None:
    add_repositories(store, URL)
    running = claim(store)

    for _ in range(100):
        assert store.claims.hint(URL, NOW + MINUTE / 2)
    assert store.claims.claim_due(NOW + MINUTE / 2, "worker-2", MINUTE) == []  # one running
    store.claims.finish(running, now=NOW + MINUTE / 2, next_due=LATER)

    (again,) = store.claims.claim_due(NOW + MINUTE / 2, "worker-2", MINUTE)  # plus one due
    store.claims.finish(again, now=NOW + MINUTE, next_due=LATER)
    assert store.claims.claim_due(NOW + MINUTE, "worker-2", MINUTE) == []


def test_a_hint_during_a_run_survives_its_failure_and_stays_interactive(store: Store) -> None:
    add_repositories(store, URL)
    running = claim(store)
    store.claims.hint(URL, NOW, interactive=True)

    store.claims.fail(running, now=NOW, error="timed out", reason="source_failing", next_due=LATER)

    (again,) = store.claims.claim_due(NOW, "worker", MINUTE)
    assert (again.interactive, again.failures) == (True, 1)


def test_a_hint_never_pushes_a_due_time_back(store: Store) -> None:
    add_repositories(store, URL)

    store.claims.hint(URL, NOW + MINUTE)

    assert [one.url for one in store.claims.claim_due(NOW, "worker", MINUTE)] == [URL]


def test_a_hint_for_an_unknown_or_orphaned_repository_is_refused(store: Store) -> None:
    add_repositories(store, URL)
    store.repositories.sync("git", [], NOW)

    assert not store.claims.hint(URL, NOW)
    assert not store.claims.hint(OTHER, NOW)


def test_a_failure_keeps_its_reason_and_a_success_clears_it(store: Store) -> None:
    add_repositories(store, URL)
    failed = {"error": "the host hangs", "reason": "source_failing", "parked_reason": "parked after 10 tries"}

    store.claims.fail(claim(store), now=NOW, next_due=LATER, **failed)
    broken = store.repositories.get(URL, NOW)
    store.claims.finish(claim(store, now=LATER), now=LATER, next_due=LATER + MINUTE)
    healed = store.repositories.get(URL, NOW)

    assert broken is not None
    assert (broken.failures, broken.last_error, broken.last_error_reason) == (1, "the host hangs", "source_failing")
    assert (broken.parked_reason, broken.due_at) == ("parked after 10 tries", LATER)
    assert healed is not None
    assert (healed.failures, healed.last_error, healed.last_error_reason, healed.parked_reason) == (0, "", "", "")


def test_a_new_failure_reason_makes_entities_due_once_and_recovery_again(store: Store) -> None:
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))
    judge(store, "payments")

    def fail() -> list[str]:
        store.claims.fail(claim(store), now=NOW, error="403", reason="forbidden", next_due=LATER)
        return due_names(store)

    first, second = fail(), fail()
    store.claims.finish(claim(store), now=NOW, next_due=LATER)

    assert (first, second) == (["payments"], [])
    assert due_names(store, NOW + 2 * MINUTE) == ["payments"]


def test_a_released_repository_is_due_at_once(store: Store) -> None:
    add_repositories(store, URL)

    assert store.claims.release(claim(store))

    assert len(store.claims.claim_due(NOW, "worker-2", MINUTE)) == 1


def test_threads_never_claim_the_same_repository(store: Store) -> None:
    add_repositories(store, *(f"https://h{number % 3}/r{number}" for number in range(40)))
    claimed: list[str] = []

    def work(owner: str) -> None:
        while found := store.claims.claim_due(NOW, owner, MINUTE):
            claimed.extend(item.url for item in found)

    threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claimed) == 40
    assert len(set(claimed)) == 40


CLAIMER = """
import sys
from datetime import UTC, datetime, timedelta
from app.store.store import Store
store = Store.open(sys.argv[1])
sys.stdin.readline()
now = datetime(2025, 3, 1, 12, tzinfo=UTC)
while found := store.claims.claim_due(now, sys.argv[2], timedelta(minutes=1)):
    print(*(claim.url for claim in found))
store.close()
"""


def test_processes_never_claim_the_same_repository(store: Store, store_url: str) -> None:
    add_repositories(store, *(f"https://h/r{number}" for number in range(60)))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", CLAIMER, store_url, f"w{n}"], **pipes) for n in range(2)]

    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=60)[0].split() for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(outputs[0] + outputs[1]) == sorted(f"https://h/r{number}" for number in range(60))


def test_instants_keep_their_microseconds(store: Store) -> None:
    odd = NOW + timedelta(microseconds=123457)
    add_repositories(store, URL, now=odd)

    assert store.claims.claim_due(odd - timedelta(microseconds=1), "worker", MINUTE) == []
    assert [one.url for one in store.claims.claim_due(odd, "worker", MINUTE)] == [URL]


def test_an_instant_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="has no time zone"):
        add_repositories(store, URL, now=NOW.replace(tzinfo=None))
