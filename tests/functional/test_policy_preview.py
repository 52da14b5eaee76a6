"""The impact of another policy, before it is rolled out: who changes level, which checks turn, and nothing is kept."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from serving import served

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


@pytest.fixture
def stricter(tmp_path):
    """A folder of scorecards in which a team must have more than ninety members."""
    shutil.copytree(SCORECARDS, tmp_path / "stricter")
    return rewritten(tmp_path / "stricter", "require: catalog.owner_members > 90")


def rewritten(folder, rule):
    file = folder / "checks" / "ownership.yaml"
    head, mark, rest = file.read_text("utf-8").partition("id: owner-is-team")
    old = rest.partition("require:")[2].partition("\n")[0]
    file.write_text(head + mark + rest.replace(f"require:{old}", rule, 1), "utf-8")
    return folder


def run(organisation, folder, *options, code=0):
    command = [sys.executable, "-m", "app.cli", "policy", "preview", str(folder)]
    done = subprocess.run([*command, *options], cwd=organisation.folder, capture_output=True, text=True, env=ENVIRON)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


ENVIRON = {**os.environ, "PYTHONPATH": str(SCORECARDS.parent)}


def test_the_command_counts_what_turns_and_keeps_nothing(organisation, stricter):
    before, version = organisation.result("pay"), organisation.pipeline.store.policies.last().version
    body = json.loads(run(organisation, stricter, "--format", "json"))
    assert (body["looked_at"], body["changed"], body["policy_version"]) == (2, 2, version)
    assert body["preview_version"] != version
    (card,) = body["scorecards"]
    assert {"check": "owner-is-team", "before": "pass", "after": "fail", "entities": 2} in card["checks"]
    assert {item["entity"] for item in body["items"]} == {"component:default/cart", "component:default/pay"}
    text = run(organisation, stricter)
    assert "2 of 2 entities would change" in text
    assert "owner-is-team: pass → fail for 2" in text
    assert "component:default/pay (sre-maturity): " in text
    assert organisation.pipeline.store.policies.last().version == version
    assert (organisation.result("pay"), organisation.judge()) == (before, 0)


def test_the_command_tells_of_a_running_server_what_it_tells_of_its_database(organisation, stricter):
    with served(create_app(organisation.pipeline)) as url:
        there = json.loads(run(organisation, stricter, "--server", url, "--format", "json"))
    assert there == json.loads(run(organisation, stricter, "--format", "json"))


def test_the_exit_code_of_the_command_says_how_it_went(organisation, stricter, tmp_path_factory):
    in_force = run(organisation, SCORECARDS, "--strict")
    assert "0 of 2 entities would change" in in_force
    run(organisation, stricter, "--strict")  # they stood at none before: no level is lost
    assert "did you mean" in run(organisation, rewritten(stricter, "require: catalog.owner_member > 90"), code=2)
    assert "asking the server" in run(organisation, SCORECARDS, "--server", "http://127.0.0.1:9", code=3)
    empty = Organisation(tmp_path_factory.mktemp("nothing-judged")).open()
    assert "0 of 0 entities" in run(empty, SCORECARDS, code=3)
    empty.close()


def test_a_level_that_would_be_lost_is_an_exit_code_when_asked_for(tmp_path, stricter):
    lenient = tmp_path / "lenient"
    shutil.copytree(SCORECARDS, lenient)
    service = (lenient / "service.yaml").read_text("utf-8").partition("\nchecks:")[0]
    service = re.sub(r"(?m)^(required_areas:.*|scopes:\n(?:  .*\n)*)", "", service)
    only = "  - {check: owner-is-team, level: bronze, weight: 4}\n"
    for folder in (lenient, stricter):
        (folder / "service.yaml").write_text(f"{service}\nchecks:\n{only}", "utf-8")
    made = Organisation(tmp_path, "policy: {path: ./lenient}\n").open()
    made.repository("shop", {"catalog-info.yaml": TEAM + "---\n" + component("shop")})
    made.crawl()
    told = run(made, stricter)
    assert "sre-maturity 1 down\n  owner-is-team: pass → fail for 1" in told
    assert "component:default/shop (sre-maturity): bronze → none, owner-is-team pass → fail" in told
    assert run(made, stricter, "--strict", code=1) == told
    made.close()


def test_another_tier_for_the_undeclared_is_part_of_the_impact(organisation, client):
    changed = documents()
    assert "default_tier: t3" in changed["policy.yaml"]
    changed["policy.yaml"] = changed["policy.yaml"].replace("default_tier: t3", "default_tier: t1")
    items = preview(client, changed).get_json()["items"]
    assert {item["entity"] for item in items} == {"component:default/cart", "component:default/pay"}
    assert all(one["before"] in (None, "not_applicable") for one in items[0]["checks"])
