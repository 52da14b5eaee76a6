"""Badges over HTTP: current, cached, cheap to ask again, and telling nobody more than they may see."""

import re

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.web import create_app

BADGE = "/badges/component/default/shop/sre-maturity"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("badges")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop",
        {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK},
    )
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline).test_client()


def test_a_badge_shows_the_level_that_the_api_tells(client, organisation):
    answer = client.get(f"{BADGE}.svg")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    level = organisation.result("shop")["level"]
    assert {"none": "no level", "not_rated": "not rated"}.get(level, level.capitalize()) in answer.text


def test_a_current_picture_costs_a_304_and_may_be_kept_for_five_minutes(client):
    first = client.get(f"{BADGE}.svg")
    again = client.get(f"{BADGE}.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(("badge", "label"), [(BADGE, "SRE maturity"), ("/badges/api/default/nobody/none", "none")])
def test_shields_io_can_draw_it(client, badge, label):
    """By the schema of its endpoint badges, which refuses any other key, an empty message and fractions of seconds."""
    body = client.get(f"{badge}.json").get_json()
    assert {key: type(value) for key, value in body.items()} == {
        "schemaVersion": int,
        "label": str,
        "message": str,
        "color": str,
        "cacheSeconds": int,
    }
    assert (body["schemaVersion"], body["label"]) == (1, label)
    assert body["message"]
    assert body["cacheSeconds"] >= 300, "it keeps none for less"
    assert re.fullmatch("[0-9a-f]{6}", body["color"])


@pytest.mark.parametrize(
    "path",
    [
        "/badges/component/default/nobody/sre-maturity",
        "/badges/component/default/shop/nope",
        "/badges/group/default/team/sre-maturity",
        "/badges/x/%3Cscript%3E/y/%3Cscript%3E",
    ],
)
def test_what_is_not_known_is_unknown_and_no_error(client, path):
    assert client.get(f"{path}.json").get_json()["message"] == "unknown"
    picture = client.get(f"{path}.svg")
    assert picture.status_code == 200
    assert "<script" not in picture.text


@pytest.mark.parametrize(("public", "status", "kept"), [((), 401, None), (("badges",), 200, "public, max-age=300")])
def test_with_sign_in_badges_are_open_only_where_the_settings_say_so(organisation, public, status, kept):
    pipeline = organisation.pipeline
    store = pipeline.store
    authenticator = Authenticator(tokens=store.tokens, directory=store.people, clock=pipeline.clock)
    access = Access(authenticator=authenticator, public=frozenset(public))
    answer = create_app(pipeline, access=access).test_client().get(f"{BADGE}.svg")
    assert answer.status_code == status
    assert kept is None or answer.headers["Cache-Control"] == kept
