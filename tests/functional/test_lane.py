"""The fast lane: what portals ask all the time is answered as Flask answers it, only sooner; and for nobody else."""

import gzip
from datetime import timedelta

import pytest
from organisation import TEAM, Organisation, component
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.api.lane import Lane
from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access, Rates
from app.identity.authenticator import Authenticator
from app.identity.tokens import StoredToken
from app.lib.rate import Rate
from app.web import create_app

RESULTS = "/api/v1/entities/by-name/component/default/{}/results"
RUN = "/api/tech-insights/checks/run/default/Component/{}"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("lane")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("shop", "till"):
        made.repository(name, {"catalog-info.yaml": component(name)})
    made.crawl()
    yield made
    made.close()


class Door:
    """An application whose lane counts what reaches Flask, under a clock that stands still until it is moved."""

    def __init__(self, organisation, **options):
        self.app = create_app(organisation.pipeline, **options)
        self.lane: Lane = self.app.wsgi_app
        self.now, self.reached = organisation.now, 0
        self.lane.clock = lambda: self.now
        inner = self.lane.app

        def counted(environ, start_response):
            self.reached += 1
            return inner(environ, start_response)

        self.lane.app = counted

    def ask(self, path, method="GET", **headers):
        body = headers.pop("body", b"{}" if method == "POST" else b"")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        builder = EnvironBuilder(path=path, method=method, headers=named, data=body, base_url="http://127.0.0.1/")
        builder.content_type = "application/json" if body else None
        environ = builder.get_environ()
        environ["REMOTE_ADDR"] = "127.0.0.1"
        parts, status, sent = run_wsgi_app(self.app, environ, buffered=True)
        return int(status[:3]), b"".join(parts), dict(sent.items())


@pytest.fixture
def door(organisation):
    return Door(organisation)


ASKED = [("GET", RESULTS), ("POST", RUN)]


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_the_lane_answers_as_the_view_does_with_the_same_headers(door, method, path):
    slow = door.ask(path.format("shop"), method)
    fast = door.ask(path.format("shop"), method)
    assert door.reached == 1
    assert fast == slow
    assert fast[0] == 200
    assert fast[2]["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_whoever_was_let_in_gets_other_entities_fast_too_for_a_second(door, method, path):
    door.ask(path.format("shop"), method)
    other = door.ask(path.format("till"), method)
    assert door.reached == 1
    door.now += timedelta(seconds=1.1)
    assert door.ask(path.format("till"), method) == other
    assert door.reached == 2


def test_a_current_copy_costs_a_304_in_both_lanes(door):
    slow = door.ask(RESULTS.format("shop"))
    again = door.ask(RESULTS.format("shop"), If_None_Match=slow[2]["ETag"])
    assert (door.reached, again[0], again[1]) == (1, 304, b"")
    door.now += timedelta(seconds=2)
    slow_again = door.ask(RESULTS.format("shop"), If_None_Match=slow[2]["ETag"])
    assert (slow_again[0], slow_again[1], slow_again[2]["ETag"]) == (304, b"", again[2]["ETag"])


def test_an_answer_is_compressed_for_those_who_take_it(door):
    plain = door.ask(RUN.format("shop"), "POST")
    slow = Door.ask(door, RUN.format("till"), "POST", Accept_Encoding="gzip, br")
    fast = door.ask(RUN.format("shop"), "POST", Accept_Encoding="gzip, br")
    assert door.reached == 1
    assert gzip.decompress(fast[1]) == plain[1]
    assert fast[2]["Content-Encoding"] == slow[2]["Content-Encoding"] == "gzip"
    assert fast[2]["Vary"] == slow[2]["Vary"] == "Accept-Encoding"


def test_a_new_result_shows_in_the_lane_within_a_second(organisation):
    door = Door(organisation)
    door.app.extensions["kept"].clock = lambda: door.now.timestamp()
    before = door.ask(RESULTS.format("till"))
    organisation.push("till", {"docs/runbook.md": "# Runbook\n"})
    organisation.crawl()
    door.now += timedelta(seconds=0.9)
    after = door.ask(RESULTS.format("till"))
    assert door.reached == 1
    assert after[2]["ETag"] != before[2]["ETag"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", RESULTS.format("nobody"), {}),
        ("GET", RESULTS.format("shop") + "?x=1", {}),
        ("GET", RESULTS.format("sh%C3%B6p"), {}),
        ("GET", "/api/v1/entities/by-name/component/default/results", {}),
        ("HEAD", RESULTS.format("shop"), {}),
        ("POST", RUN.format("shop"), {"body": b'{"checks": ["owner-is-team"]}'}),
        ("POST", RUN.format("shop"), {"body": b"[]"}),
        ("POST", RUN.format("shop"), {"Origin": "https://elsewhere.example"}),
        ("GET", RESULTS.format("shop"), {"Cookie": "a=b"}),
        ("GET", RESULTS.format("shop"), {"Authorization": "Bearer x"}),
    ],
)
def test_everything_else_goes_to_flask(door, method, path, headers):
    door.ask(RESULTS.format("shop"))
    door.ask(RUN.format("shop"), "POST")
    reached = door.reached
    door.ask(path, method, **headers)
    assert door.reached == reached + 1


