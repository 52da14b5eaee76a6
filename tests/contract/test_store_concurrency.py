"""Several writers at once, for every database: nothing is lost, and nobody blocks another for good."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from store_examples import (
    MINUTE,
    NOW,
    OTHER,
    URL,
    add_repositories,
    claim,
    due_names,
    entity,
    fact_set,
    inventory,
    object_row,
    ref,
    result,
    save,
)

from app.catalog.model import EntityRef
from app.errors import StaleError
from app.facts.model import Read
from app.store.model import Change, JudgementRows, RepositorySource, Why
from app.store.store import Store


def together(*jobs: Callable[[], object]) -> list[object]:
    """Runs jobs at the same moment in threads of their own; raises what one of them raised."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        gate.wait(10)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(60) for future in [pool.submit(run, job) for job in jobs]]


def test_of_two_that_tell_of_an_entity_at_once_the_one_that_counts_stands(store: Store) -> None:
    add_repositories(store, URL)
    for round_ in range(15):
        name = f"service-{round_}"
        taken = claim(store, now=NOW + round_ * MINUTE)
        rows = inventory(entities=(entity(name),))

        together(
            lambda taken=taken, rows=rows: store.inventories.save(taken, rows, NOW),
            lambda name=name: store.entities.sync(
                "backstage", [entity(name, repository="", provider="backstage")], NOW
            ),
        )

        counted = store.entities.get(ref(name))
        assert counted is not None
        assert counted.provider == "backstage"


def test_two_schedulers_that_list_the_same_at_once_are_harmless(store: Store) -> None:
    sources = [RepositorySource(f"https://h/{number}") for number in range(200)]
    people = [entity(f"e-{number}", repository="") for number in range(200)]

    together(*([lambda: store.repositories.sync("git", sources, NOW)] * 3))
    together(*([lambda: store.entities.sync("backstage", people, NOW)] * 3))
    together(*([lambda: store.repositories.sync("git", sources[:100], NOW)] * 3))

    assert store.repositories.urls() == sorted(source.url for source in sources[:100])
    assert len(store.entities.load()[1]) == 200


def test_numbers_of_a_new_counter_are_each_taken_once(store: Store) -> None:
    add_repositories(store, URL)
    names = [f"service-{number}" for number in range(8)]
    save(store, entities=tuple(entity(name) for name in names))
    claims = {item.ref.name: item for item in store.due.claim(NOW)}

    def tell(name: str) -> None:
        told = Change(at=NOW, entity=ref(name), scorecard="s", what="level", before="", after="a", reason="code")
        store.judgements.save(ref(name), claims[name].generation, JudgementRows(changes=(told,)), NOW)

    together(*(lambda name=name: tell(name) for name in names))

    assert sorted(change.cursor for change in store.changes.after(0)) == list(range(1, 9))


