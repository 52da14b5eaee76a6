"""Judging everything again over unchanged inputs: no row of what is known is written, only that each was looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from organisation import Organisation
from sqlalchemy import event, select

from app.pipeline.judge import judge_all
from app.sample import generated
from app.store.model import Why
from app.store.tables import entities, metadata

_BOOKKEEPING = {"generation", "judged_generation", "judged_at", "judge_due_at", "judge_lease_until", "why_due"}


@pytest.fixture
def crawled(tmp_path):
    made = Organisation(tmp_path).open()
    for plan in generated.plans(11, 6):
        made.repository(plan.name, dict(generated.files(plan)))
    made.crawl()
    yield made
    made.close()


def rows(organisation):
    """Every row of every table; of entities without what says that one is due, or was looked at."""
    found = {}
    with organisation.pipeline.store.database.read() as connection:
        for table in metadata.sorted_tables:
            kept = [one for one in table.c if table is not entities or one.name not in _BOOKKEEPING]
            found[table.name] = sorted(map(repr, connection.execute(select(*kept))))
    return found


def written(organisation, work):
    """The tables that statements wrote to, one entry a statement."""
    found = []

    def note(_connection, _cursor, statement, *_):
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
            found.append(words[1] if words[0] == "UPDATE" else words[2])

    engine = organisation.pipeline.store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    work()
    event.remove(engine, "before_cursor_execute", note)
    return found


def test_unchanged_inputs_write_no_row_of_results(crawled):
    before = rows(crawled)
    assert len(before["results"]) == 6
    crawled.now += timedelta(hours=1)
    crawled.pipeline.store.due.mark_all(Why.POLICY, crawled.now)

    statements = written(crawled, lambda: judge_all(crawled.pipeline))

    assert statements == ["entities", "entities"]  # the claim and its end, for all six at once
    assert rows(crawled) == before


def test_what_is_not_due_writes_nothing_at_all(crawled):
    assert written(crawled, lambda: judge_all(crawled.pipeline)) == []


def test_changed_inputs_are_written(crawled):
    before = rows(crawled)
    plan = generated.plans(11, 6)[0]
    crawled.push(plan.name, {"docs/runbook.md": "# New\n"})
    crawled.now += timedelta(hours=1)
    crawled.crawl()
    assert rows(crawled)["results"] != before["results"]
