"""The published npm client, unmodified, against our server: what a portal's front end will do."""

import json
import subprocess
from pathlib import Path

import pytest
from many import copies
from organisation import TEAM, Organisation, alert, component
from real_parts import require
from serving import served

from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.tokens import StoredToken
from app.web import create_app

DRIVER = Path(__file__).parent.parent / "node" / "drive.mjs"
NAMES = [f"svc-{number:05}" for number in range(1500)]
CHECK = {"id": "owner-is-team"}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    require("Tech Insights client")
    made = Organisation(tmp_path_factory.mktemp("client")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository("original", {"catalog-info.yaml": component("original"), "a.yaml": alert("Down", "TODO")})
    made.crawl()
    copies(made.pipeline.store, EntityRef("component", "default", "original"), NAMES)
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(organisation):
    with served(create_app(organisation.pipeline)) as base:
        yield f"{base}/api/tech-insights"


def drive(url, *calls, token=None):
    """The answers, and the requests that the client made of them."""
    done = subprocess.run(
        [require("node"), str(DRIVER)],
        input=json.dumps({"url": url, "token": token, "calls": calls}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    return told["answers"], told["requests"]


def refs(count):
    return [{"kind": "Component", "namespace": "default", "name": name} for name in NAMES[:count]]


@pytest.mark.parametrize(
    ("asked", "requests", "rows"),
    [
        (0, [0], 1500),
        (1, [1], 1),
        (749, [749], 749),
        (750, [750, 0], 2250),
        (751, [750, 1], 751),
        (1500, [750, 750, 0], 3000),
    ],
)
def test_bulk_runs_of_any_size_answer_every_entity(url, asked, requests, rows):
    """The client asks in 750s, and after an exact multiple sends an empty list, which means every entity."""
    (answer,), made = drive(url, ["runBulkChecks", [refs(asked), [CHECK]]])
    assert [len(one["body"]["entities"]) for one in made] == requests
    found = [row["entity"] for row in answer["value"]]
    assert len(found) == rows
    assert found[:asked] == [f"component:default/{name}" for name in NAMES[:asked]]
    if rows > asked:
        assert set(found) == {f"component:default/{name}" for name in NAMES}
    assert {(len(row["results"]), row["results"][0]["result"]) for row in answer["value"]} == {(1, True)}


def test_every_method_of_the_client_is_answered(url):
    (entity,) = refs(1)
    answers, _ = drive(
        url,
        ["getAllChecks", []],
        ["getFactSchemas", []],
        ["getFacts", [entity, ["catalog", "runbooks", "scorecard:sre-maturity"]]],
        ["runChecks", [entity, None]],
        ["runChecks", [entity, ["owner-is-team", "service-runbook-present"]]],
        ["runChecks", [entity, []]],
        ["runBulkChecks", [refs(2), None]],
    )
    checks, schemas, facts, all_of_one, two_of_one, none_of_one, two = [answer["value"] for answer in answers]
    assert {one["check"]["id"] for one in all_of_one} <= {check["id"] for check in checks}
    assert {id_ for check in checks for id_ in check["factIds"]} <= {schema["id"] for schema in schemas}
    assert set(facts) >= {"catalog", "runbooks"}
    assert [(one["check"]["id"], one["result"]) for one in two_of_one] == [
        ("owner-is-team", True),
        ("service-runbook-present", False),
    ]
    assert none_of_one == []
    assert [row["results"] for row in two] == [all_of_one, all_of_one]


def test_mistakes_reach_the_client_as_errors_it_can_print(url):
    (entity,) = refs(1)
    nobody = {**entity, "name": "nobody"}
    unknown, missing, bulk = drive(
        url,
        ["runChecks", [entity, ["nope"]]],
        ["runChecks", [nobody, None]],
        ["runBulkChecks", [[entity], [{"id": "nope"}]]],
    )[0]
    assert unknown["error"]["message"] == "Request failed with 404 Not Found"
    assert unknown["error"]["body"]["error"]["message"] == "Tech insight check with id 'nope' is not registered."
    assert missing == {"value": []}
    assert [(row["results"], row["error"]["name"]) for row in bulk["value"]] == [([], "NotFoundError")]


def test_with_sign_in_a_token_is_needed_and_its_scope_counts(organisation):
    store, clock = organisation.pipeline.store, organisation.pipeline.clock
    access = Access(authenticator=Authenticator(tokens=store.tokens, directory=store.people, clock=clock))
    texts = {}
    for scope in ("read", "facts:write"):
        made = tokens.new()
        texts[scope] = made.text
        row = {"id": made.id, "name": scope, "digest": made.digest, "scopes": (scope,), "created_at": organisation.now}
        store.tokens.add(StoredToken(**row))
    (entity,) = refs(1)
    calls = (["getAllChecks", []], ["runChecks", [entity, None]], ["runBulkChecks", [[entity], [CHECK]]])
    with served(create_app(organisation.pipeline, access=access)) as base:
        url = f"{base}/api/tech-insights"
        good, asked = drive(url, *calls, token=texts["read"])
        nobody, _ = drive(url, *calls)
        stranger, _ = drive(url, *calls, token="nonsense")
        pusher, _ = drive(url, *calls, token=texts["facts:write"])
    assert {one["headers"]["authorization"] for one in asked} == {f"Bearer {texts['read']}"}
    assert all(answer["value"] for answer in good)
    for refused, status, name in (
        (nobody, 401, "AuthenticationError"),
        (stranger, 401, "AuthenticationError"),
        (pusher, 403, "NotAllowedError"),
    ):
        assert [one["error"]["status"] for one in refused] == [status] * 3
        assert {one["error"]["body"]["error"]["name"] for one in refused} == {name}
