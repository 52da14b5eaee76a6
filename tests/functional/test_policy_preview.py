"""The impact of another policy, before it is rolled out: who changes level, which checks turn, and nothing is kept."""

from pathlib import Path

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.web import create_app

SCORECARDS = Path(__file__).parent.parent.parent / "scorecards"


def documents():
    files = sorted(SCORECARDS.rglob("*.yaml"))
    return {file.relative_to(SCORECARDS).as_posix(): file.read_text("utf-8") for file in files}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("preview")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    for name in ("cart", "pay"):
        made.repository(
            name,
            {"catalog-info.yaml": component(name), "a.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK},
        )
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(organisation):
    return create_app(organisation.pipeline).test_client()


def preview(client, changed, **more):
    return client.post("/api/v1/policy/preview", json={"documents": changed, **more})


def test_the_policy_in_force_changes_nothing(client, organisation):
    body = preview(client, documents()).get_json()
    assert (body["items"], body["looked_at"], body["next_cursor"]) == ([], 2, None)
    assert body["preview_version"] == body["policy_version"] == organisation.pipeline.policy.version


def test_a_stricter_rule_says_who_it_turns_and_keeps_nothing(client, organisation):
    before = organisation.result("pay")
    changed = documents()
    name = next(path for path, text in changed.items() if "id: owner-is-team" in text)
    head, mark, rest = changed[name].partition("id: owner-is-team")
    rule = rest.partition("require:")[2].partition("\n")[0]
    changed[name] = head + mark + rest.replace(f"require:{rule}", "require: catalog.owner_members > 90", 1)
    answer = preview(client, changed)
    items = answer.get_json()["items"]
    assert {item["entity"] for item in items} == {"component:default/cart", "component:default/pay"}
    turned = {one["check"]: (one["before"], one["after"]) for one in items[0]["checks"]}
    assert turned["owner-is-team"] == ("pass", "fail")
    assert organisation.result("pay") == before


def test_it_goes_page_by_page(client):
    first = preview(client, documents(), limit=1).get_json()
    assert (first["looked_at"], first["next_cursor"]) == (1, "component:default/cart")
    second = preview(client, documents(), limit=1, cursor=first["next_cursor"]).get_json()
    assert (second["looked_at"], second["next_cursor"]) == (1, "component:default/pay")
    assert preview(client, documents(), cursor=second["next_cursor"]).get_json()["looked_at"] == 0


@pytest.mark.parametrize("wrong", [{}, {"service.yaml": "a: ["}, {"../x.yaml": ""}, {"checks/x.yaml": "checks: 7\n"}])
def test_a_bad_policy_is_refused_with_its_places(client, wrong):
    answer = preview(client, wrong)
    assert answer.status_code == 422
    assert answer.get_json()["errors"]
