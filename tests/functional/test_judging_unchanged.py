"""Judging again what did not change: nothing is evaluated, and nothing but the claim and its mark is written."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from sqlalchemy import event
from structlog.testing import capture_logs

from app.pipeline.judge import judge_due
from app.store.model import Why

DAY, ENTITIES = timedelta(days=1), 5  # two services, a team and its two members


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("shop", "cart"):
        files = {
            "catalog-info.yaml": component(name),
            "alerts.yaml": alert("Burning", "docs/runbook.md#burning"),
            "docs/runbook.md": f"---\nreview_by: 2026-12-24\n---\n{RUNBOOK}",
        }
        made.repository(name, files)
    made.crawl()
    yield made
    made.close()


@contextmanager
def written(organisation: Organisation) -> Iterator[Counter[str]]:
    """Counts statements by verb and table, and transactions that may write."""
    found: Counter[str] = Counter()

    def note(_c: object, _k: object, statement: str, *_more: object) -> None:
        verb = re.match(r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement)
        if verb:
            found[" ".join(verb.groups())] += 1

    def begins(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":  # asked of the driver, so heard from SQLite itself
            found[statement] += 1

    def listen(connection: sqlite3.Connection, *_more: object) -> None:
        connection.set_trace_callback(begins)

    def leave(connection: sqlite3.Connection, *_more: object) -> None:
        connection.set_trace_callback(None)

    engine = organisation.pipeline.store.database.engine
    heard = (("before_cursor_execute", note), ("checkout", listen), ("checkin", leave))
    for name, listener in heard:
        event.listen(engine, name, listener)
    yield found
    for name, listener in heard:
        event.remove(engine, name, listener)


def again(organisation: Organisation, later: timedelta = DAY) -> tuple[int, int]:
    """Everything is judged a while later: (how many entities, how many of them unchanged)."""
    organisation.now += later
    organisation.pipeline.store.due.mark_all(Why.CODE, organisation.now)
    with capture_logs() as logs:
        judged = judge_due(organisation.pipeline)
    return judged, sum(entry["entities"] for entry in logs if entry["event"] == "entities.unchanged")


def everything(organisation: Organisation) -> list[object]:
    store, refs = organisation.pipeline.store, sorted(organisation.pipeline.catalog().entities)
    kept = [(ref, store.judgements.results(ref), store.judgements.facts(ref)) for ref in refs]
    return [kept, [store.judgements.outcomes(ref) for ref in refs], store.changes.after(0)]


def test_while_nothing_is_due_no_transaction_that_may_write_begins(organisation: Organisation) -> None:
    with written(organisation) as statements:
        assert judge_due(organisation.pipeline) == 0

    assert statements == {}


def test_what_did_not_change_is_neither_evaluated_nor_written(organisation: Organisation) -> None:
    before = everything(organisation)
    organisation.now += DAY
    organisation.pipeline.store.due.mark_all(Why.CODE, organisation.now)

    with written(organisation) as statements, capture_logs() as logs:
        judged = judge_due(organisation.pipeline)

    assert judged == ENTITIES
    assert [entry["entities"] for entry in logs if entry["event"] == "entities.unchanged"] == [ENTITIES]
    assert statements == {"BEGIN IMMEDIATE": 2, "UPDATE entities": 2}  # the claim, and the mark of all at once
    assert everything(organisation) == before


def test_a_change_of_one_entity_writes_no_other(organisation: Organisation) -> None:
    organisation.push("shop", {"docs/runbook.md": None})
    before = organisation.result("cart")

    done = organisation.crawl()

    assert done.judged == 1
    assert organisation.result("cart") == before


def test_the_date_on_which_an_outcome_turns_ends_it(organisation: Organisation) -> None:
    assert again(organisation) == (ENTITIES, ENTITIES)
    assert organisation.outcome("shop", "runbook-fresh") == "pass"

    organisation.now += 30 * DAY
    assert judge_due(organisation.pipeline) == 2  # by time alone

    assert organisation.outcome("shop", "runbook-fresh") == "fail"
    again(organisation, 2 * DAY)  # the rule allows a day's grace, and so looks at that instant, too
    assert again(organisation) == (ENTITIES, ENTITIES)


def test_another_catalog_entry_that_rules_see_ends_it(organisation: Organisation) -> None:
    organisation.push("shop", {"catalog-info.yaml": component("shop", more="# only a comment\n")})
    organisation.crawl()
    assert again(organisation) == (ENTITIES, ENTITIES)

    organisation.push("catalog", {"catalog-info.yaml": TEAM.replace("name: team}", "name: other}")})
    organisation.crawl()

    assert organisation.outcome("shop", "owner-is-team") == "fail"


def test_a_clock_that_was_set_back_is_not_trusted(organisation: Organisation) -> None:
    assert again(organisation, -DAY) == (ENTITIES, 0)
