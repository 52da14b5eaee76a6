"""What is asked all the time never walks a whole table, on either database: the plans of the real statements.

As in use: SQLite keeps no statistics, so its plans are those of empty tables; PostgreSQL gathers its own. What SQLite
then does is counted too, in steps of its machine: a search in an index that all rows share looks like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text
from store_examples import MINUTE, NOW, entity, ref

from app.facts.wire import entity_body
from app.store.filters import EntityFilter
from app.store.gauges import gauges
from app.store.inbound import Arrival
from app.store.listing import EntityItem
from app.store.model import Page, Why
from app.store.store import Store
from app.store.tables import (
    changes,
    entities,
    history,
    object_entities,
    objects,
    outcomes,
    reads,
    repositories,
    results,
)
from app.store.tables_inbound import inbound

MANY = 3000
BODY = entity_body(entity("e-7"))
LEVELS = ("none", "bronze", "gold")
LATER, TEAM = NOW + timedelta(days=1), ref("t-7", "group")

ASKED: dict[str, Callable[[Store], object]] = {
    "an idle look for due repositories": lambda store: store.claims.claim_due(NOW - MINUTE, "w", MINUTE),
    "claiming repositories": lambda store: store.claims.claim_due(LATER, "w", MINUTE, limit=2),
    "a hint": lambda store: store.claims.hint("https://h/7", NOW),
    "an idle look for due entities": lambda store: store.due.claim(NOW - MINUTE),
    "claiming entities": lambda store: store.due.claim(LATER, limit=2),
    "marking entities": lambda store: store.due.mark([ref("e-7")], Why.CODE, NOW),
    "who read a path": lambda store: store.due.readers("https://h/7", ["a"]),
    "an entity's objects": lambda store: store.objects.of_entity(ref("e-7")),
    "a repository's objects": lambda store: store.objects.of_repository("https://h/7"),
    "an entity's results": lambda store: store.judgements.results(ref("e-7")),
    "an entity's outcomes": lambda store: store.judgements.outcomes(ref("e-7")),
    "an entity in a list": lambda store: store.listing.by_refs([ref("e-7")]),
    "a page of entities": lambda store: store.listing.entities(EntityFilter(), limit=2).items,
    "a later page of entities": lambda store: page_after(store, "ref").items,
    "a page of a team's": lambda store: store.listing.entities(EntityFilter(owners=(TEAM,)), limit=2).items,
    "a page of a level": lambda store: (
        store.listing.entities(EntityFilter(scorecard="s", levels=("gold",)), sort="level", limit=2).items
    ),
    "new changes": lambda store: store.changes.after(0, limit=2),
    "an entity's changes": lambda store: store.changes.latest(entity=ref("e-7"), limit=2),
    "an entity's history": lambda store: store.changes.history(ref("e-7"), limit=2),
    "judging one entity of a repository": lambda store: store.due.claim(LATER, repository="https://h/7"),
    "what it was last judged from": lambda store: store.judgements.last([ref("e-7")]),
    "its waivers": lambda store: store.waivers.in_force([ref("e-7")], NOW),
    "a repository's entities": lambda store: store.lookups.in_repository("https://h/7"),
    "what a repository declares": lambda store: store.entities.declared_in("https://h/7"),
    "entities of a name": lambda store: store.lookups.named("e-7", ("component", "api")),
    "a few entities": lambda store: store.lookups.get([ref("e-7"), ref("e-8")]),
    "a repository's other names": lambda store: store.repositories.known_as(["github:7"]),
    "a delivery": lambda store: store.inbound.take(["https://h/7", "github:7"], lambda _: arrival("new"), NOW),
    "a page of deliveries": lambda store: store.inbound.page(limit=2),
    "a page of failed deliveries": lambda store: store.inbound.page(state="failed", limit=2),
    "a source's deliveries": lambda store: store.inbound.page(source="s", limit=2),
    "a repository's deliveries": lambda store: store.inbound.page(repository="https://h/7", limit=2),
    "deliveries that asked to list anew": lambda store: store.inbound.discovered(NOW),
    "messages to send": lambda store: store.outgoing.claim(NOW, MINUTE),
    "changes to judge": lambda store: store.gates.claim(NOW, MINUTE),
    "fix requests to keep": lambda store: store.fix_requests.claim(NOW, MINUTE),
    "how many entities are due": lambda store: store.due.waiting(NOW - MINUTE),
}
FULL = {
    one.name
    for one in (repositories, entities, objects, object_entities, reads, results, outcomes, inbound, history, changes)
}
"""The tables that hold much here: of one that is nearly empty a walk is best."""
WHOLE = ("count(", "FILTER")
"""Totals are counted over what they count; `/metrics` looks at every repository."""


def page_after(store: Store, sort: str) -> Page[EntityItem]:
    first = store.listing.entities(EntityFilter(), sort=sort, limit=2)
    return store.listing.entities(EntityFilter(), sort=sort, cursor=first.next_cursor, limit=2)


def arrival(delivery: str) -> Arrival:
    known: dict[str, Any] = {"source": "s", "forge": "github", "event": "push", "repository": "https://h/7"}
    return Arrival(delivery=delivery, state="accepted", hint=True, **known)


def dated(n: int) -> dict[str, object]:
    place = {"kind": "component", "repository": f"https://h/{n}", "owner": f"group:default/t-{n}"}
    return {"ref": str(ref(f"e-{n}")), "name": f"e-{n}", "judge_due_at": NOW + n * MINUTE, "body": BODY, **place}


@pytest.fixture
def full(store: Store) -> Store:
    numbers = range(MANY)
    with store.database.write() as connection:
        connection.execute(
            insert(repositories),
            [
                {"url": f"https://h/{n}", "forge_id": f"github:{n}", "host": "h", "due_at": NOW + n * MINUTE}
                for n in numbers
            ],
        )
        connection.execute(insert(entities), [dated(n) for n in numbers])
        connection.execute(insert(objects), [{"id": n, "repository": f"https://h/{n}", "body": {}} for n in numbers])
        connection.execute(insert(object_entities), [{"object_id": n, "ref": str(ref(f"e-{n}"))} for n in numbers])
        looks = [{"entity": str(ref(f"e-{n}")), "repository": f"https://h/{n}", "path": "a"} for n in numbers]
        connection.execute(insert(reads), looks)
        connection.execute(
            insert(results),
            [{"entity": str(ref(f"e-{n}")), "scorecard": "s", "body": b"{}", "level": LEVELS[n % 3]} for n in numbers],
        )
        connection.execute(
            insert(outcomes),
            [{"entity": str(ref(f"e-{n}")), "scorecard": "s", "check": "c", "since": NOW} for n in numbers],
        )
        kept = {"source": "s", "forge": "github", "event": "push", "state": "done", "hint": 1, "received_at": NOW}
        connection.execute(
            insert(inbound), [{**kept, "delivery": str(n), "repository": f"https://h/{n}"} for n in numbers]
        )
        past = {"at": NOW, "scorecard": "s", "reason": "code"}
        connection.execute(insert(history), [{**past, "entity": str(ref(f"e-{n}"))} for n in numbers])
        told = {**past, "what": "level", "before": "none", "after": "bronze"}
        connection.execute(insert(changes), [{**told, "cursor": n + 1, "entity": str(ref(f"e-{n}"))} for n in numbers])
    gather_statistics(store)
    return store


def gather_statistics(store: Store) -> None:
    """As PostgreSQL does by itself, and SQLite never."""
    if not store.database.is_sqlite:
        with store.database.write() as connection:
            connection.execute(text("ANALYZE"))


@contextmanager
def steps(store: Store) -> Iterator[list[tuple[str, int]]]:
    """Every statement on SQLite, with how many steps of its machine (to the hundred) it takes meanwhile."""
    found: list[tuple[str, int]] = []

    def note(_c: object, _cursor: object, statement: str, _parameters: object, _context: object, _many: bool) -> None:
        found.append((statement, 0))

    def count() -> int:
        if found:
            found[-1] = (found[-1][0], found[-1][1] + 100)
        return 0

    def count_on(connection: Any, _record: object, _proxy: object) -> None:
        connection.set_progress_handler(count, 100)

    engine = store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "checkout", count_on)
    yield found
    event.remove(engine, "checkout", count_on)
    event.remove(engine, "before_cursor_execute", note)
    engine.dispose()  # with the handlers


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, object]]]:
    """Every statement that runs meanwhile, with its parameters."""
    found: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, _context: object, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not many:
            found.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", note)
    yield found
    event.remove(store.database.engine, "before_cursor_execute", note)


def walks(connection: Connection, statement: str, parameters: object) -> list[str]:
    """The lines of a statement's plan on PostgreSQL that walk a whole table."""
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()  # type: ignore[arg-type]
    walked = [(str(row[0]), str(row[0]).partition("Seq Scan on ")[2].split(" ")[0]) for row in rows]
    return [line for line, table in walked if table in FULL]


