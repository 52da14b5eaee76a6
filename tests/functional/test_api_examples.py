"""docs/api.md: every command of "By example" runs as printed, against the sample organisation, open and signed in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from built_wheel import CHECKOUT
from ci_runners import environment
from serving import served

from app.identity import tokens
from app.pipeline.crawl import crawl
from app.sample.build import build as sample
from app.services import access_of, build
from app.settings import load
from app.web import create_app

PAGE = (CHECKOUT / "docs" / "api.md").read_text("utf-8")
((SCRIPT),) = re.findall(r"## By example\n.*?```sh\n(.*?)```", PAGE, re.DOTALL)
OPEN = "http://127.0.0.1:7100"
SCOPES = ("read", "refresh", "facts:write", "waivers:write")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    sample(folder, now=datetime.now(UTC))
    (folder / "signed.yaml").write_text(
        (folder / "roadworthy.yaml").read_text("utf-8") + "\nauth: {mode: on}\n", "utf-8"
    )
    made = build(load(folder / "roadworthy.yaml", {}))
    crawl(made)
    yield made, load(folder / "signed.yaml", {})
    made.store.close()
    made.git.close()


@pytest.fixture(params=["open", "signed in"])
def url(request, pipeline, tmp_path):
    """Where it is served. Signed in, curl finds the token in a file of its own, as `-K` would give it."""
    made, signed = pipeline
    if request.param == "open":
        with served(create_app(made)) as found:
            yield found
        return
    new = tokens.new()
    row = tokens.StoredToken(id=new.id, name=new.id, digest=new.digest, scopes=SCOPES, created_at=made.clock())
    assert made.store.tokens.add(row)
    (tmp_path / ".curlrc").write_text(f'header = "Authorization: Bearer {new.text}"\n', "utf-8")
    with served(create_app(made, access=access_of(signed, made))) as found:
        yield found


def commands():
    return [line for line in SCRIPT.splitlines() if line and not line.startswith("#")]


RENDERED = """groups:
  - name: search
    rules:
      - alert: SearchDown
        expr: up{job="search"} == 0
        for: 5m
        labels: {severity: page}
        annotations: {summary: Down, runbook_url: 'https://runbooks.example/search'}
"""


def test_every_command_of_the_page_runs_as_printed(url, tmp_path):
    """All of them in one shell, in their order; each one's output ends with a mark."""
    assert shutil.which("curl"), "curl is part of what the page asks for"
    (tmp_path / "rendered.yaml").write_text(RENDERED, "utf-8")
    script = SCRIPT.replace(OPEN, url).replace("helm template shop ./chart", "cat rendered.yaml")
    lines = [line for line in script.splitlines() if line and not line.startswith("#")]
    marked = "\n".join(f"{line}\nprintf '\\x1e'" for line in lines)
    env = environment(CURL_HOME=str(tmp_path), HOME=str(tmp_path))
    shell = ["bash", "-euo", "pipefail", "-c", marked]
    done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    said = dict(zip(commands(), done.stdout.split("\x1e"), strict=False))

    def told(*parts):
        (found,) = [answer for line, answer in said.items() if all(part in line for part in parts)]
        return found

    below = json.loads(told("meets_target=false"))
    assert 0 < len(below["items"]) <= 5
    assert {tuple(item) for item in below["items"]} == {("ref", "owner", "scorecards")}
    assert told("format=csv").splitlines()[0].startswith("ref,")
    assert len(told("format=csv").splitlines()) > 1
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert results["scorecards"]
    assert json.loads(told("next-steps"))["items"]
    assert json.loads(told("checkout/facts"))["facts"]["alerting"]
    assert [item["ref"] for item in json.loads(told("by-refs"))["items"]] == [
        "component:default/checkout", "component:default/search"
    ]  # fmt: skip
    assert (told("-o results.json"), told("-o again.json")) == ("200\n", "304\n")
    assert "cursor" in json.loads(told("after=$AFTER"))
    assert json.loads(told("/refresh"))["entity"] == "component:default/checkout"
    assert json.loads(told('"oncall"'))["due"] >= 1
    assert json.loads(told("helm template"))["group"] == "rendered"
    assert json.loads(told("drills"))["entity"] == "resource:default/orders-db"
    assert json.loads(told("/waivers"))["check"] == "slo-defined"
    assert [one["entity"] for one in json.loads(told("/simulate"))["born"]] == ["component:default/ledger"]
