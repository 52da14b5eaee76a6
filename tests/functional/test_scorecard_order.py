"""Wherever one entity stands on several scorecards, they come as policy has them shown, not by their names."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from organisation import TEAM, Organisation, component

from app.services import policy_folder
from app.web import create_app

NAMED = "/api/v1/entities/by-name/component/default/shop"
API = """---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: shop-api}
spec: {type: openapi, lifecycle: production, owner: team, definition: {$text: ./openapi.yaml}}
"""
SHIPPED, TURNED = ["sre-maturity", "api-reliability"], ["api-reliability", "sre-maturity"]
LINE = "scorecards: [sre-maturity, api-reliability, database-reliability, kubernetes-cluster]"


@pytest.fixture
def organisation(tmp_path):
    shutil.copytree(policy_folder(), tmp_path / "scorecards")
    made = Organisation(tmp_path, "policy: {path: ./scorecards}\n").open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    spec = component("shop").replace("owner: team}", "owner: team, providesApis: [shop-api]}")
    made.repository("shop", {"catalog-info.yaml": spec + API})
    made.crawl()
    yield made
    made.close()


def told(client):
    """Each answer's scorecards, in its order."""
    item = client.get("/api/v1/entities?q=shop&kind=component").get_json()["items"][0]
    goals = client.get(f"{NAMED}/next-steps").get_json()["goals"]  # steps themselves stand in the order to work in
    return {
        "results": [card["id"] for card in client.get(f"{NAMED}/results").get_json()["scorecards"]],
        "results again": [card["id"] for card in client.get(f"{NAMED}/results").get_json()["scorecards"]],
        "entity": [card["scorecard"] for card in client.get(NAMED).get_json()["scorecards"]],
        "list": [card["scorecard"] for card in item["scorecards"]],
        "next steps": [goal["scorecard"] for goal in goals],
    }


def test_totals_count_an_entity_once_however_many_scorecards_it_stands_on(organisation):
    client = create_app(organisation.pipeline).test_client()
    told = {
        query: client.get(f"/api/v1/{query}").get_json()["total"]
        for query in (
            "entities?kind=component",
            "entities?kind=component&limit=1&level=none",
            "entities?check=owner-is-team&outcome=pass&kind=component",
            "scorecards/sre-maturity/results",
            "scorecards/api-reliability/results?kind=component",
        )
    }
    assert told == dict.fromkeys(told, 1)


def explained(organisation):
    command = [sys.executable, "-m", "app.cli", "explain", "component:default/shop", "--format", "json"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    out = subprocess.run(command, cwd=organisation.folder, check=True, capture_output=True, env=environ).stdout
    return [card["id"] for card in json.loads(out)["scorecards"]]


def test_answers_about_one_entity_follow_policys_order_and_its_change(organisation):
    client = create_app(organisation.pipeline).test_client()
    before = told(client)
    assert before == dict.fromkeys(before, SHIPPED)
    assert explained(organisation) == SHIPPED

    file = organisation.folder / "scorecards" / "policy.yaml"
    text = file.read_text("utf-8")
    assert LINE in text
    file.write_text(text.replace(LINE, f"scorecards: [{', '.join(TURNED)}]"), "utf-8")
    assert organisation.pipeline.policies.refresh()
    organisation.judge()
    client.application.extensions["kept"].clock = lambda: float("inf")  # a second has passed
    after = told(client)
    assert after == dict.fromkeys(after, TURNED)
    assert explained(organisation) == TURNED
