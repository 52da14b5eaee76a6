"""Leases of the dead, clocks that stepped back, and who is at work, for every database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert
from store_examples import MINUTE, NOW, OTHER, URL, add_repositories, claim, due_names, entity, ref, save

from app.store.clocks import mend
from app.store.gates import Gate
from app.store.model import Why
from app.store.store import Store
from app.store.tables_outgoing import deliveries

HOUR = timedelta(hours=1)


def test_a_claim_counts_how_often_its_repository_ended_a_worker(store: Store) -> None:
    add_repositories(store, URL)

    first = claim(store)
    (second,) = store.claims.claim_due(NOW + MINUTE, "heir", MINUTE)
    (third,) = store.claims.claim_due(NOW + 2 * MINUTE, "heir", MINUTE)

    assert [(one.lapsed, one.deaths) for one in (first, second, third)] == [(False, 0), (True, 1), (True, 2)]


def test_deaths_are_forgotten_when_a_refresh_ends_and_kept_when_it_was_not_tried(store: Store) -> None:
    add_repositories(store, URL)
    claim(store)
    (heir,) = store.claims.claim_due(NOW + MINUTE, "heir", MINUTE)

    store.claims.fail(heir, now=NOW, error="x", reason="source_failing", next_due=NOW + HOUR, died=True)
    (kept,) = store.claims.claim_due(NOW + HOUR, "heir", MINUTE)
    store.claims.finish(kept, now=NOW + HOUR, next_due=NOW + 2 * HOUR)
    (forgotten,) = store.claims.claim_due(NOW + 2 * HOUR, "heir", MINUTE)

    assert (kept.lapsed, kept.deaths, kept.failures) == (False, 1, 1)
    assert (forgotten.lapsed, forgotten.deaths) == (False, 0)


def test_a_postponed_repository_did_nothing_wrong_and_comes_a_little_later(store: Store) -> None:
    add_repositories(store, URL)
    taken = claim(store)

    assert store.claims.postpone(taken, NOW + MINUTE)

    assert store.claims.claim_due(NOW, "worker", MINUTE) == []
    (again,) = store.claims.claim_due(NOW + MINUTE, "worker", MINUTE)
    assert (again.failures, again.deaths, again.hints > again.hints_done) == (0, 0, True)
    assert not store.claims.postpone(taken, NOW)


def test_only_interactive_repositories_when_asked(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    store.claims.hint(OTHER, NOW, interactive=True)

    found = store.claims.claim_due(NOW, "worker", MINUTE, limit=5, only_interactive=True)

    assert [one.url for one in found] == [OTHER]


def test_after_a_clock_stepped_back_everything_due_is_due(store: Store) -> None:
    """Two hours: one repository was looked at, one hinted, one leased; an entity was marked, another leased."""
    ahead = NOW + 2 * HOUR
    add_repositories(store, URL, OTHER, "https://h/leased", now=ahead)
    save(store, now=ahead, entities=(entity("marked"), entity("leased")))
    save(store, OTHER, now=ahead)
    store.claims.hint(OTHER, ahead)
    claim(store, "https://h/leased", now=ahead)
    assert due_names(store, ahead) == ["leased", "marked"]
    store.due.mark([ref("marked")], Why.CODE, ahead)

    assert mend(store.database, NOW) == 5
    assert mend(store.database, NOW) == 0

    assert {one.url for one in store.claims.claim_due(NOW, "w", MINUTE, limit=9)} == {URL, OTHER, "https://h/leased"}
    assert due_names(store) == ["leased", "marked"]


def a_change_to_judge(ref: str) -> Gate:
    place = {"repository": URL, "ref": ref, "forge": "github", "path": "shop/payments"}
    return Gate(**place, number=7, head="a" * 40, branch="main", verdict={})


def message(store: Store, now: datetime, owner: str, **more: object) -> None:
    times = {"created_at": now, "next_at": now + 5 * MINUTE, **more}
    row = {"target": "chat", "owner": owner, "state": "waiting", "reason": "", "body": [], "tries": 0, "generation": 0}
    with store.database.write() as connection:
        connection.execute(insert(deliveries).values({**row, **times}))


def test_after_a_clock_stepped_back_messages_and_proposed_changes_are_due(store: Store) -> None:
    """Each made while it was ahead by two hours; one of each claimed then, by a worker that is no more."""
    ahead = NOW + 2 * HOUR
    store.gates.ask(a_change_to_judge("refs/pull/1/head"), ahead)
    store.gates.claim(ahead, 10 * MINUTE)
    store.gates.ask(a_change_to_judge("refs/pull/2/head"), ahead)
    message(store, ahead, "made")
    message(store, NOW - HOUR, "tried", first_try_at=NOW, next_at=ahead + MINUTE, tries=1)

    assert mend(store.database, NOW) == 4
    assert mend(store.database, NOW) == 0

    assert {one.ref for one in store.gates.claim(NOW, MINUTE)} == {"refs/pull/1/head", "refs/pull/2/head"}
    assert {one.owner for one in store.outgoing.claim(NOW, MINUTE)} == {"made", "tried"}


def test_messages_that_are_gathered_for_hours_and_tries_that_wait_are_not_mended(store: Store) -> None:
    store.gates.ask(a_change_to_judge("refs/pull/1/head"), NOW)
    (taken,) = store.gates.claim(NOW, MINUTE)
    store.gates.failed(taken, "x", NOW + HOUR)
    message(store, NOW, "gathered for a day", next_at=NOW + 24 * HOUR)
    message(store, NOW - HOUR, "tried", first_try_at=NOW, next_at=NOW + HOUR, tries=9)

    assert mend(store.database, NOW) == 0


def test_a_lease_that_ends_later_than_any_may_is_free(store: Store) -> None:
    add_repositories(store, URL)
    store.claims.claim_due(NOW, "ahead", 3 * HOUR)

    assert [one.url for one in store.claims.claim_due(NOW, "worker", MINUTE)] == [URL]


def test_what_waits_on_purpose_is_not_mended(store: Store) -> None:
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))
    (taken,) = store.due.claim(NOW)
    store.due.fail(taken, error="x", next_due=NOW + 5 * MINUTE)

    assert mend(store.database, NOW) == 0


def test_workers_say_that_they_live_until_they_leave(store: Store) -> None:
    assert store.workers.heard_at() is None
    store.workers.beat("a", NOW, 0, NOW)
    store.workers.beat("b", NOW, 2, NOW + MINUTE)
    store.workers.beat("a", NOW, 3, NOW + 2 * MINUTE)

    assert [(one.owner, one.started_at, one.seen_at, one.running) for one in store.workers.all()] == [
        ("a", NOW, NOW + 2 * MINUTE, 3),
        ("b", NOW, NOW + MINUTE, 2),
    ]

    assert store.workers.heard_at() == NOW + 2 * MINUTE
    store.workers.leave("a")
    assert store.workers.heard_at() == NOW + MINUTE
    store.workers.beat("c", NOW, 0, NOW + timedelta(days=2))
    assert [one.owner for one in store.workers.all()] == ["c"]