def test_a_first_look_that_a_push_overtook_is_refused_and_judged_again(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    save(store, entities=(entity("payments"),))
    save(store, OTHER, tip="0" * 40)
    (taken,) = store.due.claim(NOW)
    looked = fact_set("runbooks", (OTHER, "runbook.md"))  # at commit aaaa…, which is not the tip

    with pytest.raises(StaleError, match="has been read again since"):
        store.judgements.save(taken.ref, taken.generation, JudgementRows(fact_sets=(looked,)), NOW)

    assert store.due.claim(NOW) == []
    assert store.due.release(taken)
    (again,) = store.due.claim(NOW)
    save(store, OTHER, tip="a" * 40)
    assert store.judgements.save(again.ref, again.generation, JudgementRows(fact_sets=(looked,)), NOW)


def test_a_look_at_a_repository_that_was_not_read_yet_is_refused_once_it_is(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    save(store, entities=(entity("payments"),))
    (taken,) = store.due.claim(NOW)
    facts = fact_set("runbooks", reads=(Read(OTHER, "", "runbook.md"),))
    save(store, OTHER)

    looked = JudgementRows(fact_sets=(facts,), tips={OTHER: ""})
    with pytest.raises(StaleError, match="has been read again since"):
        store.judgements.save(taken.ref, taken.generation, looked, NOW)

    told_by_the_catalog = JudgementRows(fact_sets=(facts,))
    assert store.judgements.save(taken.ref, taken.generation, told_by_the_catalog, NOW)


def test_a_push_and_a_first_look_at_it_never_miss_each_other(store: Store) -> None:
    """Whichever is kept first: the push finds the reader, or the reader is refused."""
    add_repositories(store, URL, OTHER)
    save(store, entities=(entity("payments"),))
    save(store, OTHER, tip="0" * 40, paths={"runbook.md": "0" * 40})
    for round_ in range(12):
        now, before, after = NOW + round_ * MINUTE, f"{round_:x}" * 40, f"{round_ + 1:x}" * 40
        store.due.mark([ref("payments")], Why.CODE, now)
        (taken,) = store.due.claim(now)
        pushed = claim(store, OTHER, now)
        looked = fact_set("runbooks", reads=(Read(OTHER, before, "runbook.md"),))
        refused: list[str] = []

        def judge(taken=taken, looked=looked, refused=refused, now=now) -> None:
            try:
                store.judgements.save(taken.ref, taken.generation, JudgementRows(fact_sets=(looked,)), now)
            except StaleError:
                refused.append("judging")
                store.due.release(taken)

        rows = inventory(tip=after, paths={"runbook.md": after})
        together(judge, lambda pushed=pushed, rows=rows, now=now: store.inventories.save(pushed, rows, now))
        store.claims.finish(pushed, now=now, next_due=now + 60 * MINUTE)

        assert due_names(store, now) == ["payments"], f"round {round_}, refused {refused}"
        (last,) = store.due.claim(now + timedelta(days=2))
        store.judgements.save(last.ref, last.generation, JudgementRows(), now)  # forgets the look


def test_objects_that_an_older_catalog_attributed_are_attributed_again(store: Store) -> None:
    add_repositories(store, URL, OTHER)
    seen = store.entities.version()
    save(store, entities=(entity("payments"),))
    moved = store.entities.version()

    save(store, OTHER, objects=(object_row("a.yaml", 1),), catalog_version=seen)
    told = store.entities.version()
    save(store, OTHER, objects=(object_row("a.yaml", 2),), catalog_version=told)

    assert moved > seen
    assert told == moved + 1
    assert store.entities.version() == told


def test_a_storm_of_writers_ends_and_loses_nothing(store: Store) -> None:
    """Six threads refresh, judge, list, attribute and mark the same few rows in every order."""
    urls = [f"https://h/{number}" for number in range(6)]
    names = [f"service-{number}" for number in range(12)]
    add_repositories(store, *urls)
    judged: list[str] = []

    def refresh(dice: Random) -> None:
        store.claims.hint(dice.choice(urls), NOW)
        for taken in store.claims.claim_due(NOW, f"w{dice.random()}", MINUTE):
            mine = [name for name in names if hash(name + taken.url) % 3]
            dice.shuffle(mine)
            objects = tuple(object_row(f"{n}.yaml", n, *dice.sample(mine, 2)) for n in range(4))
            try:
                store.inventories.save(
                    taken,
                    inventory(
                        tip=f"{dice.getrandbits(80):040d}",
                        objects=objects,
                        entities=tuple(entity(name, repository=taken.url) for name in mine[:4]),
                    ),
                    NOW,
                )
                store.claims.finish(taken, now=NOW, next_due=NOW)
            except StaleError:
                pass

    def judge(dice: Random) -> None:
        for taken in store.due.claim(NOW, limit=3):
            facts = fact_set("alerting", *((url, "a.yaml") for url in dice.sample(urls, 2)))
            told = Change(at=NOW, entity=taken.ref, scorecard="s", what="level", before="", after="", reason="code")
            rows = JudgementRows(fact_sets=(facts,), results=(result(),), changes=(told,))
            try:
                store.judgements.save(taken.ref, taken.generation, rows, NOW)
                judged.append(str(taken.ref))
            except StaleError:
                store.due.release(taken)

    def upset(dice: Random) -> None:
        known = dice.sample(names, 6)
        store.due.mark([ref(name) for name in known], Why.POLICY, NOW)
        store.entities.sync("backstage", [entity(name, repository="", owner="group:default/a") for name in known], NOW)
        given: list[tuple[int, Sequence[EntityRef], str]] = [
            (item.id, (ref(dice.choice(names)),), "label") for item in store.objects.each()
        ]
        store.objects.attribute(given, Why.SCOPE, NOW)
        store.repositories.sync("git", [RepositorySource(url) for url in dice.sample(urls, 5)], NOW)

    def work(seed: int) -> None:
        dice = Random(seed)
        for _ in range(25):
            dice.choice([refresh, refresh, judge, judge, upset])(dice)

    together(*(lambda seed=seed: work(seed) for seed in range(6)))

    told = store.changes.after(0, limit=10_000)
    assert sorted(str(change.entity) for change in told) == sorted(judged)
    assert [change.cursor for change in told] == list(range(1, len(told) + 1))
