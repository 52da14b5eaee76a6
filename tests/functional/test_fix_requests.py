"""Fix pull requests on each forge: one a service, kept up to date, left to whoever takes it over, closed at the end."""

from __future__ import annotations

import dataclasses

import pytest
from fix_cases import rule
from organisation import Organisation
from requested import BRANCH, FILES, ONE, URL, asked, on_forge, pushed

from app.clients.forges.requests import FORGES
from app.pipeline.fix_requests import FixRequests, Speaking
from app.web import create_app


@pytest.fixture(params=["gitea", "github", "gitlab"])
def forge(request, tmp_path):
    with on_forge(request.param, tmp_path) as stub:
        yield stub


def test_one_request_is_opened_and_asking_twice_changes_nothing(forge):
    first = asked(forge)
    assert (first["state"], first["number"]) == ("opened", 1)
    assert first["url"].startswith("https://forge.example/acme/shop/")
    files = forge.files(BRANCH)
    assert "runbook_url" in files["alerts.yaml"]
    assert files["catalog-info.yaml"] == FILES["catalog-info.yaml"]
    (request,) = forge.open
    text = request.get("body") or request["description"]
    assert request["title"] == "Mend 1 check of shop"
    for said in ("`alerts.yaml:", "A page without a next step", "Source: PagerDuty", "by hand about 15m"):
        assert said in text
    assert "https://portal.example/entities/component/default/shop" in text
    writes = len(forge.writes)
    assert asked(forge)["state"] == "unchanged"
    assert len(forge.writes) == writes
    assert len(forge.requests) == 1


def test_a_request_is_brought_up_to_date_and_drops_what_is_mended(forge):
    asked(forge, {"checks": ["alert-runbook-linked", "codeowners-valid"]})
    assert ".github/CODEOWNERS" in forge.files(BRANCH) or "CODEOWNERS" in forge.files(BRANCH)
    pushed(forge, {"CODEOWNERS": "* @acme/team\n"})
    updated = asked(forge, {"checks": ["alert-runbook-linked", "codeowners-valid"]})
    assert (updated["state"], updated["number"]) == ("updated", 1)
    assert "runbook_url" in forge.files(BRANCH)["alerts.yaml"]
    assert forge.files(BRANCH)["CODEOWNERS"] == "* @acme/team\n"
    assert len(forge.open) == 1


def test_a_file_that_is_executable_stays_so_on_github(tmp_path):
    """GitLab and Gitea keep a file's mode by themselves; GitHub is told it anew with every tree."""
    with on_forge("github", tmp_path) as stub:
        (stub.organisation.path("shop") / "alerts.yaml").chmod(0o755)
        pushed(stub, {"docs/notes.md": "# Notes\n"})
        assert "100755" in stub.organisation.git("shop", "ls-tree", "HEAD", "alerts.yaml")
        asked(stub, {"checks": ["alert-runbook-linked", "codeowners-valid"]})
        owners = next(path for path in stub.modes if path.endswith("CODEOWNERS"))
        assert stub.modes == {"alerts.yaml": "100755", "docs/runbook.md": "100644", owners: "100644"}


def test_a_branch_that_a_person_works_on_is_theirs(forge):
    asked(forge)
    forge.push(BRANCH, "Say it better")
    before, writes = forge.files(BRANCH), len(forge.writes)
    assert asked(forge, {"checks": []})["state"] == "taken over"
    assert forge.files(BRANCH) == before
    assert len(forge.writes) == writes


def test_a_request_is_closed_when_nothing_is_left_to_mend(forge):
    asked(forge)
    pushed(forge, {"alerts.yaml": rule()})
    closed = asked(forge)
    assert closed["state"] == "closed"
    assert forge.open == []
    assert BRANCH not in forge.branches
    assert asked(forge)["state"] == "nothing"


def test_the_page_proposes_it_too_and_only_from_our_own_form(forge):
    page = "/entities/component/default/shop/fix"
    shown = forge.client.get(f"{page}?check=alert-runbook-linked").text
    assert "Propose it on the forge" in shown
    form = {"check": "alert-runbook-linked"}
    assert forge.client.post(f"{page}/pull-request", data=form).status_code in (400, 403)
    assert forge.requests == {}
    token = shown.split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"Origin": "http://localhost", "Referer": f"http://localhost{page}"}
    sent = forge.client.post(f"{page}/pull-request", data={**form, "csrf_token": token}, headers=headers)
    assert sent.status_code == 303
    assert "requested=opened" in sent.headers["Location"]
    told = forge.client.get(sent.headers["Location"]).text
    assert "The pull request was opened." in told
    assert told.count(f'href="{forge.client.get(URL).json["url"]}"') == 1
    assert len(forge.open) == 1
    assert "Propose it on the forge" in forge.client.get(f"{page}?check=alert-runbook-linked").text
    assert "Propose this in its place" in forge.client.get(page).text


def test_a_link_to_the_page_can_say_nothing_of_its_own(forge):
    crafted = "?requested=Call%20555&at=https://github.com/evil/shop/pull/1"
    shown = forge.client.get(f"/entities/component/default/shop/fix{crafted}").text
    assert "Call 555" not in shown
    assert "evil" not in shown


def test_a_repository_of_no_known_forge_is_told_so(tmp_path):
    organisation = Organisation(tmp_path).open()
    organisation.repository("shop", FILES)
    organisation.crawl()
    client = create_app(organisation.pipeline).test_client()
    answer = client.post(URL, json=ONE, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert "sources.forges" in answer.json["detail"]
    assert "Propose it" not in client.get("/entities/component/default/shop/fix").text
    organisation.close()


def test_hosts_and_owners_tell_forges_apart():
    one = Speaking("github.com", "acme", None, FORGES["github"], "github")
    requests = FixRequests((one, dataclasses.replace(one, host="git.acme.example")))
    assert requests.speaks_for("https://github.com/acme/shop")
    assert requests.speaks_for("https://git.acme.example/acme/group/shop.git")
    assert not requests.speaks_for("https://github.com/acme-evil/shop")
    assert not requests.speaks_for("https://github.com.evil.example/acme/shop")
    assert not requests.speaks_for("file:///srv/acme/shop")
