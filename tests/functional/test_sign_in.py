"""Signing in, through real HTTP: tokens, the pages' session, forms, a trusted proxy, and what is told to strangers."""

import re
from datetime import timedelta

import pytest
import requests
from organisation import TEAM, Organisation, component
from serving import served

from app.identity import tokens
from app.services import access_of
from app.settings import load
from app.web import create_app

SETTINGS = """
auth:
  mode: on
  session: {lifetime: 12h}
  public: [metrics]
  admins: [group:default/team]
  proxy: {addresses: [127.0.0.1], header: X-Forwarded-User}
"""
RESULTS = "/api/v1/entities/by-name/component/default/shop/results"
REFRESH = "/api/v1/entities/by-name/component/default/shop/refresh"
PAGE = "/entities/component/default/shop"
OPEN = ("dashboards.static", "dashboards.script", "dashboards.frame")
"""What pages are made of, and the frame whose widget asks with a token of its own: without anybody's data."""


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("sign-in"), SETTINGS).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(organisation):
    return application(organisation, "roadworthy.yaml")


def application(organisation, settings):
    read = load(organisation.folder / settings, {})
    return create_app(organisation.pipeline, access=access_of(read, organisation.pipeline))


@pytest.fixture(scope="module")
def url(app):
    with served(app) as found:
        yield found


@pytest.fixture
def make(organisation):
    """Makes a token with scopes and gives its text."""

    def one(*scopes, **more):
        made = tokens.new()
        row = tokens.StoredToken(
            id=made.id, name=made.id, digest=made.digest, scopes=scopes, created_at=organisation.now, **more
        )
        assert organisation.pipeline.store.tokens.add(row)
        return made.text

    return one


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def field(text):
    return re.search(r'name="csrf_token" value="([^"]+)"', text)[1]


def sign_in(url, token, next_page=PAGE):
    """A browser's way in: the form, its hidden field, the token."""
    browser = requests.Session()
    form = browser.get(f"{url}{next_page}")
    answer = browser.post(
        f"{url}/login",
        data={"csrf_token": field(form.text), "token": token, "next": next_page},
        headers={"Origin": url},
        allow_redirects=False,
    )
    return browser, answer


@pytest.mark.parametrize("path", [RESULTS, "/api/v1/entities", "/api/v1/no/such/thing", "/openapi.json", "/nowhere"])
def test_a_stranger_is_told_to_sign_in_and_nothing_else(url, path):
    answer = requests.get(url + path)
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Sign in to see this."
    }  # fmt: skip
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="roadworthy"'


@pytest.mark.parametrize("path", ["/", PAGE, "/entities/component/default/none", "/scorecards/none", "/docs"])
def test_a_stranger_on_a_page_comes_to_the_form_and_sees_nothing(url, path):
    answer = requests.get(url + path)
    assert (answer.status_code, answer.history[0].status_code) == (200, 303)
    assert answer.url.startswith(f"{url}/login?next=")
    assert "Acme" not in answer.text
    assert "Policy" not in answer.text


def test_every_page_there_is_leads_a_stranger_to_the_form(url, app):
    pages = [
        rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ("dashboards", "notifications")
    ]
    shown = [rule for rule in pages if "GET" in rule.methods and rule.endpoint not in OPEN]
    place = app.url_map.bind("")
    for rule in shown:
        path = place.build(rule.endpoint, dict.fromkeys(rule.arguments, "component"))
        answer = requests.get(url + path, allow_redirects=False, timeout=10)
        assert (path, answer.status_code) == (path, 303)
    assert len(shown) > 12


def test_who_runs_the_service_needs_no_token_for_its_health(url):
    assert requests.get(f"{url}/healthz").text == "ok\n"
    assert requests.get(f"{url}/readyz").json()["ready"] is True
    assert requests.get(f"{url}/metrics").status_code == 200  # opened by the settings


