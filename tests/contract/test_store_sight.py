"""A store seen by someone with a limited sight, on every database: what is hidden is neither read nor counted."""

from datetime import timedelta

import pytest
from store_examples import NOW, URL, add_repositories, entity, ref, result, save

from app.catalog.model import EntityRef
from app.facts.pushed import Pushed
from app.store.filters import EntityFilter
from app.store.model import Change, HistoryRow, JudgementRows, OutcomeRow
from app.store.sight import EVERYTHING, Sight
from app.store.store import Store
from app.store.waivers import Granted

SHOP, PAY = EntityRef("group", "default", "shop"), EntityRef("group", "default", "pay")
CARD = "sre-maturity"
DAY = timedelta(days=1)


@pytest.fixture
def judged(store: Store) -> Store:
    """`cart` is the shop's, `payments` of pay; the groups are in the catalog too, `lost` is nobody's."""
    add_repositories(store, URL)
    groups = (entity("shop", kind="group"), entity("pay", kind="group"))
    owned = (entity("cart", owner=str(SHOP)), entity("payments", owner=str(PAY)), entity("lost"))
    save(store, entities=(*groups, *owned))
    for item in store.due.claim(NOW, limit=100):
        change = Change(at=NOW, entity=item.ref, scorecard=CARD, what="level", before="none", after="x", reason="code")
        row = HistoryRow(scorecard=CARD, at=NOW, level="x", score=None, coverage=None, reason="code")
        rows = JudgementRows(
            results=(result(),), outcomes=(OutcomeRow(CARD, "check", "fail"),), history=(row,), changes=(change,)
        )
        store.judgements.save(item.ref, item.generation, rows, NOW)
    return store


def test_who_sees_everything_gets_the_store_itself(judged: Store) -> None:
    assert judged.seen_by(EVERYTHING) is judged


@pytest.mark.parametrize(("owner", "own"), [(SHOP, "cart"), (PAY, "payments")])
def test_only_what_the_owners_have_is_seen(judged: Store, owner: EntityRef, own: str) -> None:
    seen = judged.seen_by(Sight(frozenset({str(owner)})))
    page = seen.listing.entities(EntityFilter())
    assert ([item.ref for item in page.items], page.total) == ([ref(own), owner], 2)
    assert set(seen.listing.by_refs([ref("cart"), ref("payments"), ref("lost")])) == {ref(own)}
    assert {change.entity for change in seen.changes.after(0)} == {ref(own), owner}
    assert {change.entity for change in seen.changes.latest()} == {ref(own), owner}
    assert seen.tally.outcomes(CARD) == {"check": {"fail": 2}}
    assert len(seen.listing.rows(EntityFilter(), ("name",), ()).items) == 2
    assert set(seen.served.refs()) == {ref(own), owner}
    assert set(seen.groups.tree().titles) == {str(owner)}


@pytest.mark.parametrize("hidden", [ref("payments"), ref("lost"), PAY])
def test_what_is_hidden_is_absent_by_name_too(judged: Store, hidden: EntityRef) -> None:
    seen = judged.seen_by(Sight(frozenset({str(SHOP)})))
    assert seen.entities.get(hidden) is None
    assert seen.entities.state(hidden) is None
    assert seen.entities.known([hidden]) == set()
    assert seen.judgements.results(hidden) == []
    assert seen.judgements.facts(hidden) == []
    assert seen.judgements.outcomes(hidden) == {}
    assert seen.changes.history(hidden) == []
    assert seen.served.results([hidden]) == {}
    assert judged.judgements.results(hidden) != []


def test_neither_reports_nor_waivers_nor_waiting_work_of_what_is_hidden_are_told(judged: Store) -> None:
    seen, hidden = judged.seen_by(Sight(frozenset({str(SHOP)}))), ref("payments")
    report = Pushed(group="oncall", source="ci", data={}, observed_at=NOW, expires_at=NOW + DAY, by="token:ci")
    judged.pushes.put(hidden, report, {hidden}, {}, NOW)
    waiver = Granted(entity=hidden, check="c", reason="r", granted_by="u", granted_at=NOW, until=NOW + DAY)
    assert judged.waivers.grant(waiver)
    for store, many in ((judged, 1), (seen, 0)):
        assert len(store.pushes.of(hidden)) == many
        assert len(store.waivers.in_force([hidden], NOW)) == many
        assert store.due.waiting(NOW) == many
        assert store.objects.of_entities([hidden]) == store.objects.unreadable_of_entities([hidden]) == {}
    assert seen.team_counts.waiting() < judged.team_counts.waiting()
    assert [one.repositories for one in seen.repositories.providers()] == [1]
    nobody = judged.seen_by(Sight(frozenset()))
    assert [one.repositories for one in nobody.repositories.providers()] == [0]


def test_who_sees_nothing_gets_nothing(judged: Store) -> None:
    seen = judged.seen_by(Sight(frozenset()))
    assert seen.listing.entities(EntityFilter()).total == 0
    assert seen.repositories.page(NOW).total == 0
    assert seen.changes.after(0) == []
    assert judged.repositories.page(NOW).total == 1
