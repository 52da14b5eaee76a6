"""What pages say where there is nothing to show yet, nothing left to do, or nobody at work: over the test client."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access, Rates
from app.identity.authenticator import Authenticator
from app.identity.tokens import StoredToken
from app.lib.rate import Rate
from app.pipeline.discover import discover
from app.web import create_app

NOBODY_AT_WORK = "No worker is at work"
SHOP = "/entities/component/default/shop"
UNBORN = "/entities/component/default/unborn"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("states")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {"alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK}
    made.repository("shop", {"catalog-info.yaml": component("shop"), **files})
    subprocess.run(["git", "init", "-q", made.path("unborn")], check=True)
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


@pytest.fixture
def unread(tmp_path):
    """Listed, and nothing read yet."""
    made = Organisation(tmp_path).open()
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    discover(made.pipeline)
    yield made
    made.close()


def test_before_anything_is_scored_the_list_does_not_speak_of_filters(unread):
    client = create_app(unread.pipeline).test_client()
    assert "Nothing is scored by “SRE maturity” yet" in client.get("/entities").text
    assert "Nothing matches" in client.get("/entities?q=shop").text


def test_what_was_never_read_is_not_said_to_be_readable(unread):
    text = create_app(unread.pipeline).test_client().get("/sources").text
    assert "<b>0</b> of 1 <span>read so far</span>" in text
    assert "can be read</span>" not in text


@pytest.mark.parametrize("page", ["/", "/sources"])
def test_a_page_says_when_no_worker_is_at_work_and_when_one_is(organisation, unread, page):
    for made in (organisation, unread):
        client, workers = create_app(made.pipeline).test_client(), made.pipeline.store.workers
        assert NOBODY_AT_WORK in client.get(page).text
        workers.beat("one", made.now, 0, made.now)
        assert NOBODY_AT_WORK not in client.get(page).text
        workers.beat("one", made.now, 0, made.now - timedelta(hours=3))
        text = client.get(page).text
        workers.leave("one")
        assert NOBODY_AT_WORK in text
        assert page == "/" or "the last was heard of" in text


def test_a_fix_is_offered_only_where_there_is_something_to_mend(client):
    for page in (UNBORN, f"{UNBORN}/plan?level=top"):
        text = client.get(page).text
        assert "The service is registered in the catalog" in text
        assert "/fix?" not in text
    assert "/fix?" in client.get(SHOP).text
    assert "/fix?" in client.get(f"{SHOP}/plan?level=top").text


def test_a_plan_names_what_blocks_by_its_title(client):
    text = client.get(f"{UNBORN}/plan").text
    assert "Blocked by “The service has an alert that pages”: the repository can&#39;t be read" in text
    assert "alert-rules-present:" not in text


def test_a_plan_to_a_level_that_does_not_exist_says_which_do(client):
    answer = client.get(f"{SHOP}/plan?level=platinum")
    assert answer.status_code == 404
    assert "There is no level “platinum” here. Those there are: next, target, top, bronze" in answer.text


def test_what_no_scorecard_asks_about_has_an_empty_plan_and_a_team_leads_to_its_page(client):
    assert "No scorecard asks anything of it." in client.get("/entities/group/default/team/plan").text
    assert '<a href="/groups/default/team">Where the team stands</a>' in client.get("/entities/group/default/team").text


def test_the_address_of_a_form_opened_by_hand_is_not_said_to_be_nowhere(client):
    answer = client.get("/logout", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert "This address takes what a form of ours sends" in answer.text


@pytest.fixture
def limited(organisation):
    """Signed in, one team's alone, and twice a minute at most."""
    store, made = organisation.pipeline.store, tokens.new()
    team = (EntityRef.parse("group:default/team"),)
    token = StoredToken(
        id=made.id, name=made.id, digest=made.digest, scopes=("read",), groups=team, created_at=organisation.now
    )
    store.tokens.add(token)
    door = Authenticator(tokens=store.tokens, directory=store.people, clock=organisation.pipeline.clock)
    client = create_app(
        organisation.pipeline, access=Access(authenticator=door, rates=Rates(reads=Rate(2)))
    ).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made.text}"
    return client


def test_who_asked_too_often_is_told_when_to_come_back_and_tries_the_same_page_again(limited):
    answers = [limited.get("/entities?sort=name") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert f"come back in {answers[2].headers['Retry-After']} s" in answers[2].text
    assert '<a href="">Try again</a>' in answers[2].text


def test_who_sees_a_part_only_is_not_promised_a_trend_of_the_whole(limited, client):
    assert "From tomorrow the trend stands here" in client.get("/").text
    text = limited.get("/").text
    assert "Your teams' pages tell how it went." in text
    assert "From tomorrow" not in text
