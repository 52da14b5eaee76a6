"""Evidence leads to its line on the forge that the settings name, also where the host's name says nothing of it."""

import re
from pathlib import Path

import pytest
from git_author import commit, git, repository
from git_server import GitServer
from organisation import TEAM, alert, component

from app.pipeline.crawl import crawl
from app.services import build
from app.settings import load
from app.sources import forges_of
from app.web import create_app

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
    pipeline.store.close()
    pipeline.git.close()
    line = server.url("acme/shop") + WAYS[forge].format(tip)
    assert f'href="{line}"' in page
    assert line in [link["url"] for link in runs["alert-runbook-linked"]["links"]]
    assert not re.search(rf'href="{re.escape(server.address)}/acme/shop/blob/', page)


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
