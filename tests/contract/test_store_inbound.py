"""Webhook deliveries: each taken once, its hint and its row in one transaction, closed by the refresh it asked for."""

from __future__ import annotations

import threading

from store_examples import MINUTE, NOW, OTHER, URL, add_repositories, claim, save

from app.store.inbound import Arrival, Known
from app.store.store import Store


def arrival(delivery: str = "d1", **more: object) -> Arrival:
    values = {"source": "hub", "forge": "github", "event": "push", "repository": URL, "state": "accepted", "hint": True}
    return Arrival(**{**values, "delivery": delivery, **more})


def deliveries(store: Store) -> dict[str, str]:
    return {one.delivery: one.state for one in store.inbound.page().items}


def test_a_delivery_makes_its_repository_due_and_its_replay_does_not(store: Store) -> None:
    add_repositories(store, URL)
    save(store, paths={"a": "1"})

    assert store.inbound.record(arrival(), NOW)
    assert [one.url for one in store.claims.claim_due(NOW, "worker", MINUTE)] == [URL]
    assert not store.inbound.record(arrival(), NOW)

    assert [(one.delivery, one.tries) for one in store.inbound.page().items] == [("d1", 1)]


def test_the_same_id_from_another_source_is_another_delivery(store: Store) -> None:
    add_repositories(store, URL)

    assert store.inbound.record(arrival(), NOW)
    assert store.inbound.record(arrival(source="lab"), NOW)


def test_a_refresh_closes_what_it_had_seen_and_nothing_later(store: Store) -> None:
    add_repositories(store, URL)
    store.inbound.record(arrival("early"), NOW)
    running = claim(store)
    store.inbound.record(arrival("late"), NOW)

    store.claims.finish(running, now=NOW + MINUTE, next_due=NOW + 9 * MINUTE, commit="c" * 40, due=3)

    late, early = store.inbound.page().items
    assert (early.state, early.read_commit, early.entities_due, early.done_at) == ("done", "c" * 40, 3, NOW + MINUTE)
    assert (late.state, late.done_at) == ("accepted", None)
    assert [one.url for one in store.claims.claim_due(NOW + MINUTE, "worker", MINUTE)] == [URL]


def test_a_delivery_whose_refresh_failed_says_why_and_may_come_again(store: Store) -> None:
    add_repositories(store, URL)
    store.inbound.record(arrival(), NOW)
    later = NOW + 9 * MINUTE
    store.claims.fail(claim(store), now=NOW, error="timed out", reason="source_failing", next_due=later)
    assert [(one.state, one.reason) for one in store.inbound.page().items] == [("failed", "timed out")]

    assert store.inbound.record(arrival(), NOW)

    assert [(one.state, one.tries) for one in store.inbound.page().items] == [("accepted", 2)]
    save(store)
    assert [(one.state, one.reason) for one in store.inbound.page().items] == [("done", "")]


def test_a_later_success_closes_a_failed_delivery_as_well(store: Store) -> None:
    add_repositories(store, URL)
    store.inbound.record(arrival(), NOW)
    store.claims.fail(claim(store), now=NOW, error="x", reason="source_failing", next_due=NOW + MINUTE)

    save(store, now=NOW + MINUTE)

    assert deliveries(store) == {"d1": "done"}


def test_a_push_that_tells_of_another_default_branch_has_it_resolved_again_also_while_one_runs(store: Store) -> None:
    add_repositories(store, URL)
    running = claim(store)

    store.inbound.record(arrival(resolve=True), NOW)
    store.claims.finish(running, now=NOW, next_due=NOW + MINUTE, branch="main")

    (again,) = store.claims.claim_due(NOW, "worker", MINUTE)
    assert again.branch_resolved_at is None


def test_a_repository_is_known_by_any_of_its_urls_and_by_its_other_name(store: Store) -> None:
    add_repositories(store, URL)

    known: list[Known | None] = []

    def decide(found: Known | None) -> Arrival:
        known.append(found)
        return arrival(f"d{len(known)}")

    for urls in (["ssh://elsewhere/x", URL], [OTHER], []):
        assert store.inbound.take(urls, decide, NOW) == (arrival(f"d{len(known)}"), known[-1])
    assert known == [Known(URL, ""), None, None]
    assert store.inbound.take([URL], lambda _: arrival("d1"), NOW) is None, "a replay"


def test_one_delivery_at_the_same_moment_through_many_threads_is_taken_once(store: Store) -> None:
    add_repositories(store, URL)
    taken: list[bool] = []
    start = threading.Barrier(6)

    def deliver() -> None:
        start.wait()
        taken.append(store.inbound.record(arrival(), NOW))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False] * 5 + [True]
    assert store.inbound.page().total == 1


def test_what_asks_to_list_anew_is_counted_and_closed_by_the_listing(store: Store) -> None:
    before = store.inbound.discover_requests()

    store.inbound.record(arrival(hint=False, discover=True, repository=OTHER), NOW)
    assert store.inbound.discover_requests() == before + 1
    store.inbound.discovered(NOW)

    assert deliveries(store) == {"d1": "done"}


def test_refusals_are_counted_not_kept_one_by_one(store: Store) -> None:
    store.inbound.refuse({("hub", "signature-wrong"): 10_000}, NOW)
    store.inbound.refuse({("hub", "signature-wrong"): 5, ("hub", "token-missing"): 1}, NOW + MINUTE)

    found = {one.reason: one for one in store.inbound.refusals()}
    assert (found["signature-wrong"].count, found["signature-wrong"].first_at) == (10_005, NOW)
    assert (found["token-missing"].count, found["token-missing"].last_at) == (1, NOW + MINUTE)


def test_pages_are_newest_first_and_narrowed(store: Store) -> None:
    add_repositories(store, URL)
    for number in range(5):
        store.inbound.record(arrival(f"d{number}"), NOW)
    store.inbound.record(arrival("other", state="ignored", hint=False), NOW)

    first = store.inbound.page(limit=2)
    second = store.inbound.page(limit=2, before=int(first.next_cursor or 0))

    assert [one.delivery for one in (*first.items, *second.items)] == ["other", "d4", "d3", "d2"]
    assert (first.total, store.inbound.page(state="ignored").total) == (6, 1)


def test_old_deliveries_are_forgotten(store: Store) -> None:
    store.inbound.record(arrival("old", hint=False), NOW)
    store.inbound.record(arrival("new", hint=False), NOW + MINUTE)

    assert store.inbound.prune(NOW + MINUTE) == 1
    assert deliveries(store) == {"new": "accepted"}
