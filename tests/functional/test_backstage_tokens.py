"""Backstage's tokens against a real key server: rotation, floods of unknown keys, outages, and acting for a user."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from key_server import KeyServer
from organisation import TEAM, Organisation, component
from serving import served
from signed_tokens import Issuer, claims

from app.clients.jwks import Jwks, http_for_keys
from app.errors import UncheckableError
from app.services import access_of
from app.settings import load
from app.web import create_app

PORTAL = "https://portal.example"
ISSUER = f"{PORTAL}/api/auth"
USERS = "/api/auth/.well-known/jwks.json"
CATALOG = "/api/catalog/.backstage/auth/v1/jwks.json"
SETTINGS = """
auth:
  mode: on
  admins: [user:default/grace]
  backstage:
    - url: https://portal.example
      internal_url: {url}
      plugins: [catalog]
      audiences: [roadworthy, tech-insights]
"""
RESULTS = "/api/v1/entities/by-name/component/default/shop/results"
REFRESH = "/api/v1/entities/by-name/component/default/shop/refresh"


@pytest.fixture
def keys():
    with KeyServer().running() as server:
        yield server


@pytest.fixture
def portal(keys):
    """The portal's auth backend and its catalog plugin, each with a key of its own."""
    made = {"users": Issuer("u1"), "catalog": Issuer("c1")}
    keys.documents = {USERS: {"keys": [made["users"].jwk]}, CATALOG: {"keys": [made["catalog"].jwk]}}
    return made


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("backstage")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def app(organisation, keys):
    (organisation.folder / "portal.yaml").write_text(SETTINGS.format(url=keys.url), "utf-8")
    settings = load(organisation.folder / "portal.yaml", {})
    return create_app(organisation.pipeline, access=access_of(settings, organisation.pipeline))


@pytest.fixture
def ask(app):
    client = app.test_client()

    def one(token, path=RESULTS, method="GET"):
        return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}).status_code

    return one


def test_a_user_of_the_portal_reads_and_refreshes(ask, portal, organisation):
    token = portal["users"].user(organisation.now, ISSUER, ent=["user:default/ada", "group:default/team"])
    assert (ask(token), ask(token, REFRESH, "POST")) == (200, 202)
    assert organisation.pipeline.store.audit.latest(limit=1)[0].actor == "user:default/ada"


def test_a_plugin_reads_when_it_calls_us(ask, portal, organisation):
    for audience in ("roadworthy", "tech-insights"):
        token = portal["catalog"].plugin(organisation.now, aud=audience)
        assert (ask(token), ask(token, REFRESH, "POST")) == (200, 403)


def test_a_plugin_that_acts_for_a_user_is_that_user(ask, portal, organisation):
    def acting(limited):
        return portal["catalog"].plugin(organisation.now, obo=limited)

    assert ask(acting(portal["users"].limited(organisation.now)), REFRESH, "POST") == 202
    assert organisation.pipeline.store.audit.latest(limit=1)[0].actor == "user:default/ada"
    bad = (
        portal["catalog"].limited(organisation.now),
        portal["users"].user(organisation.now, ISSUER),
        "",
        "x.y.z",
    )
    assert [ask(acting(one)) for one in bad] == [401] * 4


def test_an_admin_of_the_settings_holds_every_scope(ask, portal, organisation):
    token = portal["users"].user(organisation.now, ISSUER, sub="user:default/grace")
    assert ask(token, "/api/v1/nothing", "DELETE") == 404
    assert ask(portal["users"].user(organisation.now, ISSUER), "/api/v1/nothing", "DELETE") == 403


