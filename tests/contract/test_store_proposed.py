"""Fix pull requests as kept, on every database: due when judged anew, held by one worker, as they were asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from store_examples import MINUTE, NOW, OTHER, URL, add_repositories, entity, ref, save

from app.store import clocks
from app.store.proposed import FixRequest
from app.store.sight import Sight
from app.store.store import Store
from app.store.tables import entities
from app.store.tables_judging import judged_from

PAY, SHOP, TEAM, OTHERS = ref("pay"), ref("shop"), ref("team", "group"), ref("others", "group")
DAY = timedelta(days=1)


def wanted(of=PAY, **more: object) -> FixRequest:
    values = {
        "entity": of, "repository": URL, "forge": "github", "path": "shop/payments", "branch": "roadworthy/fix",
        "base": "main", "number": 7, "url": "https://git.example.org/shop/payments/pull/7", "state": "open",
        "checks": ("a", "b"), "answers": {"tier": "t1"}, "mends": ("a",), "commit": "a" * 40, "digest": "d",
        "asked_by": "user:default/ada", "asked_at": NOW, "changed_at": NOW, "seen_at": NOW, "due_at": NOW + DAY,
    }  # fmt: skip
    return FixRequest(**{**values, **more})  # type: ignore[arg-type]


def judged(store: Store, name: str, at) -> None:
    with store.database.write() as connection:
        known = update(judged_from).where(judged_from.c.entity == str(ref(name))).values(judged_at=at)
        if not connection.execute(known).rowcount:
            row = {"entity": str(ref(name)), "inputs": "x", "judged_at": at, "steady_until": None}
            connection.execute(insert(judged_from).values(**row))


@pytest.fixture
def known(store: Store) -> Store:
    add_repositories(store, URL, OTHER)
    save(store, entities=(entity("pay", owner=str(TEAM)), entity("shop", owner=str(OTHERS))))
    for name in ("pay", "shop"):
        judged(store, name, NOW)
    return store


def held(store: Store, at=NOW) -> list[str]:
    return [one.request.entity.name for one in store.fix_requests.claim(at, MINUTE)]


def test_a_request_comes_back_as_it_was_asked_for(known: Store) -> None:
    known.fix_requests.asked(wanted())
    kept = known.fix_requests.get(PAY)
    assert kept == replace(wanted(), generation=1)
    assert known.fix_requests.get(SHOP) is None
    assert known.fix_requests.judged_at(PAY) == NOW
    known.fix_requests.asked(wanted(checks=("c",), number=8))
    kept = known.fix_requests.get(PAY)
    assert kept is not None
    assert (kept.checks, kept.number, kept.generation) == (("c",), 8, 2)


def test_one_is_due_when_its_entity_was_judged_anew_and_once_a_day(known: Store) -> None:
    known.fix_requests.asked(wanted())
    assert held(known) == []
    judged(known, "pay", NOW + MINUTE)
    (one,) = known.fix_requests.claim(NOW, MINUTE)
    assert (one.request.entity, one.is_living, one.judged_at) == (PAY, True, NOW + MINUTE)
    assert held(known) == []  # it is held
    assert held(known, NOW + 2 * MINUTE) == ["pay"]  # whoever held it died
    assert known.fix_requests.keep(replace(one.request, seen_at=NOW + MINUTE)) is False
    (one,) = known.fix_requests.claim(NOW + 4 * MINUTE, MINUTE)
    assert known.fix_requests.keep(replace(one.request, seen_at=one.judged_at)) is True
    assert held(known, NOW + 4 * MINUTE) == []
    assert held(known, NOW + DAY) == ["pay"]


def test_one_is_due_when_its_entity_is_gone(known: Store) -> None:
    known.fix_requests.asked(wanted())
    with known.database.write() as connection:
        connection.execute(update(entities).where(entities.c.ref == str(PAY)).values(orphaned_at=NOW))
    (one,) = known.fix_requests.claim(NOW, MINUTE)
    assert one.is_living is False
    known.fix_requests.asked(wanted(ref("never-there")))
    assert [one.is_living for one in known.fix_requests.claim(NOW, MINUTE)] == [False]


def test_one_that_failed_waits_whatever_is_judged_meanwhile(known: Store) -> None:
    known.fix_requests.asked(wanted())
    judged(known, "pay", NOW + MINUTE)
    (one,) = known.fix_requests.claim(NOW, MINUTE)
    known.fix_requests.keep(replace(one.request, tries=1, error="away", due_at=NOW + 5 * MINUTE))
    judged(known, "pay", NOW + 2 * MINUTE)
    assert held(known, NOW + 4 * MINUTE) == []
    assert held(known, NOW + 5 * MINUTE) == ["pay"]


@pytest.mark.parametrize("state", ["closed", "merged", "dismissed", "lost"])
def test_what_has_ended_is_never_due(known: Store, state: str) -> None:
    known.fix_requests.asked(wanted(state=state, due_at=None))
    judged(known, "pay", NOW + MINUTE)
    assert held(known, NOW + 9 * DAY) == []
    assert known.fix_requests.look_again(NOW) == 0


def test_what_was_asked_for_meanwhile_is_not_overwritten(known: Store) -> None:
    known.fix_requests.asked(wanted())
    (one,) = known.fix_requests.claim(NOW + DAY, MINUTE)
    known.fix_requests.asked(wanted(checks=("c",)))
    assert known.fix_requests.keep(replace(one.request, state="closed")) is False
    kept = known.fix_requests.get(PAY)
    assert kept is not None
    assert (kept.checks, kept.state) == (("c",), "open")


def test_all_or_one_can_be_made_due(known: Store) -> None:
    for one in (PAY, SHOP):
        known.fix_requests.asked(wanted(one))
    assert known.fix_requests.look_again(NOW, SHOP) == 1
    assert held(known) == ["shop"]
    assert known.fix_requests.look_again(NOW) == 2


def test_a_clock_that_stepped_back_strands_none(known: Store) -> None:
    known.fix_requests.asked(wanted(due_at=NOW + 9 * DAY))
    assert held(known) == []
    assert clocks.mend(known.database, NOW) == 1
    assert held(known) == ["pay"]
    known.fix_requests.asked(wanted())
    assert clocks.mend(known.database, NOW) == 0


def test_lists_are_paged_and_show_only_what_a_reader_sees(known: Store) -> None:
    for one, state in ((PAY, "open"), (SHOP, "taken over"), (ref("old"), "merged")):
        known.fix_requests.asked(wanted(one, state=state))
    first = known.fix_requests.page(limit=1)
    assert ([one.entity for one in first.items], first.total) == ([PAY], 2)
    assert first.next_cursor is not None
    assert [one.entity for one in known.fix_requests.page(after=first.next_cursor).items] == [SHOP]
    assert [one.entity for one in known.fix_requests.page(states=("merged",)).items] == [ref("old")]
    assert [one.entity for one in known.fix_requests.page(owners=[OTHERS]).items] == [SHOP]
    seen = known.seen_by(Sight(frozenset({str(TEAM)})))
    assert [one.entity for one in seen.fix_requests.page().items] == [PAY]
    assert seen.fix_requests.get(SHOP) is None
