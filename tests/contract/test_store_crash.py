"""A process that dies in the middle of a save leaves all of it or none, for every database."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from store_examples import NOW, URL, add_repositories, entity, ref, save

from app.store.store import Store

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from store_examples import *
from app.store.model import Change, HistoryRow, OutcomeRow
store, first = Store.open(sys.argv[1]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for round in range(first, first + 100_000):
    now = NOW + round * MINUTE
    mark = str(round)
    rows = tuple(object_row(f"{n}.yaml", 1, "payments", name=mark) for n in range(300))
    save(store, now=now, objects=rows, paths={f"{n}.yaml": mark for n in range(300)}, tip=mark,
         entities=(entity("payments", spec={"round": mark}),))
    judge(store, "payments", now,
        fact_sets=tuple(fact_set(f"r{n}", values={"round": mark}, reads=(Read(URL, mark, mark),)) for n in range(20)),
        results=tuple(result(f"s{n}", commit=mark, etag=mark) for n in range(20)),
        outcomes=tuple(OutcomeRow("s", f"c{n}", mark) for n in range(50)),
        history=(HistoryRow(scorecard="s", at=now, level=mark, score=None, coverage=None, reason="code"),),
        changes=(Change(at=now, entity=ref("payments"), scorecard="s", what="level", before="", after=mark,
                        reason="code"),))
    print("saved", flush=True)
"""


def state_of_reading(store: Store) -> set[str]:
    """The marks of everything that one inventory save writes."""
    view = store.repositories.get(URL, NOW)
    found = store.entities.get(ref("payments"))
    rows = store.objects.of_repository(URL)
    assert view is not None
    assert found is not None
    assert len(rows) == 300
    assert all(row.refs == (ref("payments"),) for row in rows)
    return {view.tip, found.spec["round"], *view.paths.values(), *(row.body["name"] for row in rows)}


def state_of_judging(store: Store) -> set[str]:
    """The marks of everything that one judgement save writes."""
    facts, results = store.judgements.facts(ref("payments")), store.judgements.results(ref("payments"))
    outcomes, history = store.judgements.outcomes(ref("payments")), store.changes.history(ref("payments"))
    (change,) = store.changes.latest(limit=1)
    assert (len(facts), len(results), len(outcomes)) == (20, 20, 50)
    assert store.changes.cursor() == change.cursor == store.changes.count() == len(history)
    marks = {item.values["round"] for item in facts} | {path for item in facts for path in (item.reads[0].path,)}
    marks |= {row.commit for row in results} | {outcome for outcome, _ in outcomes.values()}
    return marks | {history[-1].level, change.after}


def test_a_killed_save_leaves_the_old_rows_or_the_new_ones_never_a_mixture(store: Store, store_url: str) -> None:
    dice = Random(7)
    here = str(Path(__file__).parent)
    add_repositories(store, URL)
    save(store, entities=(entity("payments"),))
    reached, judged = 1, 0

    for _ in range(15):
        arguments = [
            sys.executable,
            "-c",
            "from app.store.store import Store\n" + WRITER,
            store_url,
            here,
            str(reached),
        ]
        writer = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        writer.stdin.write("go\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "saved\n"  # once whole, however slow this machine is; then anywhere
        with pytest.raises(subprocess.TimeoutExpired):
            writer.communicate(timeout=dice.uniform(0.02, 0.4))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()

        read = state_of_reading(store)
        assert len(read) == 1, read
        if store.changes.cursor():
            told = state_of_judging(store)
            assert len(told) == 1, told
            judged = max(judged, int(told.pop()))
        reached = max(reached, int(read.pop()) + 1) + 5  # past the leases of the dead

    assert judged > 15
