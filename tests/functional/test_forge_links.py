"""Evidence leads to its line on the forge that the settings name, also where the host's name says nothing of it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from git_author import commit, git, repository
from git_server import GitServer
from organisation import TEAM, alert, component

from app.catalog.model import EntityRef
from app.cli.explain import command as explain
from app.pipeline.crawl import crawl
from app.services import build
from app.settings import load
from app.sources import forges_of
from app.web import create_app

NAMED = "/api/v1/entities/by-name/component/default/shop"
SHOP = "/api/tech-insights/checks/run/default/component/shop"
WAYS = {"gitlab": "/-/blob/{}/alerts.yaml#L4", "gitea": "/src/commit/{}/alerts.yaml#L4"}
HOOK = "{name: own, forge: FORGE, secrets: [{env: HOOK}], url: 'URL'}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(the server, the tip) of one repository over http, on a host that is named after nothing."""
    folder = tmp_path_factory.mktemp("served")
    shop = repository(folder / "acme" / "shop.git")
    files = {"catalog-info.yaml": f"{component('shop')}---\n{TEAM}", "alerts.yaml": alert("Burning", "TODO")}
    tip = commit(shop, files)
    git(shop, "config", "uploadpack.allowFilter", "true")
    with GitServer(folder) as server:
        yield server, tip


@pytest.mark.parametrize("forge", WAYS)
@pytest.mark.parametrize("said", ["hosts", "forges", "webhooks"])
def test_pages_and_tech_insights_link_lines_as_the_forge_shows_them(served, tmp_path, forge, said):
    server, tip = served
    host = server.address.removeprefix("http://")
    told = {
        "hosts": f"  hosts: [{{host: '{host}', forge: {forge}}}]\n",
        "forges": f"  forges: [{{forge: {forge}, owner: acme, url: '{server.address}/api'}}]\n",
        "webhooks": f"webhooks: {{sources: [{HOOK.replace('FORGE', forge).replace('URL', server.address)}]}}\n",
    }[said]
    text = f"sources:\n  repositories: ['{server.url('acme/shop')}']\n{told}"
    (tmp_path / "roadworthy.yaml").write_text(f"{text}transport: {{allow_http: true, allow_private: true}}\n", "utf-8")
    pipeline = build(load(tmp_path / "roadworthy.yaml", {"HOOK": "x" * 40}))
    crawl(pipeline)
    client = create_app(pipeline).test_client()
    page = client.get("/entities/component/default/shop").text
    runs = {one["check"]["id"]: one["check"] for one in client.post(SHOP, json={}).get_json()}
    answer = client.get(f"{NAMED}/results")
    explained = CliRunner().invoke(
        explain, ["component:default/shop", "--config", str(tmp_path / "roadworthy.yaml"), "--format", "json"]
    )
    pipeline.store.close()
    pipeline.git.close()
    line = server.url("acme/shop") + WAYS[forge].format(tip)
    assert f'href="{line}"' in page
    assert line in [link["url"] for link in runs["alert-runbook-linked"]["links"]]
    assert not re.search(rf'href="{re.escape(server.address)}/acme/shop/blob/', page)
    for body in (answer.get_json(), json.loads(explained.output)):
        places = list(places_of(body))
        assert line in [place["url"] for place in places if place["line"] == 4]
        assert [place for place in places if place["path"] and not place["url"]] == []


def places_of(body):
    for check in (check for card in body["scorecards"] for check in card["checks"]):
        yield from (*check["evidence"], *check["offenders"])


def test_without_a_known_forge_the_api_links_nothing_and_its_etag_is_another(served, tmp_path):
    server, _ = served
    told = {}
    for name, hosts in (("unknown", ""), ("gitea", f"hosts: [{{host: '{server.address[7:]}', forge: gitea}}], ")):
        folder = tmp_path / name
        folder.mkdir()
        text = f"sources: {{{hosts}repositories: ['{server.url('acme/shop')}']}}\n"
        (folder / "roadworthy.yaml").write_text(
            f"{text}transport: {{allow_http: true, allow_private: true}}\n", "utf-8"
        )
        pipeline = build(load(folder / "roadworthy.yaml", {}), clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))
        crawl(pipeline)
        told[name] = create_app(pipeline).test_client().get(f"{NAMED}/results")
        stored = pipeline.store.judgements.results(EntityRef.parse("component:default/shop"))
        told[name, "stored"] = [row.etag for row in stored]
        pipeline.store.close()
        pipeline.git.close()
    assert {place["url"] for place in places_of(told["unknown"].get_json())} == {None}
    assert {place["path"] for place in places_of(told["unknown"].get_json())} >= {"alerts.yaml", "catalog-info.yaml"}
    assert told["unknown", "stored"] == told["gitea", "stored"]  # what is kept knows nothing of forges
    assert told["unknown"].headers["ETag"] != told["gitea"].headers["ETag"]


def test_what_is_said_of_a_host_goes_before_what_its_sources_are(tmp_path):
    text = """
sources:
  hosts: [{host: git.acme.example, forge: forgejo}]
  forges:
    - {forge: gitea, owner: acme, url: "https://git.acme.example:3000/api/v1"}
    - {forge: github, owner: acme, url: "https://api.code.acme.example"}
    - {forge: github, owner: acme}
"""
    (tmp_path / "roadworthy.yaml").write_text(text, "utf-8")
    assert forges_of(load(Path(tmp_path / "roadworthy.yaml"), {})) == {
        "git.acme.example": "forgejo",
        "git.acme.example:3000": "gitea",
        "code.acme.example": "github",
    }
