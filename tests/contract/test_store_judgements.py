"""Judging's saves: fenced, whole, and only what is new, for every database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from store_examples import (
    MINUTE,
    NOW,
    OTHER,
    URL,
    add_repositories,
    due_names,
    entity,
    fact_set,
    judge,
    ref,
    result,
    save,
)

from app.errors import StaleError
from app.facts.model import Place, Reason, Unknown
from app.store.columns import metadata
from app.store.last import LastJudging
from app.store.model import Change, HistoryRow, Judgement, JudgementClaim, JudgementRows, OutcomeRow, Why
from app.store.store import Store


@pytest.fixture
def ready(store: Store) -> Store:
    """One entity, due for its first judging."""
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))
    return store


def change(name: str = "payments", **more: str) -> Change:
    values = {
        "scorecard": "sre-maturity",
        "what": "level",
        "before": "none",
        "after": "bronze",
        "reason": "code",
        **more,
    }
    return Change(at=NOW, entity=ref(name), detail={"check": "x"}, **values)


def point(level: str = "bronze", minute: int = 0) -> HistoryRow:
    at = NOW + minute * MINUTE
    return HistoryRow(scorecard="sre-maturity", at=at, level=level, score=0.5, coverage=1.0, reason="code")


def test_a_judging_comes_back_as_it_went_in(ready: Store) -> None:
    facts = fact_set(
        "runbooks",
        (OTHER, "a.md"),
        values={"runbooks.reviewed_at": NOW, "runbooks.documents": [{"labels": {"$instant": "2020-01-01"}, "at": NOW}]},
        unknown={"runbooks.owner": Unknown(Reason.FORBIDDEN, "403")},
        evidence={"runbooks.reviewed_at": Place(OTHER, "a" * 40, "a.md", 3, "")},
        given_by={"runbooks.reviewed_at": "system:default/shop"},
        expires_at=NOW + MINUTE,
        error="timed out",
    )

    judge(
        ready,
        "payments",
        fact_sets=(facts,),
        results=(result(),),
        outcomes=(OutcomeRow("sre-maturity", "owner", "pass"),),
        history=(point(),),
        changes=(change(),),
        tier="tier-1",
    )

    assert ready.judgements.facts(ref("payments")) == [facts]
    assert ready.judgements.results(ref("payments")) == [result()]
    assert ready.judgements.outcomes(ref("payments")) == {("sre-maturity", "owner"): ("pass", NOW)}
    assert ready.changes.history(ref("payments")) == [point()]
    (told,) = ready.changes.after(0)
    assert (told.cursor, told.entity, told.after, told.detail) == (1, ref("payments"), "bronze", {"check": "x"})
    state = ready.entities.state(ref("payments"))
    assert state is not None
    assert (state.tier, state.judged_at, state.why) == ("tier-1", NOW, Why(0))


def test_a_save_is_refused_when_the_entity_moved_on_and_writes_nothing(ready: Store) -> None:
    (taken,) = ready.due.claim(NOW)
    ready.due.mark([taken.ref], Why.POLICY, NOW)

    with pytest.raises(StaleError, match="has changed since"):
        ready.judgements.save(taken.ref, taken.generation, JudgementRows(results=(result(),)), NOW)

    assert ready.judgements.results(ref("payments")) == []
    (again,) = ready.due.claim(NOW)  # at once: a mark ends the lease
    assert again.why == Why.CODE | Why.POLICY


def test_one_claim_can_be_saved_only_once(ready: Store) -> None:
    (taken,) = ready.due.claim(NOW)
    rows = JudgementRows(changes=(change(),))
    ready.judgements.save(taken.ref, taken.generation, rows, NOW)

    with pytest.raises(StaleError):
        ready.judgements.save(taken.ref, taken.generation, rows, NOW)

    assert ready.changes.count() == 1


def test_an_orphan_cannot_be_saved(ready: Store) -> None:
    (taken,) = ready.due.claim(NOW)
    save(ready, now=NOW)

    with pytest.raises(StaleError, match="no longer in the catalog"):
        ready.judgements.save(taken.ref, taken.generation, JudgementRows(), NOW)


def test_a_claim_that_is_not_saved_comes_back_when_its_lease_ends(ready: Store) -> None:
    (taken,) = ready.due.claim(NOW, lease=MINUTE)

    assert ready.due.claim(NOW + MINUTE / 2) == []
    (heir,) = ready.due.claim(NOW + MINUTE)

    assert heir.generation == taken.generation + 1
    assert not ready.due.fail(taken, error="late", next_due=NOW)


def test_a_passed_valid_until_makes_due_by_itself_and_by_time_alone(ready: Store) -> None:
    turns = NOW + timedelta(days=3)
    judge(ready, "payments", results=(result(valid_until=turns), result("other", valid_until=turns + MINUTE)))

    assert ready.due.claim(turns - MINUTE) == []
    (taken,) = ready.due.claim(turns)

    assert (taken.ref, taken.why) == (ref("payments"), Why(0))


def test_expiring_facts_make_due(ready: Store) -> None:
    judge(ready, "payments", fact_sets=(fact_set(expires_at=NOW + MINUTE),))

    assert due_names(ready, NOW + MINUTE) == ["payments"]


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name != "entities"
        }


def test_nothing_is_written_when_nothing_changed(ready: Store) -> None:
    rows = {
        "fact_sets": (fact_set("alerting", (OTHER, "a.yaml")),),
        "results": (result(),),
        "outcomes": (OutcomeRow("sre-maturity", "owner", "pass"),),
    }
    assert judge(ready, "payments", **rows)
    before = rows_of(ready)
    with ready.database.read() as connection:
        entities_before = connection.execute(select(func.count()).select_from(metadata.tables["entities"])).scalar()
    ready.due.mark([ref("payments")], Why.POLICY, NOW)
    later = {**rows, "fact_sets": (fact_set("alerting", (OTHER, "a.yaml"), collected_at=NOW + MINUTE),)}
    statements = written_statements(ready)

    news = judge(ready, "payments", NOW + MINUTE, **later)

    assert not news
    assert rows_of(ready) == before
    assert statements == ["UPDATE entities", "UPDATE entities"]  # the claim, and the marks
    assert entities_before == 1


def written_statements(store: Store) -> list[str]:
    """Collects the writing statements from now on, shortened to verb and table."""
    from sqlalchemy import event

    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            found.append(f"{words[0]} {words[1]}" if words[0] == "UPDATE" else f"{words[0]} {words[2]}")

    event.listen(store.database.engine, "before_cursor_execute", note)
    return found


def test_a_digest_says_what_is_news_not_the_time_of_looking(ready: Store) -> None:
    judge(ready, "payments", results=(result(digest="same", etag="1", body=b"old"),))
    ready.due.mark([ref("payments")], Why.TIME, NOW)

    judge(ready, "payments", results=(result(digest="same", etag="2", body=b"new"),))

    assert [row.body for row in ready.judgements.results(ref("payments"))] == [b"old"]


def test_facts_seen_again_keep_their_age_unless_they_can_expire(ready: Store) -> None:
    live = fact_set("oncall", expires_at=NOW + MINUTE)
    judge(ready, "payments", fact_sets=(fact_set("alerting"), live))
    ready.due.mark([ref("payments")], Why.TIME, NOW)
    seen = {"collected_at": NOW + MINUTE}

    judge(
        ready,
        "payments",
        fact_sets=(fact_set("alerting", **seen), fact_set("oncall", expires_at=NOW + 2 * MINUTE, **seen)),
    )

    alerting, oncall = ready.judgements.facts(ref("payments"))
    assert (alerting.collected_at, oncall.collected_at, oncall.expires_at) == (NOW, NOW + MINUTE, NOW + 2 * MINUTE)


def test_an_outcome_keeps_since_when_until_it_turns(ready: Store) -> None:
    checks = [("owner", "pass"), ("alerts", "fail"), ("gone", "pass")]
    judge(ready, "payments", outcomes=tuple(OutcomeRow("sre-maturity", *pair) for pair in checks))
    ready.due.mark([ref("payments")], Why.CODE, NOW)

    turned = [("owner", "pass"), ("alerts", "pass")]
    judge(ready, "payments", NOW + MINUTE, outcomes=tuple(OutcomeRow("sre-maturity", *pair) for pair in turned))

    assert ready.judgements.outcomes(ref("payments")) == {
        ("sre-maturity", "owner"): ("pass", NOW),
        ("sre-maturity", "alerts"): ("pass", NOW + MINUTE),
    }


def test_results_and_facts_that_are_not_named_again_are_forgotten(ready: Store) -> None:
    judge(ready, "payments", fact_sets=(fact_set("a", (OTHER, "x")), fact_set("b")), results=(result(), result("old")))
    ready.due.mark([ref("payments")], Why.POLICY, NOW)

    judge(ready, "payments", fact_sets=(fact_set("b"),), results=(result(),))

    assert [item.retriever for item in ready.judgements.facts(ref("payments"))] == ["b"]
    assert [row.scorecard for row in ready.judgements.results(ref("payments"))] == ["sre-maturity"]
    assert ready.due.readers(OTHER, None) == set()


def test_a_failed_judging_keeps_its_error_until_one_succeeds(ready: Store) -> None:
    (taken,) = ready.due.claim(NOW)

    assert ready.due.fail(taken, error="the rule broke", next_due=NOW + MINUTE)

    failed = ready.entities.state(ref("payments"))
    assert failed is not None
    assert (failed.error, failed.failures, failed.judge_due_at) == ("the rule broke", 1, NOW + MINUTE)
    judge(ready, "payments", NOW + MINUTE)
    healed = ready.entities.state(ref("payments"))
    assert healed is not None
    assert (healed.error, healed.failures, healed.judge_due_at) == ("", 0, None)


def test_changes_are_read_on_from_a_cursor_and_per_entity(ready: Store) -> None:
    judge(ready, "payments", changes=(change(), change(after="silver"), change("orders")))

    assert [item.cursor for item in ready.changes.after(1)] == [2, 3]
    assert [item.cursor for item in ready.changes.after(0, limit=1)] == [1]
    assert [item.after for item in ready.changes.after(0, entity=ref("payments"))] == ["bronze", "silver"]
    assert [item.cursor for item in ready.changes.latest(limit=2)] == [3, 2]
    assert ready.changes.cursor() == 3


def test_history_is_told_oldest_first_and_bounded_to_the_newest(ready: Store) -> None:
    judge(ready, "payments", history=(point("none", 0), point("bronze", 1), point("silver", 2)))

    assert [item.level for item in ready.changes.history(ref("payments"), limit=2)] == ["bronze", "silver"]
    since = ready.changes.history(ref("payments"), scorecard="sre-maturity", since=NOW + 2 * MINUTE)
    assert [item.level for item in since] == ["silver"]
    assert ready.changes.history(ref("payments"), scorecard="other") == []


def test_reasons_gather_until_the_next_judging(ready: Store) -> None:
    judge(ready, "payments")

    ready.due.mark([ref("payments")], Why.WAIVER, NOW)
    ready.due.mark([ref("payments"), ref("unknown")], Why.DATA_SOURCE, NOW)

    assert ready.due.waiting(NOW) == 1
    (taken,) = ready.due.claim(NOW)
    assert taken.why.words == ("data source", "waiver")


def several(store: Store, *names: str) -> list[JudgementClaim]:
    """Entities of one repository, each claimed for its first judging."""
    add_repositories(store, URL)
    save(store, entities=tuple(entity(name) for name in names))
    return store.due.claim(NOW)


def test_several_judgings_are_saved_at_once_and_a_stale_one_stops_no_other(store: Store) -> None:
    claims = several(store, "cart", "payments", "shop")
    store.due.mark([ref("payments")], Why.POLICY, NOW)
    rows = JudgementRows(results=(result(),), outcomes=(OutcomeRow("sre-maturity", "owner", "pass"),))
    last = store.judgements.last([claim.ref for claim in claims])

    saved = store.judgements.save_all([Judgement(claim, rows, last[claim.ref]) for claim in claims], NOW)

    assert {one.name: new for one, new in saved.items() if new is True} == {"cart": True, "shop": True}
    assert isinstance(saved[ref("payments")], StaleError)
    assert store.judgements.results(ref("payments")) == []
    assert store.judgements.results(ref("shop")) == [result()]


def test_an_unchanged_judging_keeps_all_and_is_due_when_the_last_one_said(store: Store) -> None:
    turns = NOW + timedelta(days=3)
    facts = fact_set("slo", expires_at=turns + MINUTE)
    rows = JudgementRows(fact_sets=(facts,), results=(result(valid_until=turns),), tier="t1", inputs="abc")
    (taken,) = several(store, "shop")
    store.judgements.save_all([Judgement(taken, rows)], NOW)
    store.due.mark([ref("shop")], Why.CODE, NOW + MINUTE)
    (again,) = store.due.claim(NOW + MINUTE)
    last = store.judgements.last([again.ref])[again.ref]

    saved = store.judgements.save_all([Judgement(again, None, last)], NOW + MINUTE)

    assert saved == {ref("shop"): False}
    assert (last.inputs, last.judged_at, last.facts["slo"][1]) == ("abc", NOW, turns + MINUTE)
    assert store.judgements.last([again.ref]) == {again.ref: last}
    state = store.entities.state(ref("shop"))
    assert state is not None
    assert (state.tier, state.judged_at, state.judge_due_at, state.why) == ("t1", NOW + MINUTE, turns, Why(0))


def test_an_entity_that_was_never_judged_has_an_empty_last_judging(ready: Store) -> None:
    assert ready.judgements.last([ref("payments"), ref("gone")]) == {
        ref("payments"): LastJudging(),
        ref("gone"): LastJudging(),
    }
