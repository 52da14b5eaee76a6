"""A newer version of the readers over an older one's database: what was read is read again, and nothing breaks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from sqlalchemy import update

from app.catalog.model import EntityRef
from app.formats import reading
from app.pipeline.attribute import attribute_again
from app.services import build
from app.settings import load
from app.store.model import Why
from app.store.tables import objects, repositories
from app.web import create_app


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "docs/runbook.md")}
    made.repository("shop", {**files, "docs/runbook.md": RUNBOOK})
    made.crawl()
    yield made
    made.close()


def age(organisation):
    """As an older version left it: another mark, and alert rules in a shape that is no longer known."""
    with organisation.pipeline.store.database.write() as connection:
        connection.execute(update(repositories).values(read_version="older"))
        connection.execute(
            update(objects).where(objects.c.kind == "alert_rule").values(body={"alert": "x"}, digest="x")
        )


def restarted(organisation):
    organisation.close()
    settings = load(organisation.folder / "roadworthy.yaml", {})
    organisation.pipeline = build(settings, clock=lambda: organisation.now)


def test_after_an_upgrade_every_repository_is_read_again_though_no_tip_moved(organisation):
    before = organisation.result("component:default/shop")
    age(organisation)

    restarted(organisation)
    done = organisation.crawl(timedelta(0))

    assert (done.repositories, done.unchanged, done.failures) == (2, 0, {})
    after = organisation.result("component:default/shop")
    assert [one["outcome"] for one in after["checks"]] == [one["outcome"] for one in before["checks"]]
    view = organisation.pipeline.store.repositories.get(organisation.url("shop"), organisation.now)
    assert view.tip


def test_the_same_version_reads_nothing_again(organisation):
    assert organisation.pipeline.store.claims.read_again(reading.VERSION, organisation.now) == 0


def test_objects_that_are_not_understood_wait_for_their_repository_and_stop_nobody(organisation):
    age(organisation)
    organisation.repository("late", {"catalog-info.yaml": component("late")})
    organisation.push("catalog", {"more.yaml": component("other")})
    organisation.pipeline.store.claims.hint(organisation.url("catalog"), organisation.now)
    organisation.crawl()

    attribute_again(organisation.pipeline)

    assert organisation.result("component:default/other")["id"] == "sre-maturity"


def test_a_repository_that_cannot_be_read_again_stops_nobody_and_costs_its_own_nothing_but_what_it_told(organisation):
    organisation.repository("beside", {"catalog-info.yaml": component("beside")})
    organisation.crawl()
    before = organisation.result("component:default/shop")
    age(organisation)
    (organisation.path("shop") / ".git/HEAD").write_text("broken", "utf-8")

    restarted(organisation)
    organisation.pipeline.store.due.mark_all(Why.POLICY, organisation.now)
    done = organisation.crawl()

    assert list(done.failures) == [organisation.url("shop")]
    for ref in ("component:default/beside", "component:default/shop"):
        found = organisation.pipeline.store.listing.by_refs([EntityRef.parse(ref)])
        assert [one.judge_error for one in found.values()] == [""]
    after = organisation.result("component:default/shop")
    unread = [one for one in after["checks"] if "alerts.yaml was read by another version" in one["reason"]]
    assert {one["outcome"] for one in unread} == {"unknown"}
    assert "alert-runbook-linked" in {one["id"] for one in unread}
    told = {one["id"] for one in unread}
    assert _outcomes(after, told) == _outcomes(before, told)


def test_what_is_handed_over_is_judged_and_mended_beside_what_is_not_understood(organisation):
    age(organisation)
    client = create_app(organisation.pipeline).test_client()
    files = {"catalog-info.yaml": component("shop"), "more.yaml": alert("More", "TODO"), "docs/runbook.md": RUNBOOK}
    body = {"files": files, "repository": "https://git.acme.example/other"}

    answer = client.post("/api/v1/simulate", json=body)

    assert answer.status_code == 200, answer.text
    assert answer.get_json()["fix_problem"] is None
    assert "alerts.yaml was read by another version" in answer.text


def test_a_fix_writes_nothing_where_something_is_not_understood(organisation):
    tests = "rule_files: [alerts.yaml]\ntests:\n- alert_rule_test: [{eval_time: 5m, alertname: burning_now}]\n"
    organisation.push("shop", {"alerts.yaml": alert("burning_now", "docs/runbook.md"), "tests.yaml": tests})
    organisation.crawl()
    client = create_app(organisation.pipeline).test_client()
    url = "/api/v1/entities/by-name/component/default/shop/fix?check=alert-name-style"
    assert "+      - alert: BurningNow" in client.get(url).get_json()["diff"]
    with organisation.pipeline.store.database.write() as connection:
        of_tests = update(objects).where(objects.c.kind == "rule_test").values(body={"old": 1}, digest="x")
        assert connection.execute(of_tests).rowcount == 1

    answer = client.get(url)

    assert answer.status_code == 200, answer.text
    assert answer.get_json()["diff"] == ""


def test_what_is_nobodys_is_listed_also_where_it_is_not_understood(organisation):
    organisation.push("catalog", {"stray/alerts.yaml": alert("Stray", "runbook.md"), "stray/runbook.md": RUNBOOK})
    organisation.crawl()
    with organisation.pipeline.store.database.write() as connection:
        connection.execute(update(objects).values(body={"alert": "x"}, digest="x"))

    page = create_app(organisation.pipeline).test_client().get("/sources")

    assert page.status_code == 200
    said = re.sub("<[^>]*>", "", page.text)
    assert "stray/alerts.yaml:" in said
    assert "stray/runbook.md:" in said


def _outcomes(result, without):
    return {one["id"]: one["outcome"] for one in result["checks"] if one["id"] not in without}
