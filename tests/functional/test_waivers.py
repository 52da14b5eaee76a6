"""A team lead waives a check for a while, in the portal or over the API: judged at once, shown with who and until,
ended by itself, never for longer than policy says, and on record."""

import re
import shutil
from datetime import timedelta

import pytest
from organisation import TEAM, Organisation, alert, component

from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.lib import shipped
from app.web import create_app

CHECK = "alert-runbook-linked"
PAY = "component:default/pay"


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("pay", {"catalog-info.yaml": component("pay"), "alerts.yaml": alert("Burning", "")})
    made.repository("shop", {"catalog-info.yaml": component("shop", owner="others")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


@pytest.fixture
def waive(organisation, client):
    def one(code=201, **more):
        until = (organisation.now + timedelta(days=30)).isoformat()
        body = {"entity": "pay", "check": CHECK, "reason": "Rewritten with the move.", "until": until, **more}
        answer = client.post("/api/v1/waivers", json={k: v for k, v in body.items() if v is not None})
        assert answer.status_code == code, answer.text
        return answer.get_json()

    return one


def judged(organisation):
    organisation.judge()
    return next(one for one in organisation.result("pay")["checks"] if one["id"] == CHECK)


def test_a_waiver_is_judged_at_once_and_says_who_why_and_until(organisation, client, waive):
    assert organisation.outcome("pay", CHECK) == "fail"
    raw = organisation.result("pay")["raw_level"]
    made = waive()
    assert (made["state"], made["granted_by"], made["entity"]) == ("active", "anonymous", PAY)
    check = judged(organisation)
    assert (check["outcome"], check["raw_outcome"]) == ("waived", "fail")
    assert check["waiver"] == {
        "reason": "Rewritten with the move.", "until": made["until"], "approved_by": "anonymous", "check": CHECK,
        "id": made["id"],
    }  # fmt: skip
    result = organisation.result("pay")
    assert result["raw_level"] == raw
    assert result["valid_until"] <= made["until"]
    change = client.get(f"/api/v1/changes?entity={PAY}").get_json()["items"][-1]
    assert (change["before"], change["after"], change["reason"]) == ("fail", "waived", "waiver")


def test_it_ends_by_itself(organisation, waive):
    waive()
    judged(organisation)
    organisation.now += timedelta(days=30)
    check = judged(organisation)
    assert (check["outcome"], check["waiver"]) == ("fail", None)


def test_it_can_be_ended_before_and_the_record_stays(organisation, client, waive):
    made = waive()
    judged(organisation)
    end = f"/api/v1/waivers/{made['id']}/end"
    ended = client.post(end, json={"reason": "The runbook is there."}).get_json()
    assert (ended["state"], ended["end_reason"], ended["ended_by"]) == ("ended", "The runbook is there.", "anonymous")
    assert judged(organisation)["outcome"] == "fail"
    assert client.post(end, json={"reason": "Again."}).status_code == 404
    assert client.get(f"/api/v1/waivers/{made['id']}").get_json()["state"] == "ended"
    actions = [(row.action, row.target, row.detail["check"]) for row in organisation.pipeline.store.audit.latest()]
    assert actions == [("waiver.end", PAY, CHECK), ("waiver.grant", PAY, CHECK)]


def test_a_repeated_call_replaces_itself_and_never_holds_longer(organisation, client, waive):
    first, second = waive(), waive()
    assert second["until"] == first["until"]
    page = client.get("/api/v1/waivers?state=active").get_json()
    assert [one["id"] for one in page["items"]] == [second["id"]]
    assert client.get("/api/v1/waivers").get_json()["total"] == 2


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"check": "no-such-check"}, "check", "there is no check"),
        ({"check": "db-backup-retention"}, "check", "no scorecard asks"),
        ({"reason": "   "}, "reason", "say why"),
        ({"until": "2020-01-01"}, "until", "within 90d"),
        ({"until": "2099-01-01"}, "until", "within 90d"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "until", ""),
        ({"until": "soon"}, "until", "ISO 8601"),
        ({"reason": None}, "reason", "required"),
        ({"approved_by": "the pope"}, "approved_by", "Unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(organisation, waive, wrong, field, why):
    errors = waive(422, **wrong)["errors"]
    errors = errors.get("json", errors)
    assert why.lower() in errors[field][0].lower()
    assert organisation.judge() == 0


def test_nobody_waives_what_is_not_there(waive):
    waive(404, entity="nobody")


def test_policy_may_allow_none_and_its_own_are_listed(tmp_path):
    folder = tmp_path / "policy"
    shutil.copytree(shipped.folder("scorecards"), folder)
    settings = (folder / "policy.yaml").read_text("utf-8")
    (folder / "policy.yaml").write_text(settings.replace("longest: 90d", "longest: 0s"), "utf-8")
    written = f"- {{entity: {PAY}, check: {CHECK}, reason: Agreed., until: 2030-01-01, approved_by: sre}}\n"
    gone = (
        "- {entity: component:default/gone, check: owner-is-team, reason: Old., until: 2030-01-01, approved_by: sre}\n"
    )
    (folder / "waivers.yaml").write_text(f"waivers:\n{written}{gone}", "utf-8")
    made = Organisation(tmp_path / "org", "policy: {path: ../policy}\n").open()
    made.repository("pay", {"catalog-info.yaml": component("pay"), "alerts.yaml": alert("Burning", "")})
    made.crawl()
    client = create_app(made.pipeline).test_client()
    body = {"entity": "pay", "check": CHECK, "reason": "Soon.", "until": (made.now + timedelta(days=1)).isoformat()}
    refused = client.post("/api/v1/waivers", json=body)
    assert (refused.status_code, "waivers.yaml" in refused.get_json()["errors"]["until"][0]) == (422, True)
    listed = client.get("/api/v1/waivers").get_json()
    assert (listed["longest"], listed["items"]) == ("0s", [])
    assert [(one["entity"], one["approved_by"]) for one in listed["in_policy"]] == [(PAY, "sre")]
    assert "Waive for a while" not in client.get("/entities/component/default/pay").text
    made.close()


def test_the_page_shows_the_form_the_waiver_and_its_end(organisation, client):
    page = client.get("/entities/component/default/pay").text
    form = re.search(r'action="(/entities/component/default/pay/waivers)">.*?value="([^"]+)"', page, re.DOTALL)
    assert form
    until = (organisation.now + timedelta(days=10)).date().isoformat()
    said = {"csrf_token": form[2], "check": CHECK, "reason": "<b>Soon</b>", "until": until}
    answer = client.post(form[1], data=said)
    assert (answer.status_code, answer.headers["Location"].split("#")[1]) == (303, CHECK)
    assert client.post(form[1], data={**said, "csrf_token": "x"}).status_code == 403
    assert client.post(form[1], data={**said, "until": "2099-01-01"}).status_code == 422
    assert client.post(form[1], data={**said, "until": ""}).status_code == 422
    judged(organisation)
    page = client.get("/entities/component/default/pay").text
    assert "<strong>Waived</strong> until" in page
    assert "by anonymous: &lt;b&gt;Soon&lt;/b&gt;" in page
    end = re.search(r'action="(/entities/component/default/pay/waivers/\d+/end)"', page)
    assert end
    assert client.post(end[1], data={"csrf_token": form[2]}).status_code == 303
    assert judged(organisation)["outcome"] == "fail"


@pytest.fixture
def asking(organisation):
    """A client with a token of these scopes, which sees only what `group` owns."""
    store = organisation.pipeline.store
    door = Authenticator(tokens=store.tokens, directory=store.people, clock=organisation.pipeline.clock)
    app = create_app(organisation.pipeline, access=Access(authenticator=door, visibility="owners"))

    def make(*scopes, group=""):
        made = tokens.new()
        groups = (EntityRef("group", "default", group),) if group else ()
        row = tokens.StoredToken(
            id=made.id, name=f"{scopes[0]}-{group}-{made.id}", digest=made.digest, scopes=scopes, groups=groups,
            created_at=organisation.now
        )  # fmt: skip
        assert store.tokens.add(row)
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made.text}"
        return client

    return make


