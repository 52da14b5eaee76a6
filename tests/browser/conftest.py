"""A real `roadworthy serve` over the sample organisation, and Chromium to look at it, shared by all tests here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from real_parts import require

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT = 90
expect.set_options(timeout=WAIT * 1000)  # of its own it gives up after five seconds, whatever else the machine does


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these in one process: they share a server and a browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass
class Portal:
    """A served sample organisation: its URL, and the folder its repositories lie in."""

    url: str
    folder: Path

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def eventually(self, true: Callable[[], bool]) -> None:
        """Waits for what a worker does beside us."""
        until = time.monotonic() + WAIT
        while not true():
            assert time.monotonic() < until, "it never came true"
            time.sleep(0.2)

    def commit(self, repository: str, path: str, before: str, after: str) -> None:
        """A developer's fix: the text changed, committed on the branch that is checked out."""
        folder = self.folder / "repositories" / repository
        file = folder / path
        text = file.read_text("utf-8")
        assert before in text
        file.write_text(text.replace(before, after, 1), "utf-8")
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example")
        subprocess.run(["git", *who, "commit", "-qam", "Mend it"], cwd=folder, check=True)


def roadworthy(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "app.cli", *arguments]


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    require("chromium")
    folder = tmp_path_factory.mktemp("portal")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ROADWORTHY", "GIT_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT)}
    settings = folder / "roadworthy.yaml"
    for command in (("sample", str(folder)), ("crawl", "--config", str(settings))):
        subprocess.run(roadworthy(*command), env=environment, check=True, capture_output=True, timeout=WAIT)
    command = roadworthy("serve", "--config", str(settings), "--port", "0")
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert server.stdout is not None
        said = re.search(r"http://\S+", server.stdout.readline())
        assert said, (folder / "serve.log").read_text()
        yield Portal(said[0], folder)
    finally:
        server.terminate()
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=require("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(portal: Portal, browser: Browser) -> Iterator[Page]:
    """A page that fails the test when the console tells an error or a script throws."""
    context = browser.new_context(base_url=portal.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT * 1000)
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield shown
    context.close()
    assert errors == []
