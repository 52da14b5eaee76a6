"""Reports as kept, on every database: the newest wins, a keyed call counts once, and what is old is forgotten."""

from datetime import timedelta

import pytest
from store_examples import NOW, URL, add_repositories, entity, ref, save

from app.facts.pushed import Pushed
from app.store.pushes import Answer, Keyed
from app.store.store import Store

PAY = ref("pay")
HOUR = timedelta(hours=1)


def report(at=NOW, source="ci", **data: object) -> Pushed:
    return Pushed(group="oncall", source=source, data=data, observed_at=at, expires_at=at + HOUR, by="token:ci")


@pytest.fixture
def known(store: Store) -> Store:
    add_repositories(store, URL)
    save(store, entities=(entity("pay"),))
    store.due.claim(NOW)
    return store


def put(store: Store, one: Pushed, keyed: Keyed | None = None, now=NOW) -> Answer | None:
    return store.pushes.put(PAY, one, {PAY}, {"source": one.source}, now, keyed)


def test_a_report_comes_back_and_makes_its_entity_due(known: Store) -> None:
    one = report(provider="x", text="\x00 é")
    assert put(known, one) == Answer({"source": "ci", "due": 1})
    assert known.pushes.of(PAY) == [one]
    assert known.pushes.refs() == {str(PAY)}
    assert ["data source" in claim.why.words for claim in known.due.claim(NOW)] == [True]


def test_the_newest_of_a_source_wins(known: Store) -> None:
    put(known, report(NOW + HOUR, provider="new"))
    assert put(known, report(NOW, provider="old")) is None
    put(known, report(NOW, source="other", provider="beside"))
    assert [one.data["provider"] for one in known.pushes.of(PAY)] == ["new", "beside"]


def test_a_keyed_call_counts_once(known: Store) -> None:
    first = put(known, report(provider="x"), Keyed("ci", "k", "d"))
    known.due.claim(NOW)
    assert put(known, report(NOW + HOUR, provider="y"), Keyed("ci", "k", "d")) == first
    assert put(known, report(provider="x"), Keyed("ci", "k", "other")) == Answer(first.body, is_other=True)
    assert known.due.claim(NOW) == []
    assert put(known, report(provider="z"), Keyed("someone else", "k", "other")).is_other is False
    assert known.pushes.of(PAY)[0].data == {"provider": "z"}


def test_a_report_is_taken_back_and_forgotten(known: Store) -> None:
    put(known, report(provider="x"))
    put(known, report(source="other", provider="y"), Keyed("ci", "k", "d"))
    known.pushes.withdraw(PAY, "oncall", "ci", {PAY}, {}, NOW)
    assert [one.source for one in known.pushes.of(PAY)] == ["other"]
    known.due.claim(NOW)
    assert (known.pushes.expired(NOW + HOUR), known.pushes.prune(NOW + HOUR, {PAY}, NOW)) == (set(), 0)
    assert known.due.claim(NOW) == []  # nothing was forgotten, so nobody is judged again
    assert known.pushes.expired(NOW + HOUR + HOUR) == {(PAY, "oncall")}
    assert known.pushes.prune(NOW + HOUR + HOUR, {PAY}, NOW) == 1
    assert [claim.ref for claim in known.due.claim(NOW)] == [PAY]
    assert put(known, report(provider="x"), Keyed("ci", "k", "new")).is_other is False
