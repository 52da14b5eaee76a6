"""Waivers as kept, on every database: one a check holds, its entity is judged again, and the record stays."""

from datetime import timedelta

import pytest
from store_examples import NOW, URL, add_repositories, entity, ref, save

from app.catalog.model import EntityRef
from app.policy.model import Waiver
from app.store.model import JudgementRows, Why
from app.store.sight import Sight
from app.store.store import Store
from app.store.waivers import Granted

PAY, SHOP = ref("pay"), ref("shop")
TEAM, OTHERS = EntityRef("group", "default", "team"), EntityRef("group", "default", "others")
DAY = timedelta(days=1)


def wanted(check: str = "runbook-fresh", of: EntityRef = PAY, at=NOW, until=NOW + 7 * DAY, **more: str) -> Granted:
    return Granted(
        entity=of, check=check, reason=more.get("reason", "It moves."), granted_by="user:default/ada",
        granted_at=at, until=until
    )  # fmt: skip


@pytest.fixture
def known(store: Store) -> Store:
    add_repositories(store, URL)
    save(store, entities=(entity("pay", owner=str(TEAM)), entity("shop", owner=str(OTHERS))))
    for claim in store.due.claim(NOW):
        store.judgements.save(claim.ref, claim.generation, JudgementRows(), NOW)
    return store


def grant(store: Store, one: Granted) -> Granted:
    made = store.waivers.grant(one)
    assert made is not None
    return made


def test_a_waiver_comes_back_and_makes_its_entity_due(known: Store) -> None:
    made = grant(known, wanted())
    assert known.waivers.get(made.id) == made
    assert known.waivers.in_force([PAY, SHOP], NOW) == {
        PAY: (Waiver(str(PAY), "runbook-fresh", "It moves.", NOW + 7 * DAY, "user:default/ada", made.id),)
    }
    assert [(claim.ref, claim.why.words) for claim in known.due.claim(NOW)] == [(PAY, ("waiver",))]


def test_a_judging_that_began_before_a_waiver_is_not_kept(known: Store) -> None:
    known.due.mark([PAY], Why.CODE, NOW)
    (claim,) = known.due.claim(NOW)
    grant(known, wanted())
    assert not known.due.release(claim)


def test_nothing_is_granted_to_what_is_not_there(known: Store) -> None:
    assert known.waivers.grant(wanted(of=ref("nobody"))) is None
    assert known.waivers.page(NOW).total == 0


def test_another_of_the_same_check_replaces_the_one_that_holds(known: Store) -> None:
    first, other = grant(known, wanted()), grant(known, wanted("on-call-set"))
    second = grant(known, wanted(at=NOW + DAY, until=NOW + 2 * DAY, reason="Sooner."))
    assert {one.id for one in known.waivers.in_force([PAY], NOW + DAY)[PAY]} == {second.id, other.id}
    ended = known.waivers.get(first.id)
    assert ended is not None
    assert (ended.ended_at, ended.ended_by, ended.state(NOW)) == (NOW + DAY, "user:default/ada", "ended")


def test_one_ends_by_itself_and_one_ends_before(known: Store) -> None:
    short, long = grant(known, wanted(until=NOW + DAY)), grant(known, wanted("on-call-set"))
    later = NOW + 2 * DAY
    assert [one.id for one in known.waivers.in_force([PAY], later)[PAY]] == [long.id]
    ended = known.waivers.end(long.id, "token:sre", "Done.", later)
    assert ended is not None
    assert known.waivers.in_force([PAY], later) == {}
    assert known.waivers.end(long.id, "token:sre", "Again.", later) is None
    assert known.waivers.end(short.id, "token:sre", "Too late.", later) is None
    states = {one.id: one.state(later) for one in known.waivers.page(later).items}
    assert states == {short.id: "expired", long.id: "ended"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [3, 2, 1]), ({"entity": PAY}, [2, 1]), ({"check": "on-call-set"}, [2]), ({"owners": [OTHERS]}, [3]),
        ({"state": "active"}, [3, 2]), ({"state": "expired"}, [1]), ({"state": "ended"}, []),
        ({"limit": 2}, [3, 2]), ({"limit": 2, "before": 2}, [1]),
    ],
)  # fmt: skip
def test_a_list_is_filtered_and_paged(known: Store, filters: dict[str, object], found: list[int]) -> None:
    made = [
        grant(known, wanted(until=NOW + DAY)), grant(known, wanted("on-call-set")), grant(known, wanted(of=SHOP))
    ]  # fmt: skip
    numbers = {one.id: place for place, one in enumerate(made, 1)}
    if "before" in filters:
        filters = {**filters, "before": made[1].id}
    page = known.waivers.page(NOW + 2 * DAY, **filters)  # type: ignore[arg-type]
    assert [numbers[one.id] for one in page.items] == found


def test_what_is_hidden_has_no_waivers(known: Store) -> None:
    mine, hidden = grant(known, wanted()), grant(known, wanted(of=SHOP))
    seen = known.seen_by(Sight(frozenset({str(TEAM)})))
    assert [one.id for one in seen.waivers.page(NOW).items] == [mine.id]
    assert seen.waivers.get(hidden.id) is None
    assert seen.waivers.end(hidden.id, "x", "x", NOW) is None
    assert known.waivers.get(hidden.id) == hidden
