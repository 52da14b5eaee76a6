"""Bodies that were made to hurt: every route that takes JSON says that they are none, and never 500."""

import re

import pytest
from organisation import TEAM, Organisation, component

from app.web import create_app

NO_JSON = {
    "arrays in arrays": b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of 5,000 digits": b'{"refs":' + b"9" * 5_000 + b"}",
    "not a number": b'{"refs":NaN}',
    "endless": b'{"entities":-Infinity}',
    "not UTF-8": b'{"a":"\xff\xfe"}',
    "cut short": b'{"a":',
}
NAMES = {"kind": "component", "namespace": "default", "name": "shop", "waiver_id": "1", "notification_id": "1"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("bodies")).open()
    made.repository("shop", {"catalog-info.yaml": f"{component('shop')}---\n{TEAM}"})
    made.crawl()
    app = create_app(made.pipeline)
    app.testing = False
    yield app.test_client()
    made.close()


def readers(app):
    """The routes that read a JSON body, found by sending one that is none."""
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and rule.rule.startswith("/api/"):
            yield re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda found: NAMES[found[1]], rule.rule)


def sent(client, path, body):
    return client.post(path, data=body, content_type="application/json")


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_json_is_refused_wherever_a_body_is_read(client, name):
    paths = [path for path in readers(client.application) if sent(client, path, b"{").status_code == 400]
    assert len(paths) >= 10
    told = {path: sent(client, path, NO_JSON[name]).status_code for path in paths}
    assert told == dict.fromkeys(paths, 400)


@pytest.mark.parametrize("depth", [150, 500, 900])
@pytest.mark.parametrize("part", ["[{}]", '{{"a":{}}}'])
def test_json_that_is_deep_and_whole_is_judged_by_its_field(client, depth, part):
    deep = "1"
    for _ in range(depth):
        deep = part.format(deep)
    about = '"entity":"component:default/shop","source":"ci"'
    bodies = {
        "/api/v1/facts": f'{{{about},"group":"oncall","data":{deep}}}',
        "/api/v1/facts?": f'{{{about},"group":"drills","data":{{"drills":{deep}}}}}',
        "/api/v1/entities/by-refs": f'{{"refs":{deep}}}',
        "/api/v1/policy/preview": f'{{"documents":{{"a.yaml":{deep}}}}}',
        "/api/v1/waivers": f'{{"entity":{deep},"check":"x","reason":"y","until":"2027-01-01"}}',
    }
    told = {path: sent(client, path.rstrip("?"), body) for path, body in bodies.items()}
    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(bodies, 422)