def is_whole(statement: str) -> bool:
    return any(word in statement for word in WHOLE)


def slow_statements(store: Store, ask: Callable[[Store], object]) -> dict[str, object]:
    """Statements of one question that walk what they need not, with how."""
    if store.database.is_sqlite:
        with steps(store) as taken:
            ask(store)
        return {statement: many for statement, many in taken if many >= MANY and not is_whole(statement)}
    with statements(store) as found:
        ask(store)
    assert found
    with store.database.write() as connection:
        return {
            statement: lines
            for statement, parameters in found
            if not is_whole(statement) and (lines := walks(connection, statement, parameters))
        }


def test_what_is_asked_all_the_time_is_answered_from_an_index(full: Store) -> None:
    """On SQLite in fewer steps than there are rows, where a walk takes several a row."""
    assert {name: slow for name, ask in ASKED.items() if (slow := slow_statements(full, ask))} == {}


def test_metrics_count_but_look_for_the_oldest_by_an_index(full: Store) -> None:
    if not full.database.is_sqlite:
        return
    with steps(full) as found:
        gauges(full.database, NOW)
    assert {one for one, taken in found if taken >= MANY and not is_whole(one)} == set()
    assert [taken for one, taken in found if "min(inbound" in one] == [0]


def test_whom_to_judge_next_is_not_sorted_out_of_all_that_a_policy_made_due(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute(insert(entities), [dated(n) for n in range(MANY)])
    store.due.mark_all(Why.POLICY, NOW)
    store.due.mark([ref("e-7")], Why.CODE, NOW)
    gather_statistics(store)

    with statements(store) as found:
        claims = store.due.claim(NOW, limit=2)

    assert [claim.ref.name for claim in claims] == ["e-7", "e-0"]
    with store.database.write() as connection:
        explain = "EXPLAIN QUERY PLAN " if store.database.is_sqlite else "EXPLAIN "
        plans = [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters))  # type: ignore[arg-type]
            for statement, parameters in found
            if "ORDER BY" in statement
        ]
    assert len(plans) == 3
    for plan in plans:
        assert "entities_judge_" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    assert "entities_judge_pushed" in plans[1]
