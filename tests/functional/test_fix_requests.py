"""Fix pull requests on each forge: one a service, kept up to date, left to whoever takes it over, closed at the end."""

from __future__ import annotations

import dataclasses

import pytest
from fix_cases import rule
from fixing import descriptor
from organisation import RUNBOOK, Organisation
from request_stub import RequestForge

from app.clients.forges import gitea, github, gitlab
from app.clients.forges.requests import FORGES
from app.lib.http import Http
from app.pipeline.fix_requests import FixRequests, Speaking
from app.web import create_app

APIS = {"github": github.api, "gitlab": gitlab.api, "gitea": gitea.api}
BRANCH = "roadworthy/fix-component-default-shop"
FILES = {"catalog-info.yaml": descriptor(), "docs/runbook.md": RUNBOOK, "alerts.yaml": rule("annotations: {}")}
URL = "/api/v1/entities/by-name/component/default/shop/fix/pull-request"
ONE = {"checks": ["alert-runbook-linked"]}


@pytest.fixture(params=sorted(APIS))
def forge(request, tmp_path):
    organisation = Organisation(tmp_path).open()
    organisation.repository("shop", FILES)
    organisation.crawl()
    head = organisation.git("shop", "rev-parse", "HEAD").strip()
    with RequestForge(request.param, FILES, head) as stub:
        stub.organisation = organisation
        api = APIS[request.param](Http(allow_private=True), stub.address, lambda: "token")
        known = FixRequests(
            (Speaking("forge.example", "acme", api, FORGES[request.param], request.param),), "https://portal.example"
        )
        # The stub's repository is crawled from a folder; on its forge it is acme/shop.
        known_here = _AsOnForge(known.forges, known.page_url)
        stub.client = create_app(organisation.pipeline, fix_requests=known_here).test_client()
        yield stub
    assert stub.wrong == []
    organisation.close()


class _AsOnForge(FixRequests):
    def _forge(self, repository):
        return FixRequests._forge(self, "https://forge.example/acme/shop")


def asked(stub, body=ONE, status=200):
    answer = stub.client.post(URL, json=body, headers={"Origin": "http://localhost"})
    assert answer.status_code == status, answer.text
    return answer.json


def again(stub, files):
    """A push to the default branch, and a crawl of it."""
    stub.organisation.push("shop", files)
    stub.organisation.crawl()
    stub.organisation.judge()
    head = stub.organisation.git("shop", "rev-parse", "HEAD").strip()
    stub.moved(head, {**stub.files("main"), **files})


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
    again(forge, {"CODEOWNERS": "* @acme/team\n"})
    updated = asked(forge, {"checks": ["alert-runbook-linked", "codeowners-valid"]})
    assert (updated["state"], updated["number"]) == ("updated", 1)
    assert "runbook_url" in forge.files(BRANCH)["alerts.yaml"]
    assert forge.files(BRANCH)["CODEOWNERS"] == "* @acme/team\n"
    assert len(forge.open) == 1


def test_a_branch_that_a_person_works_on_is_theirs(forge):
    asked(forge)
    forge.push(BRANCH, "Say it better")
    before, writes = forge.files(BRANCH), len(forge.writes)
    assert asked(forge, {"checks": []})["state"] == "taken over"
    assert forge.files(BRANCH) == before
    assert len(forge.writes) == writes


def test_a_request_is_closed_when_nothing_is_left_to_mend(forge):
    asked(forge)
    again(forge, {"alerts.yaml": rule()})
    closed = asked(forge)
    assert closed["state"] == "closed"
    assert forge.open == []
    assert BRANCH not in forge.branches
    assert asked(forge)["state"] == "nothing"


def test_open_requests_are_swept_and_none_is_opened(forge):
    pipeline, requests = forge.organisation.pipeline, forge.client.application.extensions["fix_requests"]
    assert list(requests.keep_open_ones(pipeline)) == []
    assert forge.requests == {}
    asked(forge)
    again(forge, {"alerts.yaml": rule()})
    ((entity, opened),) = requests.keep_open_ones(pipeline)
    assert not isinstance(opened, str), opened
    assert (str(entity.ref), opened.state) == ("component:default/shop", "updated")
    assert "CODEOWNERS" in forge.files(BRANCH)


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
    assert len(forge.open) == 1


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
