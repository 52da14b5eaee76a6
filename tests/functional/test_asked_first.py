"""What a worker does otherwise for a refresh that a person waits for than for one that a push or a poll asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from organisation import RUNBOOK, Organisation, alert, component

from app.processes.work import places, run_one
from app.repos.git import Git
from app.repos.process import Conversation

LINK = alert("Burning", "docs/runbook.md#burning")


class Watched(Git):
    """Real git; notes how nice a process is that is started when git is."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.niceness = folder, set[int]()

    def run(self, *arguments: Any, **options: Any) -> bytes:
        command = ["/bin/sh", "-c", "read line; nice"]
        with Conversation(command, environment={b"PATH": os.environb[b"PATH"]}, folder=self.folder, seconds=10) as talk:
            self.niceness.add(int(talk.ask(b"now\n", enough=lambda out: out.endswith(b"\n"), output_cap=100)))
        return super().run(*arguments, **options)


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    for name in ("shop", "other"):
        files = {
            "catalog-info.yaml": component(name),
            "alerts.yaml": alert("Burning", "TODO"),
            "docs/runbook.md": RUNBOOK,
        }
        made.repository(name, files)
    made.crawl()
    yield made
    made.close()


def run(organisation: Organisation) -> None:
    """Everything that is due, as a worker runs it, without its judging of batches."""
    for claim in organisation.pipeline.store.claims.claim_due(organisation.now, "w", timedelta(minutes=1), limit=9):
        run_one(organisation.pipeline, claim)


def test_what_a_person_waits_for_is_judged_with_its_refresh(organisation: Organisation) -> None:
    for name in ("other", "shop"):
        organisation.push(name, {"alerts.yaml": LINK})
        organisation.pipeline.store.claims.hint(organisation.url(name), organisation.now, interactive=name == "shop")

    run(organisation)

    assert organisation.outcome("shop", "alert-runbook-linked") == "pass"
    assert organisation.outcome("other", "alert-runbook-linked") == "fail"
    assert organisation.judge() == 1
    assert organisation.outcome("other", "alert-runbook-linked") == "pass"


def test_it_is_judged_at_once_also_where_a_push_was_read_just_before(organisation: Organisation) -> None:
    organisation.push("shop", {"alerts.yaml": LINK})
    for somebody_waits in (False, True):
        organisation.pipeline.store.claims.hint(organisation.url("shop"), organisation.now, interactive=somebody_waits)
        run(organisation)
        expected = "pass" if somebody_waits else "fail"
        assert organisation.outcome("shop", "alert-runbook-linked") == expected


def test_git_gives_way_where_nobody_waits_and_only_there(organisation: Organisation, tmp_path: Path) -> None:
    ours, seen = os.getpriority(os.PRIO_PROCESS, 0), {}
    organisation.pipeline.git.close()
    for somebody_waits in (False, True):
        organisation.pipeline.git = watched = Watched(tmp_path)
        organisation.push("shop", {"docs/more.md": f"# {somebody_waits}\n"})
        organisation.pipeline.store.claims.hint(organisation.url("shop"), organisation.now, interactive=somebody_waits)
        run(organisation)
        seen[somebody_waits] = watched.niceness
        watched.close()

    organisation.pipeline.git = Git()
    assert seen[True] == {ours}
    assert seen[False]
    assert min(seen[False]) > ours or ours == 19


@pytest.mark.parametrize(("concurrency", "of_one_host"), [(1, 1), (2, 1), (8, 4), (20, 10)])
def test_one_host_gets_half_of_a_workers_places(concurrency: int, of_one_host: int) -> None:
    assert (places(concurrency).threads, places(concurrency).per_host) == (concurrency, of_one_host)