BAD = {
    "a user's limited token by itself": lambda p, now: p["users"].limited(now),
    "a plugin's for another plugin": lambda p, now: p["catalog"].plugin(now, aud="scaffolder"),
    "a plugin that is not named": lambda p, now: p["catalog"].plugin(now, sub="scaffolder"),
    "a plugin with the users' key": lambda p, now: p["users"].plugin(now),
    "a user with a plugin's key": lambda p, now: p["catalog"].user(now, ISSUER),
    "of another portal": lambda p, now: p["users"].user(now, "https://other.example/api/auth"),
    "a user without a name": lambda p, now: p["users"].user(now, ISSUER, sub=None),
    "a group instead of a user": lambda p, now: p["users"].user(now, ISSUER, sub="group:default/team"),
    "a user with a broken name": lambda p, now: p["users"].user(now, ISSUER, sub="user:/x"),
    "a user in a broken group": lambda p, now: p["users"].user(now, ISSUER, ent=[7]),
    "a plugin in a path": lambda p, now: p["catalog"].plugin(now, sub="../catalog"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_meant_for_us_is_refused(ask, portal, organisation, name):
    assert ask(BAD[name](portal, organisation.now)) == 401


def test_a_rotated_key_is_found_without_a_restart(organisation, keys, portal):
    now = {"at": 0.0}
    published = Jwks(http_for_keys(), keys.url + USERS, clock=lambda: now["at"])
    assert published.key("u1") == portal["users"].jwk
    keys.documents[USERS] = {"keys": [Issuer("u2").jwk]}
    now["at"] += 16
    assert published.key("u2")["kid"] == "u2"
    assert published.key("u1") is None
    assert len(keys.asked) == 2


def test_a_key_that_is_withdrawn_stops_to_count(keys, portal):
    now = {"at": 0.0}
    published = Jwks(http_for_keys(), keys.url + USERS, clock=lambda: now["at"])
    assert published.key("u1")
    keys.documents[USERS] = {"keys": []}
    now["at"] += 599
    assert published.key("u1")
    now["at"] += 1
    assert published.key("u1") is None


def test_a_flood_of_unknown_keys_costs_the_portal_one_request(ask, keys, portal, organisation):
    assert ask(portal["users"].user(organisation.now, ISSUER)) == 200
    flood = [Issuer(f"x{number}", key=portal["users"].key).user(organisation.now, ISSUER) for number in range(200)]
    assert {ask(token) for token in flood} == {401, 429}
    assert keys.asked == [USERS]
    assert ask(portal["users"].user(organisation.now, ISSUER)) == 200


def test_threads_that_find_no_key_share_one_request(keys, portal):
    published = Jwks(http_for_keys(), keys.url + USERS)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(published.key, ["u1"] * 64))
    assert found == [portal["users"].jwk] * 64
    assert keys.asked == [USERS]


def test_a_portal_that_takes_its_time_holds_one_thread_and_not_all(keys, portal):
    began, ends, now = threading.Event(), threading.Event(), [0.0]

    class Slow:
        def get_json(self, url):
            began.set()
            assert ends.wait(30)
            return http_for_keys().get_json(url)

    published = Jwks(Slow(), keys.url + USERS, clock=lambda: now[0])
    with ThreadPoolExecutor() as pool:
        first = pool.submit(published.key, "u1")
        assert began.wait(30)
        now[0] = 1.0
        with pytest.raises(UncheckableError):
            published.key("u1")
        assert not first.done()
        ends.set()
        assert first.result(30) == published.key("u1") == portal["users"].jwk
    assert published.key("unknown") is None


def test_while_the_portal_is_down_its_known_keys_go_on_for_an_hour(keys, portal):
    now = {"at": 0.0}
    published = Jwks(http_for_keys(), keys.url + USERS, clock=lambda: now["at"])
    assert published.key("u1")
    keys.status = 503
    now["at"] = 3599.0
    assert published.key("u1")
    now["at"] = 3600.0 + 15
    with pytest.raises(UncheckableError):
        published.key("u1")


def test_what_can_not_be_checked_is_neither_let_in_nor_called_wrong(app, keys, portal, organisation):
    keys.status = 500
    token = portal["users"].user(organisation.now, ISSUER)
    answer = app.test_client().get(RESULTS, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
    assert keys.url not in answer.text


@pytest.mark.parametrize("document", [[], {"keys": 7}, {"keys": [7, {"kid": 7}, {}]}, "x", {"keys": [{"kid": "u1"}]}])
def test_a_broken_key_set_lets_nobody_in(ask, keys, portal, organisation, document):
    keys.documents[USERS] = document
    assert ask(portal["users"].user(organisation.now, ISSUER)) in (401, 503)


def test_the_largest_token_of_a_portal_passes_a_real_server(app, portal, organisation):
    """Backstage issues up to 32,768 characters."""
    groups = [f"group:default/{number:050}" for number in range(356)]
    token = portal["users"].user(organisation.now, ISSUER, ent=groups)
    assert 32_000 < len(token) <= 32_768
    with served(app) as url:
        answer = requests.get(url + RESULTS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_a_portals_token_signs_a_browser_in_for_as_long_as_it_lives(app, portal, organisation):
    import re

    client = app.test_client()
    form = client.get("/login").text
    hidden = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    moment = int(organisation.now.timestamp())
    body = claims(organisation.now, iss=ISSUER, sub="user:default/ada", aud="backstage", exp=moment + 600)
    token = portal["users"].sign(body, "vnd.backstage.user")
    answer = client.post("/login", data={"csrf_token": hidden, "token": token})
    assert answer.status_code == 303
    assert "Max-Age=600" in answer.headers["Set-Cookie"]
    assert json.dumps(token) not in answer.headers["Set-Cookie"]
    assert client.get(RESULTS).status_code == 200


def test_a_portal_that_is_down_keeps_nobody_of_another_one_out(organisation, keys, portal):
    other = {"users": Issuer("u1"), "catalog": Issuer("c1")}
    with KeyServer(status=503).running() as down:
        first = SETTINGS.format(url=down.url).replace(PORTAL, "https://other.example")
        second = SETTINGS.format(url=keys.url).partition("backstage:\n")[2]
        (organisation.folder / "two.yaml").write_text(first + second, "utf-8")
        access = access_of(load(organisation.folder / "two.yaml", {}), organisation.pipeline)
        client = create_app(organisation.pipeline, access=access).test_client()

        def ask(token):
            return client.get(RESULTS, headers={"Authorization": f"Bearer {token}"}).status_code

        now = organisation.now
        assert ask(portal["users"].user(now, ISSUER)) == 200
        assert down.asked == []  # the token names its issuer: nobody else is asked for keys
        assert ask(portal["catalog"].plugin(now)) == 200
        assert ask(other["users"].user(now, "https://other.example/api/auth")) == 503
        assert ask(other["users"].user(now, "https://third.example/api/auth")) == 401
