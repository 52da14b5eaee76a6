"""What is asked all the time never walks a whole table, on either database: the plans of the real statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, insert, text
from store_examples import MINUTE, NOW, ref

from app.store.filters import EntityFilter
from app.store.model import Why
from app.store.store import Store
from app.store.tables import entities, object_entities, objects, outcomes, reads, repositories, results

MANY = 3000
LATER = NOW + timedelta(days=1)

ASKED: dict[str, Callable[[Store], object]] = {
    "an idle look for due repositories": lambda store: store.claims.claim_due(NOW - MINUTE, "w", MINUTE),
    "claiming repositories": lambda store: store.claims.claim_due(LATER, "w", MINUTE, limit=2),
    "when the next repository is due": lambda store: store.claims.next_due_at(),
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
    "new changes": lambda store: store.changes.after(0),
}


def dated(n: int) -> dict[str, object]:
    return {"ref": str(ref(f"e-{n}")), "name": f"e-{n}", "judge_due_at": NOW + n * MINUTE, "body": {}}


@pytest.fixture
def full(store: Store) -> Store:
    numbers = range(MANY)
    with store.database.write() as connection:
        connection.execute(
            insert(repositories), [{"url": f"https://h/{n}", "host": "h", "due_at": NOW + n * MINUTE} for n in numbers]
        )
        connection.execute(insert(entities), [dated(n) for n in numbers])
        connection.execute(insert(objects), [{"id": n, "repository": f"https://h/{n}", "body": {}} for n in numbers])
        connection.execute(insert(object_entities), [{"object_id": n, "ref": str(ref(f"e-{n}"))} for n in numbers])
        looks = [{"entity": str(ref(f"e-{n}")), "repository": f"https://h/{n}", "path": "a"} for n in numbers]
        connection.execute(insert(reads), looks)
        connection.execute(
            insert(results), [{"entity": str(ref(f"e-{n}")), "scorecard": "s", "body": b"{}"} for n in numbers]
        )
        connection.execute(
            insert(outcomes),
            [{"entity": str(ref(f"e-{n}")), "scorecard": "s", "check": "c", "since": NOW} for n in numbers],
        )
        connection.execute(text("ANALYZE"))
    return store


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
    """The lines of a statement's plan that walk a whole table."""
    sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    rows = connection.exec_driver_sql(explain + statement, parameters).all()  # type: ignore[arg-type]
    lines = [str(row[-1]) for row in rows]
    if sqlite:
        return [line for line in lines if line.startswith("SCAN") and " USING " not in line]
    return [line for line in lines if "Seq Scan on" in line and "changes" not in line and "counters" not in line]


def slow_statements(store: Store, ask: Callable[[Store], object]) -> dict[str, list[str]]:
    with statements(store) as found:
        ask(store)
    assert found
    with store.database.write() as connection:
        return {
            statement: lines
            for statement, parameters in found
            if "count(" not in statement and (lines := walks(connection, statement, parameters))
        }


def test_what_is_asked_all_the_time_is_answered_from_an_index(full: Store) -> None:
    """All but a page's total, which is counted over what it counts."""
    assert {name: slow for name, ask in ASKED.items() if (slow := slow_statements(full, ask))} == {}


def test_whom_to_judge_next_is_not_sorted_out_of_all_that_a_policy_made_due(store: Store) -> None:
    """On SQLite as it is in use: without statistics."""
    with store.database.write() as connection:
        connection.execute(insert(entities), [dated(n) for n in range(MANY)])
    store.due.mark_all(Why.POLICY, NOW)
    store.due.mark([ref("e-7")], Why.CODE, NOW)
    if not store.database.is_sqlite:
        with store.database.write() as connection:
            connection.execute(text("ANALYZE"))

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