def test_a_body_that_is_read_to_look_at_it_is_still_there_for_the_view(door):
    door.ask(RUN.format("shop"), "POST")
    status, body, _ = door.ask(RUN.format("shop"), "POST", body=b"1")
    assert status == 400
    assert b"must be a JSON object" in body


@pytest.fixture
def signed(organisation):
    """A door where sign-in is on, and a way to make tokens for it."""
    store, clock = organisation.pipeline.store, organisation.pipeline.clock
    authenticator = Authenticator(tokens=store.tokens, directory=store.people, clock=clock)
    door = Door(organisation, access=Access(authenticator=authenticator, rates=Rates(reads=Rate(5))))

    def token(name, scopes=("read",), groups=()):
        made = tokens.new()
        row = StoredToken(
            id=made.id, name=name, digest=made.digest, scopes=scopes, groups=groups, created_at=organisation.now
        )
        store.tokens.add(row)
        return {"Authorization": f"Bearer {made.text}"}, row

    return door, token


def test_a_revoked_token_is_out_within_a_second(signed, organisation):
    door, token = signed
    who, row = token("reader")
    assert door.ask(RESULTS.format("shop"), **who)[0] == 200
    organisation.pipeline.store.tokens.revoke(row.id, organisation.now)
    door.now += timedelta(seconds=1.01)
    assert door.ask(RESULTS.format("shop"), **who)[0] == 401


def test_the_lane_lets_nobody_in_whom_flask_refused(signed):
    door, token = signed
    good, _ = token("good")
    pusher, _ = token("pusher", scopes=("facts:write",))
    assert door.ask(RESULTS.format("shop"), **good)[0] == 200
    assert [door.ask(RESULTS.format("shop"))[0] for _ in range(2)] == [401, 401]
    assert [door.ask(RESULTS.format("shop"), **pusher)[0] for _ in range(2)] == [403, 403]


def test_a_reader_who_sees_only_some_entities_never_takes_the_lane(signed):
    door, token = signed
    limited, _ = token("limited", groups=(EntityRef("group", "default", "another-team"),))
    for path, method in ((RESULTS, "GET"), (RUN, "POST")):
        reached = door.reached
        answers = [door.ask(path.format("shop"), method, **limited) for _ in range(2)]
        assert door.reached == reached + 2
        assert [status for status, _, _ in answers] in ([404, 404], [200, 200])
        assert all(status == 404 or body == b"[]" for status, body, _ in answers)


def test_requests_in_the_lane_are_counted_like_all_others(door):
    for _ in range(3):
        door.ask(RESULTS.format("shop"))
    _, text, _ = door.ask("/metrics")
    route = "/api/v1/entities/by-name/<kind>/<namespace>/<name>/results"
    line = f'roadworthy_http_requests_total{{code="200",method="GET",route="{route}"}} 3.0'
    assert line in text.decode()


def test_requests_in_the_lane_count_against_the_readers_allowance(signed):
    door, token = signed
    who, _ = token("eager")
    told = [door.ask(RESULTS.format("shop"), **who)[0] for _ in range(8)]
    assert told == [200] * 5 + [429] * 3
