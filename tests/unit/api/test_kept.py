"""What a process keeps of what it served: right within a second, bounded, and not driven out by a sweep."""

import pytest
from organisation import TEAM, Organisation, component
from sqlalchemy.exc import OperationalError

from app.api.kept import Kept, Kind
from app.catalog.model import EntityRef


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("kept")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("one", "two", "three"):
        made.repository(name, {"catalog-info.yaml": component(name)})
    made.crawl()
    yield made
    made.close()


class Made:
    """A kind that counts how often it was made."""

    def __init__(self, size=10):
        self.times = []
        self.kind = Kind("test", self._make, lambda _: size)

    def _make(self, ref, rows):
        self.times.append(ref.name)
        return (ref.name, [row.etag for row in rows])


def ref(name):
    return EntityRef("component", "default", name)


def test_a_body_is_made_once_while_nothing_is_committed(organisation):
    clock, made = Clock(), Made()
    kept = Kept(organisation.pipeline.store.served, clock=clock)
    first = kept.one(made.kind, ref("one"))
    clock.now += 5
    assert kept.one(made.kind, ref("one")) is first
    assert made.times == ["one"]


def test_a_new_result_is_served_within_a_second(organisation):
    clock, made = Clock(), Made()
    kept = Kept(organisation.pipeline.store.served, clock=clock)
    before = kept.one(made.kind, ref("two"))
    organisation.push("two", {"docs/runbook.md": "# Runbook\n"})
    organisation.crawl()
    clock.now += 1
    after = kept.one(made.kind, ref("two"))
    assert before[1] != after[1]
    assert kept.many(made.kind, [ref("two")])[ref("two")] is after


def test_a_commit_that_changed_nothing_of_an_entity_makes_nothing_again(organisation):
    clock, made = Clock(), Made()
    kept = Kept(organisation.pipeline.store.served, clock=clock)
    kept.one(made.kind, ref("one"))
    organisation.pipeline.store.policies.save("another", b"{}", organisation.now)
    clock.now += 1
    kept.one(made.kind, ref("one"))
    assert made.times == ["one"]


def test_an_entity_that_is_not_there_has_an_empty_body(organisation):
    kept = Kept(organisation.pipeline.store.served, clock=Clock())
    assert kept.one(Made().kind, ref("nobody")) == ("nobody", [])


def test_the_longest_unused_goes_first_when_there_is_no_room(organisation):
    made = Made(size=1000)
    kept = Kept(organisation.pipeline.store.served, budget=3000, clock=Clock())
    for name in ("one", "two", "one", "three", "one", "two"):
        kept.one(made.kind, ref(name))
    assert made.times == ["one", "two", "three", "two"]


def test_a_sweep_over_everything_drives_nothing_out(organisation):
    made = Made(size=1000)
    kept = Kept(organisation.pipeline.store.served, budget=2000, clock=Clock())
    kept.one(made.kind, ref("one"))
    swept = kept.many(made.kind, [ref("one"), ref("two"), ref("three")])
    assert [name for name, _ in swept.values()] == ["one", "two", "three"]
    kept.one(made.kind, ref("one"))
    assert made.times == ["one", "two", "three"]


def test_a_closed_store_leaves_no_connection_open(tmp_path):
    made = Organisation(tmp_path).open()
    Kept(made.pipeline.store.served, clock=Clock()).look()
    pool = made.pipeline.store.database.engine.pool
    watching = pool.checkedout()
    made.close()
    assert (watching, pool.checkedout()) == (1, 0)


class Down:
    """A store whose database does not answer."""

    def stamp(self):
        raise OperationalError("SELECT 1", {}, Exception("gone"))


def test_a_look_at_a_database_that_is_down_stops_nobody():
    kept = Kept(Down(), clock=Clock())
    kept.look()
    with pytest.raises(OperationalError):
        kept.one(Made().kind, ref("one"))
