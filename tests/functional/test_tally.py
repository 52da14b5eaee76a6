"""Counts of teams follow judging, by a crawl and by a worker's rounds."""

from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.jobs.worker import new_owner
from app.pipeline.refresh import refresh
from app.pipeline.upkeep import Upkeep
from app.store.team_counts import EVERYONE

CARD, TEAM_REF = "sre-maturity", "group:default/team"


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK}
    made.repository("shop", {"catalog-info.yaml": component("shop"), **files})
    made.crawl()
    yield made
    made.close()


def levels(organisation):
    return organisation.pipeline.store.standings.levels([TEAM_REF])[CARD][TEAM_REF].levels


def test_a_crawl_leaves_nothing_to_count(organisation):
    assert organisation.pipeline.store.team_counts.waiting() == 0
    assert levels(organisation) == {"none": 1}


def test_a_fix_moves_the_counts_of_its_team_and_todays_point_of_the_trend(organisation):
    organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#health")})
    organisation.crawl()

    standings = organisation.pipeline.store.standings
    assert levels(organisation) == {"bronze": 1}
    for group in (EVERYONE, TEAM_REF):
        assert [point.levels for point in standings.trend(CARD, group, since=organisation.now.date())] == [
            {"bronze": 1}
        ]
    week = organisation.now - timedelta(days=7)
    (rising,), falling = organisation.pipeline.store.changes.movements(CARD, {"none": 0, "bronze": 1}, week)
    assert (rising.entity.name, rising.levels, falling) == ("shop", 1, [])


def test_a_worker_counts_beside_judging(organisation):
    upkeep = Upkeep(organisation.pipeline, timedelta(hours=1))
    upkeep.tick()
    organisation.push("catalog", {"other.yaml": component("second")})
    organisation.now += timedelta(hours=1)
    for claim in organisation.pipeline.store.claims.claim_due(
        organisation.now, new_owner(), timedelta(minutes=1), limit=9
    ):
        refresh(organisation.pipeline, claim)
    upkeep.tick()

    assert sum(levels(organisation).values()) == 2
    assert organisation.pipeline.store.team_counts.waiting() == 0
