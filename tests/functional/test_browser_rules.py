"""What browsers are told, who may call from elsewhere, and how often anyone may."""

from dataclasses import replace
from datetime import timedelta

import pytest
from organisation import TEAM, Organisation, component

from app.identity import tokens
from app.services import access_of
from app.settings import load
from app.web import create_app

SETTINGS = """
serve:
  public_url: https://scores.example
  cors_origins: [https://portal.example, 'http://localhost:3000']
  frame_ancestors: [https://portal.example]
auth: {mode: on, limits: {reads: 5, writes: 2, failures: 3}}
"""
LIST = "/api/v1/entities"
REFRESH = "/api/v1/entities/by-name/component/default/shop/refresh"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("rules"), SETTINGS).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    """A fresh application, so that nothing was counted before."""
    access = access_of(load(organisation.folder / "roadworthy.yaml", {}), organisation.pipeline)
    return create_app(organisation.pipeline, access=access).test_client()


@pytest.fixture
def make(organisation):
    def one(*scopes):
        made = tokens.new()
        row = tokens.StoredToken(
            id=made.id, name=made.id, digest=made.digest, scopes=scopes, created_at=organisation.now
        )
        organisation.pipeline.store.tokens.add(row)
        return {"Authorization": f"Bearer {made.text}"}

    return one


@pytest.mark.parametrize("path", ["/login", LIST, "/nowhere", "/healthz"])
def test_every_answer_is_closed_to_other_sites(client, path):
    found = client.get(path).headers
    assert "frame-ancestors 'self'" in found["Content-Security-Policy"].split("; ")
    assert (found["X-Frame-Options"], found["Cross-Origin-Resource-Policy"]) == ("SAMEORIGIN", "same-origin")
    assert found["Strict-Transport-Security"] == "max-age=31536000"
    assert {"Authorization", "Cookie"} <= {part.strip() for part in found["Vary"].split(",")}


@pytest.mark.parametrize("path", ["/widgets/x", "/badges/component/default/shop/sre-maturity.svg"])
def test_widgets_and_badges_may_be_framed_by_the_portal(client, path):
    found = client.get(path).headers
    assert "frame-ancestors 'self' https://portal.example" in found["Content-Security-Policy"]
    assert "X-Frame-Options" not in found
    assert found["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_script_of_the_portal_may_call_with_a_token_and_never_with_a_cookie(client, make):
    for origin in ("https://portal.example", "http://localhost:3000"):
        found = client.get(LIST, headers={**make("read"), "Origin": origin}).headers
        assert found["Access-Control-Allow-Origin"] == origin
        assert "Access-Control-Allow-Credentials" not in found
        assert "Origin" in found["Vary"]


def test_a_browser_learns_before_it_asks(client):
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(REFRESH, headers=asked)
    assert answer.status_code == 200
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://portal.example.evil", "http://portal.example", "null", "*", ""]
)
def test_a_script_of_anyone_else_reads_nothing(client, make, origin):
    for answer in (
        client.get(LIST, headers={**make("read"), "Origin": origin}),
        client.options(REFRESH, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_are_for_no_other_site(client):
    answer = client.get("/login", headers={"Origin": "https://portal.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_who_asks_too_often_is_told_when_to_come_back(client, make, organisation):
    token, other = make("read", "refresh"), make("read")
    codes = [client.get(LIST, headers=token).status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2
    refused = client.get(LIST, headers=token)
    assert refused.headers["Retry-After"] == "12"
    assert refused.get_json()["retry_after"] == 12  # a portal's proxy drops the header
    assert client.get(LIST, headers=other).status_code == 200
    assert [client.post(REFRESH, headers=token).status_code for _ in range(3)] == [202, 202, 429]
    insights = client.get("/api/tech-insights/checks", headers=token)
    assert (insights.status_code, insights.get_json()["error"]["name"]) == (429, "TooManyRequestsError")
    organisation.now += timedelta(seconds=12)
    assert [client.get(LIST, headers=token).status_code for _ in range(2)] == [200, 429]


def test_bad_credentials_are_slowed_down_and_never_lock_a_good_one_out(client, make):
    bad = {"Authorization": "Bearer rw_wrong"}
    assert [client.get(LIST, headers=bad).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert client.get(LIST, headers=make("read")).status_code == 200


def test_health_is_never_limited(client):
    assert {client.get("/healthz").status_code for _ in range(50)} == {200}


def test_another_counter_takes_the_place_of_the_one_in_memory(organisation, make):
    class Closed:
        def take(self, key, rate, now):
            return 1.5

    access = access_of(load(organisation.folder / "roadworthy.yaml", {}), organisation.pipeline)
    client = create_app(organisation.pipeline, access=replace(access, limiter=Closed())).test_client()
    answer = client.get(LIST, headers=make("read"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


def test_a_body_that_is_too_large_is_refused_unread(client, make):
    answer = client.post(REFRESH, headers=make("refresh"), data=b"x" * (1024 * 1024 + 1))
    assert answer.status_code in (202, 413)  # a view that reads no body never loads it
    answer = client.post("/api/tech-insights/checks/run", headers=make("read"), data=b"[" * (1024 * 1024 + 1))
    assert answer.status_code == 413
