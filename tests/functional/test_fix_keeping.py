"""Fix pull requests once they are open: kept for what was asked for, closed when moot, left to a person who acts."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from fix_cases import rule
from fixing import descriptor
from requested import BRANCH, FILES, URL, asked, on_forge, pushed

from app.catalog.model import EntityRef
from app.processes.work import jobs_of
from app.services import build
from app.settings import load

SHOP = EntityRef("component", "default", "shop")
UNLINKED = rule("annotations: {}")
DAY = timedelta(days=1)


@pytest.fixture(params=["gitea", "github", "gitlab"])
def forge(request, tmp_path):
    with on_forge(request.param, tmp_path) as stub:
        yield stub


@pytest.fixture
def github(tmp_path):
    """Where what is said to a forge is not the matter, one is enough."""
    with on_forge("github", tmp_path) as stub:
        yield stub


def kept(forge):
    return forge.organisation.pipeline.store.fix_requests.get(SHOP)


def looked(forge):
    """What a worker does next: how many requests it looked at, and what it asked of the forge for them."""
    before = len(forge.calls)
    count = forge.keeper.tick()
    return count, forge.calls[before:]


def test_what_was_asked_for_is_told_by_the_api_the_page_and_the_list(github):
    assert github.client.get(URL).status_code == 404
    url = asked(github)["url"]
    told = github.client.get(URL).json
    assert (told["state"], told["number"], told["url"]) == ("open", 1, url)
    assert (told["checks"], told["mends"], told["set"]) == (["alert-runbook-linked"],) * 2 + ({},)
    assert (told["branch"], told["asked_by"]) == (BRANCH, "anonymous")
    listed = github.client.get("/api/v1/fix-requests").json
    assert (listed["total"], listed["items"][0]["entity"]) == (1, str(SHOP))
    assert github.client.get("/api/v1/fix-requests?state=closed").json["items"] == []
    assert github.client.get("/api/v1/fix-requests?state=nonsense").status_code == 422
    assert url in github.client.get("/fix-requests").text
    assert url not in github.client.get("/fix-requests?ended=1").text
    assert "Its pull request is open." in github.client.get("/entities/component/default/shop/fix").text


def test_a_check_that_policy_no_longer_has_is_said_to_be_so_and_leads_nowhere(github):
    asked(github)
    requests = github.organisation.pipeline.store.fix_requests
    requests.asked(dataclasses.replace(requests.get(SHOP), checks=("alert-runbook-linked", "retired-check")))
    for path in ("/fix-requests", "/entities/component/default/shop/fix"):
        page = github.client.get(path).text
        assert "Every paging alert links a runbook" in page
        assert "<code>retired-check</code>, no longer asked of anyone" in page
        assert "/checks/retired-check" not in page


def test_nothing_is_asked_of_the_forge_while_the_diff_is_the_same(github):
    asked(github)
    assert looked(github) == (0, [])
    pushed(github, {"docs/notes.md": "# Notes\n", "catalog-info.yaml": descriptor(metadata="  tags: [java]\n")})
    assert looked(github) == (1, [])
    assert looked(github) == (0, [])


def test_it_is_brought_up_to_date_once_for_what_was_asked_and_nothing_else(forge):
    asked(forge)
    pushed(forge, {"alerts.yaml": "# moved down\n\n" + UNLINKED, "CODEOWNERS": "* @nobody-here\n"})
    count, calls = looked(forge)
    assert count == 1
    assert any(method != "GET" for method, _ in calls)
    files = forge.files(BRANCH)
    assert files["alerts.yaml"].startswith("# moved down\n\n")
    assert "runbook_url" in files["alerts.yaml"]
    assert files.get("CODEOWNERS") in (None, "* @nobody-here\n")  # it fails too, and nobody asked
    assert (len(forge.open), kept(forge).state, kept(forge).tries) == (1, "open", 0)
    assert looked(forge) == (0, [])


def test_asked_for_everything_it_stays_with_what_could_be_mended_then(github):
    asked(github, {"checks": []})
    first = set(kept(github).checks)
    assert {"alert-runbook-linked", "codeowners-valid"} <= first
    assert "alert-severity-labelled" not in first
    pushed(github, {"alerts.yaml": rule("labels: {team: shop}\nannotations: {}")})
    assert github.organisation.outcome(str(SHOP), "alert-severity-labelled") == "fail"
    assert looked(github)[0] == 1
    assert set(kept(github).checks) == first
    assert set(kept(github).mends) <= first
    assert "        labels: {team: shop}\n" in github.files(BRANCH)["alerts.yaml"]


def test_it_is_closed_with_a_comment_when_all_that_was_asked_for_passes(forge):
    asked(forge)
    pushed(forge, {"alerts.yaml": rule()})
    assert looked(forge)[0] == 1
    assert (forge.open, BRANCH in forge.branches) == ([], False)
    (comment,) = forge.comments[1]
    assert "Everything that was asked for passes" in comment
    assert "So this request is closed." in comment
    assert (kept(forge).state, kept(forge).due_at) == ("closed", None)
    assert "passes" in forge.client.get(URL).json["reason"]
    assert "Everything that was asked for passes" in forge.client.get("/fix-requests?ended=1").text
    pushed(forge, {"alerts.yaml": UNLINKED})
    assert looked(forge) == (0, [])  # whoever wants it again asks again
    assert asked(forge)["state"] == "opened"


def test_it_is_closed_when_its_entity_is_gone(github):
    asked(github)
    pushed(github, {"catalog-info.yaml": FILES["catalog-info.yaml"].replace("name: shop\n", "name: boutique\n")})
    assert looked(github)[0] == 1
    assert github.open == []
    assert f"No source tells of {SHOP} any more." in github.comments[1][0]
    assert kept(github).state == "closed"


def test_a_closing_that_was_cut_off_is_ended_without_a_second_comment(forge):
    asked(forge)
    pushed(forge, {"alerts.yaml": rule()})
    comments = forge.comments.setdefault(1, [])
    looked(forge)
    said = list(comments)
    forge.requests[1]["state"] = "opened" if forge.forge == "gitlab" else "open"  # as if only the comment had come
    forge.organisation.pipeline.store.fix_requests.asked(kept_open(forge))
    assert looked(forge)[0] == 1
    assert forge.open == []
    assert comments == said


def kept_open(forge):
    return dataclasses.replace(kept(forge), state="open", due_at=forge.organisation.now)


@pytest.mark.parametrize(("act", "state"), [("merge", "merged"), ("dismiss", "dismissed")])
def test_what_a_person_has_ended_stays_ended(forge, act, state):
    asked(forge)
    getattr(forge, act)(1)
    pushed(forge, {"alerts.yaml": "# later\n" + UNLINKED})
    writes = len(forge.writes)
    assert looked(forge)[0] == 1
    assert (kept(forge).state, len(forge.writes), len(forge.requests)) == (state, writes, 1)
    pushed(forge, {"alerts.yaml": "# later still\n" + UNLINKED})
    assert looked(forge) == (0, [])


def test_it_is_noticed_within_a_day_that_a_person_has_ended_it(github):
    asked(github)
    github.dismiss(1)
    assert looked(github) == (0, [])
    github.organisation.now += DAY
    writes = len(github.writes)
    assert looked(github)[0] == 1
    assert (kept(github).state, len(github.writes)) == ("dismissed", writes)


def test_a_branch_that_a_person_works_on_is_left_to_them_also_when_it_is_moot(forge):
    asked(forge)
    forge.push(BRANCH, "Say it better")
    pushed(forge, {"alerts.yaml": "# later\n" + UNLINKED})
    before, writes = forge.files(BRANCH), len(forge.writes)
    looked(forge)
    assert (kept(forge).state, forge.files(BRANCH), len(forge.writes)) == ("taken over", before, writes)
    pushed(forge, {"alerts.yaml": rule()})
    looked(forge)
    assert (len(forge.open), len(forge.writes)) == (1, writes)
    forge.merge(1)
    forge.organisation.now += DAY
    looked(forge)
    assert kept(forge).state == "merged"


def test_a_branch_that_a_person_has_deleted_is_not_made_again_until_somebody_asks(forge):
    asked(forge)
    del forge.branches[BRANCH]
    pushed(forge, {"alerts.yaml": "# later\n" + UNLINKED})
    writes = len(forge.writes)
    looked(forge)
    assert (kept(forge).state, kept(forge).due_at, len(forge.writes)) == ("dismissed", None, writes)
    assert BRANCH not in forge.branches
    pushed(forge, {"alerts.yaml": "# later still\n" + UNLINKED})
    assert looked(forge) == (0, [])
    assert asked(forge)["state"] == "updated"
    assert (kept(forge).state, BRANCH in forge.branches, len(forge.open)) == ("open", True, 1)


def test_a_request_whose_branch_is_gone_is_still_closed_when_it_is_moot(forge):
    asked(forge)
    del forge.branches[BRANCH]
    pushed(forge, {"alerts.yaml": rule()})
    looked(forge)
    assert (kept(forge).state, forge.open) == ("closed", [])


def test_a_forge_that_is_away_is_asked_later_and_later(github):
    asked(github)
    pushed(github, {"alerts.yaml": "# later\n" + UNLINKED})
    github.away = True
    rests = []
    for _ in range(4):
        assert looked(github)[0] == 1
        assert looked(github) == (0, [])
        rests.append(kept(github).due_at - github.organisation.now)
        github.organisation.now = kept(github).due_at
    assert rests == [timedelta(minutes=one) for one in (1, 2, 4, 8)]
    assert "503" in github.client.get(URL).json["error"]
    assert "503" in github.client.get("/fix-requests").text
    github.away = False
    looked(github)
    assert (kept(github).error, kept(github).tries) == ("", 0)
    assert github.files(BRANCH)["alerts.yaml"].startswith("# later\n")


def test_a_forge_that_refuses_is_asked_once_a_day_and_given_up_after_forty(github):
    asked(github)
    pushed(github, {"alerts.yaml": "# later\n" + UNLINKED})
    github.refuses = 403
    tries = 0
    while kept(github).state == "open":
        assert looked(github)[0] == 1
        tries += 1
        github.organisation.now += DAY
    assert (tries, kept(github).state, kept(github).due_at) == (40, "lost", None)
    assert looked(github) == (0, [])


def test_a_check_that_can_not_be_seen_changes_nothing(github):
    asked(github)
    pushed(github, {"alerts.yaml": None, "alerts.libsonnet": "{ alert: 'HighErrorRate', expr: 'up == 0' }\n"})
    assert github.organisation.outcome(str(SHOP), "alert-runbook-linked") == "unknown"
    writes = len(github.writes)
    assert looked(github)[0] == 1
    assert (len(github.open), len(github.writes)) == (1, writes)
    assert "can't be seen now" in kept(github).reason


def test_everything_that_is_open_can_be_looked_at_on_request(github):
    assert list(github.keeper.keep_all()) == []
    asked(github)
    ((ref, opened),) = github.keeper.keep_all()
    assert (ref, opened.state) == (SHOP, "unchanged")
    pushed(github, {"alerts.yaml": rule()})
    ((ref, opened),) = github.keeper.keep_all()
    assert (ref, opened.state) == (SHOP, "closed")
    assert list(github.keeper.keep_all()) == []


@pytest.mark.parametrize(("forges", "keeps"), [(False, False), (True, True)])
def test_a_worker_keeps_requests_where_a_forge_of_the_settings_has_them(tmp_path, forges, keeps):
    said = (
        "sources:\n  forges:\n    - {forge: gitea, url: 'https://git.acme.example', owner: acme, token: {env: TOKEN}}\n"
    )
    (tmp_path / "roadworthy.yaml").write_text(said if forges else "", "utf-8")
    settings = load(tmp_path / "roadworthy.yaml", {"TOKEN": "x"})
    pipeline = build(settings)
    assert ("propose" in {job.name for job in jobs_of(settings, pipeline)}) is keeps
    pipeline.store.close()
    pipeline.git.close()