def test_a_token_opens_what_its_scope_says(url, make):
    read = make("read")
    assert requests.get(url + RESULTS, headers=bearer(read)).status_code == 200
    refused = requests.post(url + REFRESH, headers=bearer(read))
    assert (refused.status_code, refused.json()["detail"]) == (403, "That needs the scope refresh.")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    refresh = make("refresh")
    assert requests.post(url + REFRESH, headers=bearer(refresh)).status_code == 202
    assert requests.get(url + RESULTS, headers=bearer(refresh)).status_code == 403
    assert requests.post(url + REFRESH, headers=bearer(make("admin"))).status_code == 202


def test_a_forbidden_answer_is_the_same_for_what_does_not_exist(url, make):
    token = bearer(make("facts:write"))
    there, nowhere = (requests.get(url + path, headers=token) for path in (RESULTS, "/api/v1/nothing"))
    assert there.status_code == nowhere.status_code == 403
    assert there.json() == nowhere.json()


def test_a_token_ends_when_it_expires_or_is_revoked_and_nobody_says_why(url, make, organisation):
    living = make("read")
    expired = make("read", expires_at=organisation.now)
    revoked = make("read")
    organisation.pipeline.store.tokens.revoke(tokens.id_of(revoked), organisation.now)
    assert requests.get(url + RESULTS, headers=bearer(living)).status_code == 200
    answers = [
        requests.get(url + RESULTS, headers=headers)
        for headers in (
            bearer(expired),
            bearer(revoked),
            bearer(living[:-1]),
            bearer("eyJ.eyJ.x"),
            bearer(""),
            bearer("x" * 40_000),
            {"Authorization": "Basic YTpi"},
            {"Authorization": "Bearer"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["WWW-Authenticate"] for answer in answers}) == 1


def test_last_use_is_kept_to_the_hour(url, make, organisation):
    text = make("read")
    find = organisation.pipeline.store.tokens.find
    requests.get(url + RESULTS, headers=bearer(text))
    first = find(tokens.id_of(text)).last_used_at
    assert first == organisation.now
    organisation.now += timedelta(minutes=59)
    requests.get(url + RESULTS, headers=bearer(text))
    assert find(tokens.id_of(text)).last_used_at == first
    organisation.now += timedelta(minutes=1)
    requests.get(url + RESULTS, headers=bearer(text))
    assert find(tokens.id_of(text)).last_used_at == organisation.now


def test_a_token_signs_a_browser_in_with_a_strict_cookie(url, make):
    browser, answer = sign_in(url, make("read", "refresh"))
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "rw_" not in cookie
    page = browser.get(url + PAGE)
    assert page.status_code == 200
    assert "shop" in page.text
    assert browser.get(url + RESULTS).status_code == 200


def test_over_https_the_cookie_is_bound_to_this_host(organisation, make):
    (organisation.folder / "https.yaml").write_text(
        SETTINGS + "serve: {public_url: 'https://scores.example'}\n", "utf-8"
    )
    client = application(organisation, "https.yaml").test_client()
    form = client.get("/login", base_url="https://scores.example")
    answer = client.post(
        "/login",
        base_url="https://scores.example",
        data={"csrf_token": field(form.text), "token": make("read")},
        headers={"Origin": "https://scores.example"},
    )
    assert answer.headers["Set-Cookie"].startswith("__Host-roadworthy_session=")
    assert "; Secure; " in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("token", ["", "rw_wrong", "eyJ.x.y"])
def test_a_wrong_token_gets_the_form_again(url, token):
    browser, answer = sign_in(url, token)
    assert answer.status_code == 401
    assert "not accepted" in answer.text
    assert not browser.cookies


def test_a_token_that_can_not_read_signs_nobody_in(url, make):
    assert sign_in(url, make("facts:write"))[1].status_code == 403


@pytest.mark.parametrize(
    "asked", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: 1"]
)
def test_signing_in_leads_only_to_pages_of_ours(url, make, asked):
    browser = requests.Session()
    form = browser.get(f"{url}/login", params={"next": asked})
    answer = browser.post(
        f"{url}/login",
        data={"csrf_token": field(form.text), "token": make("read"), "next": asked},
        allow_redirects=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_session_ends_with_its_token_and_in_time(url, make, organisation):
    text = make("read")
    browser, _ = sign_in(url, text)
    organisation.pipeline.store.tokens.revoke(tokens.id_of(text), organisation.now)
    assert browser.get(url + PAGE, allow_redirects=False).status_code == 303
    assert browser.get(url + RESULTS).status_code == 401
    browser, _ = sign_in(url, make("read"))
    organisation.now += timedelta(hours=12)
    assert browser.get(url + RESULTS).status_code == 401


def test_a_session_of_another_secret_or_a_changed_one_is_none(url, make):
    browser, _ = sign_in(url, make("read"))
    name, value = next(iter(browser.cookies.items()))
    for text in (value[:-2], "x" + value, value.replace(".", "..", 1), ""):
        answer = requests.get(url + RESULTS, cookies={name: text})
        assert answer.status_code == 401


def test_signing_out_forgets_the_cookie_and_needs_our_form(url, make):
    browser, _ = sign_in(url, make("read"))
    page = browser.get(url + PAGE)
    assert browser.post(f"{url}/logout", allow_redirects=False).status_code == 403
    answer = browser.post(f"{url}/logout", data={"csrf_token": field(page.text)}, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert browser.get(url + RESULTS).status_code == 401


def test_a_copy_of_the_cookie_ends_with_signing_out_and_another_session_does_not(url, make):
    token = make("read")
    (browser, _), (other, _) = sign_in(url, token), sign_in(url, token)
    copy = dict(browser.cookies)
    assert copy != dict(other.cookies)
    assert requests.get(url + RESULTS, cookies=copy).status_code == 200
    browser.post(f"{url}/logout", data={"csrf_token": field(browser.get(url + PAGE).text)}, allow_redirects=False)
    assert requests.get(f"{url}/api/v1/entities", cookies=copy).status_code == 401
    page = requests.get(url + PAGE, cookies=copy, allow_redirects=False)
    assert (page.status_code, page.headers["Location"][:6]) == (303, "/login")
    assert other.get(f"{url}/api/v1/entities").status_code == 200


def test_a_form_counts_only_from_our_page_shown_to_the_same_person(url, make, organisation):
    browser, _ = sign_in(url, make("read", "refresh"))
    other, _ = sign_in(url, make("read", "refresh"))
    form = {"csrf_token": field(browser.get(url + PAGE).text)}
    post = f"{url}{PAGE}/refresh"
    refused = [
        browser.post(post, allow_redirects=False),
        browser.post(post, data={"csrf_token": "x"}, allow_redirects=False),
        other.post(post, data=form, allow_redirects=False),
        browser.post(post, data=form, headers={"Origin": "https://evil.example"}, allow_redirects=False),
        browser.post(post, data=form, headers={"Origin": "null"}, allow_redirects=False),
        browser.post(post, data=form, headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False),
        browser.post(post, data=form, headers={"Sec-Fetch-Site": "same-site"}, allow_redirects=False),
    ]
    assert [answer.status_code for answer in refused] == [403] * 7
    assert browser.post(post, data=form, headers={"Origin": url}, allow_redirects=False).status_code == 303
    organisation.now += timedelta(hours=11, minutes=59)
    assert browser.get(url + RESULTS).status_code == 200


def test_a_session_does_not_let_another_site_use_the_api(url, make):
    browser, _ = sign_in(url, make("read", "refresh"))
    assert browser.post(url + REFRESH, headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.post(url + REFRESH, headers={"Origin": url}).status_code == 202


@pytest.mark.parametrize("name", ["ada", "user:default/ada", "Ada", "ADA@acme.example"])
def test_the_trusted_proxy_names_a_user(url, organisation, name):
    answer = requests.post(url + REFRESH, headers={"X-Forwarded-User": name})
    assert answer.status_code == 202
    assert organisation.pipeline.store.audit.latest(limit=1)[0].actor in ("user:default/ada", f"email:{name}")


@pytest.mark.parametrize("name", ["", "ada, root", "ada;root", "a b", "x" * 300, "user:", "\xe9\x85\x8d"])
def test_a_name_that_can_not_be_one_is_refused(url, name):
    assert requests.get(url + RESULTS, headers={"X-Forwarded-User": name}).status_code == 401


def test_from_any_other_peer_the_header_means_nothing(organisation):
    (organisation.folder / "far.yaml").write_text(SETTINGS.replace("[127.0.0.1]", "[10.9.8.7]"), "utf-8")
    with served(application(organisation, "far.yaml")) as url:
        for more in ({}, {"X-Forwarded-For": "10.9.8.7"}, {"Forwarded": "for=10.9.8.7"}, {"X-Real-Ip": "10.9.8.7"}):
            assert requests.get(url + RESULTS, headers={"X-Forwarded-User": "ada", **more}).status_code == 401


def test_a_page_behind_the_proxy_needs_no_form_to_sign_in(url):
    answer = requests.get(f"{url}{PAGE}", headers={"X-Forwarded-User": "ada"})
    assert answer.status_code == 200
    assert "user:default/ada" in answer.text
    assert requests.get(f"{url}/login", headers={"X-Forwarded-User": "ada"}, allow_redirects=False).status_code == 303


def test_signed_out_nothing_is_kept_by_caches(url, make):
    assert requests.get(url + PAGE, allow_redirects=False).headers["Cache-Control"] == "no-store"


def test_every_change_is_in_the_audit_and_no_secret_is(url, make, organisation):
    text = make("read", "refresh")
    sign_in(url, text)
    requests.post(url + REFRESH, headers=bearer(text))
    rows = organisation.pipeline.store.audit.latest(limit=2)
    name = tokens.id_of(text)
    assert [(row.actor, row.action) for row in rows] == [
        (f"token:{name}", "entity.refresh"),
        (f"token:{name}", "session.begin"),
    ]
    assert text not in repr(rows)


class TestSignInOff:
    @pytest.fixture
    def client(self, organisation):
        return create_app(organisation.pipeline).test_client()

    def test_this_machine_may_do_everything(self, client):
        assert client.get(RESULTS).status_code == 200
        assert client.post(REFRESH).status_code == 202

    def test_no_other_machine_is_answered_however_we_were_started(self, client):
        answer = client.get(RESULTS, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert (answer.status_code, "auth.mode" in answer.get_json()["detail"]) == (403, True)

    @pytest.mark.parametrize("name", ["evil.example", "evil.example:7100", "127.0.0.1.evil.example", "localhost.evil"])
    def test_another_sites_name_for_this_machine_is_not_answered(self, client, name):
        assert client.get(RESULTS, headers={"Host": name}).status_code == 421

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1:7100", "[::1]:7100", "LOCALHOST:80", "[::1]"])
    def test_its_own_names_are(self, client, name):
        assert client.get(RESULTS, headers={"Host": name}).status_code == 200

    def test_through_a_proxy_of_this_machine_nobody_comes_in_by_our_public_name(self, organisation):
        said = "serve: {public_url: 'https://scores.example', hosts: [laptop.example]}\n"
        (organisation.folder / "public.yaml").write_text(said, "utf-8")
        client = application(organisation, "public.yaml").test_client()
        for host, status in (("scores.example", 421), ("laptop.example", 200), ("127.0.0.1", 200)):
            assert client.get(RESULTS, headers={"Host": host}).status_code == status

    def test_a_form_of_another_site_is_refused_all_the_same(self, client):
        assert client.post(f"{PAGE}/refresh").status_code == 403
        assert client.post(REFRESH, headers={"Origin": "https://evil.example"}).status_code == 403
        assert client.post(REFRESH, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403

    def test_there_is_nothing_to_sign_in_to(self, client):
        assert client.get("/login").status_code == 303
        assert "Sign out" not in client.get(PAGE).text
