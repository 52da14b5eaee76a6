"""The transcript of docs/golden-paths.md is what happens: from nothing to an API at its target, in one command."""

import os
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from golden_births import NOW, ROOT, answers, paths
from organisation import TEAM, Organisation
from serving import served

from app.golden_paths.rendering import render
from app.pipeline.birth import births, snapshot_of
from app.pipeline.check import check
from app.web import create_app

PAGE = (ROOT / "docs" / "golden-paths.md").read_text("utf-8")
SERVER = "http://127.0.0.1:7100"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    now = datetime.now(UTC)  # what the command makes is as old as it is
    made = Organisation(tmp_path_factory.mktemp("server"), now=now).open()
    team = TEAM.replace("name: team", "name: storefront").replace("[team]", "[storefront]")
    made.repository("catalog", {"catalog-info.yaml": team})
    made.crawl()
    with served(create_app(made.pipeline)) as found:
        yield found
    made.close()


def transcripts() -> list[tuple[str, str]]:
    """Command → output, for each console block of the page."""
    blocks = re.findall(r"```console\n\$ (.*?[^\\])\n(.*?)```", PAGE, re.DOTALL)
    return [(line.replace("\\\n", ""), shown) for line, shown in blocks]


def test_each_command_of_the_page_prints_what_the_page_shows(url, tmp_path):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    assert len(transcripts()) >= 2
    for line, shown in transcripts():
        name, *arguments = shlex.split(line.replace(SERVER, url))
        assert name == "roadworthy"
        command = [sys.executable, "-m", "app.cli", *arguments]
        environment = {**kept, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == shown
    assert (tmp_path / "gift-cards" / "openapi.yaml").exists()
    assert "born silver; its target is silver" in PAGE


def test_it_is_rendered_and_scored_within_a_second(policy):
    given, taken = answers("api", "t2"), []
    for _ in range(3):
        began = time.perf_counter()
        report = check(snapshot_of(render(paths()["api"], given), given, NOW), policy, NOW)
        taken.append(time.perf_counter() - began)
        assert len(births(report)) == 3
    assert min(taken) < 1


def test_the_page_names_every_golden_path_and_every_question():
    for path in paths().values():
        assert f"`{path.kind}`" in PAGE
        assert [one.name for one in path.questions if f"`{one.name}`" not in PAGE] == []