def test_only_the_scope_waives_and_only_what_is_seen(organisation, asking):
    until = (organisation.now + timedelta(days=1)).isoformat()
    body = {"entity": "pay", "check": CHECK, "reason": "Soon.", "until": until}
    for scopes in (("read",), ("refresh",), ("facts:write",)):
        refused = asking(*scopes).post("/api/v1/waivers", json=body)
        assert (refused.status_code, "waivers:write" in refused.headers["WWW-Authenticate"]) == (403, True)
    others = asking("waivers:write", group="others").post("/api/v1/waivers", json=body)
    nobody = asking("waivers:write").post("/api/v1/waivers", json={**body, "entity": "nobody"})
    assert (others.status_code, nobody.status_code) == (404, 404)
    assert others.get_json()["detail"].replace("pay", "nobody") == nobody.get_json()["detail"]
    lead = asking("waivers:write", group="team")
    made = lead.post("/api/v1/waivers", json=body)
    assert (made.status_code, made.get_json()["granted_by"][:25]) == (201, "token:waivers:write-team-")
    end = f"/api/v1/waivers/{made.get_json()['id']}/end"
    assert asking("waivers:write", group="others").post(end, json={"reason": "x"}).status_code == 404
    assert asking("read", group="others").get("/api/v1/waivers").get_json()["items"] == []
    assert len(asking("read", group="team").get("/api/v1/waivers").get_json()["items"]) == 1
    page = asking("read", group="team").get("/entities/component/default/pay").text
    assert "/waivers" not in page  # no form for who may not
