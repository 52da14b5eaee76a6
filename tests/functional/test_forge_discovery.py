"""Discovery on every forge, against a server that pages, limits and fails as they do."""

from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from forge_stub import ForgeStub, repository
from organisation import START, TEAM, Organisation, component

from app.clients.forges import api as forge_api
from app.clients.github_app import InstallationToken
from app.errors import ProviderError, SettingsError
from app.lib.http import Http
from app.repos.author import Commit, write
from app.settings import load
from app.sources import intervals_of, providers_of

FORGES = ("github", "gitlab", "gitea", "bitbucket", "bitbucket-server")


def provider(tmp_path, stub, *, token="good", more="", forge=None):
    """The provider as the settings make it."""
    text = f"""
transport: {{allow_private: true}}
sources:
  forges:
    - forge: {forge or stub.forge}
      owner: acme
      url: {stub.url}
      token: {{env: FORGE_TOKEN}}
      {more}
"""
    (tmp_path / "roadworthy.yaml").write_text(text, "utf-8")
    (found,) = providers_of(load(tmp_path / "roadworthy.yaml", {"FORGE_TOKEN": token}))
    return found


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Seconds that would have been waited."""
    waited: list[float] = []
    original = forge_api.Api.__init__

    def quick(self, *arguments, **named):
        original(self, *arguments, **{"sleep": waited.append, **named})

    monkeypatch.setattr(forge_api.Api, "__init__", quick)
    return waited


@pytest.mark.parametrize("forge", FORGES)
def test_every_page_is_listed_and_asked_again_it_costs_answers_without_bodies(tmp_path, forge):
    with ForgeStub(forge, [repository(n, f"acme/service-{n:03}") for n in range(250)]) as stub:
        found = provider(tmp_path, stub)
        first = found.discover().repositories
        again = found.discover().repositories

    assert len(first) == len({one.url for one in first}) == 250
    assert first == again
    assert [status for *_, status in stub.requests] == [200] * 3 + [304] * 3
    assert first[0].identity.startswith(forge)
    assert forge == "bitbucket-server" or first[0].branch == "main"


@pytest.mark.parametrize("forge", FORGES)
def test_archived_forks_and_what_globs_leave_out_are_not_listed_unless_asked_for(tmp_path, forge):
    listed = [
        repository(1, "acme/shop"),
        repository(2, "acme/old", archived=True),
        repository(3, "acme/copy", fork=True),
        repository(4, "acme/shop-docs"),
    ]
    with ForgeStub(forge, listed) as stub:
        usual = provider(tmp_path, stub, more="exclude: ['*/*-DOCS']").discover().repositories
        narrow = provider(tmp_path, stub, more="include: ['acme/sh*']").discover().repositories
        everything = provider(tmp_path, stub, more="archived: true\n      forks: true").discover().repositories

    archived = ["old"] if forge == "bitbucket" else []  # Bitbucket Cloud archives nothing
    assert [one.url.rsplit("/", 1)[-1] for one in usual] == ["shop.git", *(f"{name}.git" for name in archived)]
    assert [one.url.rsplit("/", 1)[-1] for one in narrow] == ["shop.git", "shop-docs.git"]
    assert len(everything) == 4


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (429, {"Retry-After": "7"}, 7),
        (403, {"Retry-After": "7"}, 7),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 0),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1"}, 0),  # GitLab's spelling
        (429, {}, 5),  # Bitbucket says no more
        (503, {}, 1),
    ],
)
def test_a_rate_limit_and_a_passing_fault_are_waited_for(tmp_path, waits, status, headers, waited):
    with ForgeStub("github", [repository(1, "acme/shop")]) as stub:
        stub.script.append((status, headers, b"{}"))
        found = provider(tmp_path, stub).discover()

    assert (len(found.repositories), waits) == (1, [waited])


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((429, {"Retry-After": "3600"}, b"{}"), "limits our rate for another 3600 s"),
        ((429, {"RateLimit-Reset": "99999999999"}, b"{}"), r"limits our rate for another \d{9,} s"),
        ((403, {}, b"{}"), "does not allow the token"),
        ((200, {}, b"<html>"), "did not answer with JSON"),
        ((200, {}, b"{}"), "without a list"),
        ((200, {}, b"[]"), "lists no repositories"),
        ((200, {"Link": '<http://127.0.0.2:1/steal>; rel="next"'}, b"[]"), "points to another host"),
        ((200, {}, b'[{"id": 1}]'), "came without"),
    ],
)
def test_what_is_not_the_whole_list_is_a_failure_and_never_an_empty_success(tmp_path, answer, sentence):
    with ForgeStub("github", [repository(1, "acme/shop")]) as stub:
        stub.script.append(answer)
        with pytest.raises(ProviderError, match=sentence):
            provider(tmp_path, stub).discover()


def test_a_secondary_limit_without_a_time_is_waited_for_a_minute(tmp_path, waits):
    with ForgeStub("github", [repository(1, "acme/shop")]) as stub:
        stub.script.append((403, {}, b'{"message": "You have exceeded a secondary rate limit. Please wait."}'))
        found = provider(tmp_path, stub).discover()

    assert (len(found.repositories), waits) == (1, [60.0])


def test_a_wrong_token_is_told_without_the_token(tmp_path):
    with ForgeStub("gitlab", [repository(1, "acme/shop")]) as stub, pytest.raises(ProviderError) as told:
        provider(tmp_path, stub, token="hush-hush").discover()

    assert "does not know the token" in str(told.value)
    assert "hush" not in str(told.value)


def test_a_user_is_listed_where_there_is_no_such_organisation(tmp_path):
    with ForgeStub("github", [repository(1, "ada/tool")]) as stub:
        stub.script += [(404, {}, b"{}")]
        stub._path = lambda: "/users/acme/repos"  # type: ignore[method-assign]
        assert [one.url for one in provider(tmp_path, stub).discover().repositories] == [
            "https://git.example/ada/tool.git"
        ]


def test_settings_that_can_not_work_are_refused(tmp_path):
    for text, sentence in (
        ("{forge: gitea, owner: a}", "no public address"),
        ("{forge: gitlab, owner: a, app: {id: '1', installation: '2', private_key: {env: K}}}", "is GitHub's"),
        ("{forge: github, owner: a, oops: 1}", "is not a setting"),
    ):
        (tmp_path / "roadworthy.yaml").write_text(f"sources: {{forges: [{text}]}}\n", "utf-8")
        with pytest.raises(SettingsError, match=sentence):
            load(tmp_path / "roadworthy.yaml", {})


def test_a_renamed_repository_keeps_its_entities_scored_until_it_has_been_read_under_its_new_name(tmp_path):
    with ForgeStub("github", []) as stub:
        settings = f"  forges: [{{forge: github, owner: acme, url: {stub.url}, token: {{env: T}}}}]\n"
        made = Organisation(tmp_path)
        made.settings = ""
        (tmp_path / "repositories").mkdir()
        made.repository("shop", {"catalog-info.yaml": TEAM + "---\n" + component("shop")})
        stub.repositories = [repository(7, "acme/shop", url=made.url("shop"))]
        text = f"sources:\n{settings}transport: {{allow_file: true, allow_private: true}}\n"
        (tmp_path / "roadworthy.yaml").write_text(text, "utf-8")
        from app.services import build

        made.pipeline = build(load(tmp_path / "roadworthy.yaml", {"T": "good"}), clock=lambda: made.now)
        made.crawl()
        made.path("shop").rename(made.path("store"))
        stub.repositories = [repository(7, "acme/store", url=made.url("store"))]

        from app.catalog.model import EntityRef
        from app.pipeline.discover import discover

        discover(made.pipeline)
        state = made.pipeline.store.entities.state(EntityRef("component", "default", "shop"))
        assert state.orphaned_at is None  # the old one stands in until the new one has been read
        made.crawl()
        discover(made.pipeline)

        assert made.pipeline.store.repositories.urls() == [made.url("store")]
        assert made.pipeline.store.entities.get(EntityRef("component", "default", "shop")).repository == made.url(
            "store"
        )
        assert made.result("shop")["level"] in ("none", "bronze", "silver", "gold", "not_rated")
        made.close()


def test_a_source_that_is_no_longer_in_the_settings_takes_its_repositories_with_it_once_the_others_listed_well(
    tmp_path,
):
    from dataclasses import replace

    from app.pipeline.discover import discover

    made = Organisation(tmp_path).open()
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    made.crawl()
    with ForgeStub("gitea", [repository(1, "acme/tool")]) as stub:
        found = provider(tmp_path, stub)
        made.pipeline.providers = [*made.pipeline.providers, found]
        discover(made.pipeline)
        assert len(made.pipeline.store.repositories.urls()) == 2
        failing = replace(found, name="another", list_all=lambda: iter(()))

        made.pipeline.providers = [made.pipeline.providers[0], failing]
        discover(made.pipeline)
        assert len(made.pipeline.store.repositories.urls()) == 2  # one lists nothing: nothing is taken back

        made.pipeline.providers = made.pipeline.providers[:1]
        discover(made.pipeline)

    assert made.pipeline.store.repositories.urls() == [made.url("shop")]
    assert len(made.pipeline.store.repositories.providers()) == 1
    made.close()


def test_two_forges_may_have_an_owner_of_one_name_and_one_forge_names_it_once(tmp_path):
    with ForgeStub("gitlab", []) as one, ForgeStub("gitlab", []) as two:
        names = {provider(tmp_path, stub).name for stub in (one, two)}
    assert len(names) == 2

    twice = ", ".join(["{forge: github, owner: Acme}", "{forge: github, owner: acme, include: ['acme/a*']}"])
    (tmp_path / "roadworthy.yaml").write_text(f"sources: {{forges: [{twice}]}}\n", "utf-8")
    with pytest.raises(SettingsError, match="github acme is named twice: join its include and exclude"):
        load(tmp_path / "roadworthy.yaml", {})


def test_a_source_may_have_its_repositories_looked_at_more_seldom_and_polls_are_spread(tmp_path):
    """Forty repositories of a source of its own pace, and one of the usual: when each is looked at next."""
    made = Organisation(tmp_path).open()
    made.repository("shop", {"catalog-info.yaml": component("shop")})
    far = [tmp_path / "far" / f"service-{number}" for number in range(40)]
    for folder in far:
        write(folder, [Commit(START, {"a.txt": b"x"})])
    listed = [repository(number, f"acme/{one.name}", url=one.as_uri()) for number, one in enumerate(far)]
    with ForgeStub("gitlab", listed) as stub:
        found = provider(tmp_path, stub, more="interval: 2h")
        made.pipeline.providers = [*made.pipeline.providers, found]
        made.pipeline.intervals = intervals_of(load(tmp_path / "roadworthy.yaml", {"FORGE_TOKEN": "good"}))
        made.crawl()

    views = [made.pipeline.store.repositories.brief(url, made.now) for url in made.pipeline.store.repositories.urls()]
    made.close()
    own = sorted((one.due_at - one.checked_at) / timedelta(minutes=1) for one in views if "/far/" in one.url)
    (usual,) = [(one.due_at - one.checked_at) / timedelta(minutes=1) for one in views if "/far/" not in one.url]
    assert 4.5 <= usual <= 5.5
    assert (len(own), own[0] >= 108, own[-1] <= 132) == (40, True, True)
    assert own[-1] - own[0] > 16  # of the 24 minutes that they may differ by
    assert max(later - earlier for earlier, later in pairwise(own)) < 8


def test_an_app_asks_for_a_token_of_an_hour_and_for_the_next_before_it_ends():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    asked: list[tuple[str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            proof = self.headers["Authorization"].removeprefix("Bearer ")
            options = {"verify_exp": False, "verify_iat": False}
            asked.append((self.path, jwt.decode(proof, key.public_key(), algorithms=["RS256"], options=options)))
            body = b'{"token": "ghs_%d", "expires_at": "2026-11-24T13:00:00Z"}' % len(asked)
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    moment = [START]
    token = InstallationToken(
        Http(allow_private=True), f"http://127.0.0.1:{server.server_address[1]}", "42", "7", pem, lambda: moment[0]
    )
    assert [token(), token()] == ["ghs_1", "ghs_1"]
    moment[0] = START.replace(hour=12, minute=56)
    assert token() == "ghs_2"
    server.shutdown()
    server.server_close()
    thread.join()

    path, claims = asked[0]
    assert (path, claims["iss"]) == ("/app/installations/7/access_tokens", "42")
    assert claims["exp"] - claims["iat"] <= 600
    assert "PRIVATE" not in repr(token)
    with pytest.raises(forge_api.ForgeError, match="no RSA key"):
        InstallationToken(Http(allow_private=True), "http://127.0.0.1:1", "1", "2", "nonsense")()
