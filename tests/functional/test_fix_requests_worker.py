"""Fix pull requests as they are kept in service: real processes, a real git host and the forge's API at one address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import git_author
import pytest
import requests
from fix_cases import rule
from git_server import GitServer
from processes import Process, get, soon
from request_stub import RequestForge
from requested import BRANCH, FILES, ONE, URL

RESULTS = "/api/v1/entities/by-name/component/default/shop"
TOKEN = {"FORGE_TOKEN": "token"}
UNLINKED = rule("annotations: {}")


class Service:
    """A web process and a worker over one repository of a forge; `push` is a developer's, and `wait` waits."""

    def __init__(self, folder: Path, forge: RequestForge, git: GitServer) -> None:
        self.forge, self.config = forge, folder / "roadworthy.yaml"
        self.clone, self.bare = folder / "clone", git.root / "acme/shop.git"
        forge.git = git.address
        self.config.write_text(
            f"sources:\n  forges:\n    - {{forge: {forge.forge}, owner: acme, url: '{forge.address}', "
            "token: {env: FORGE_TOKEN}}\n"
            "transport: {allow_http: true, allow_private: true}\npolling: {interval: 1h}\n",
            "utf-8",
        )
        git_author.repository(self.clone)
        self.bare.parent.mkdir(parents=True)
        git_author.git(folder, "clone", "-q", "--bare", str(self.clone), str(self.bare))
        git_author.git(self.bare, "config", "uploadpack.allowFilter", "true")
        git_author.git(self.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        git_author.git(self.clone, "remote", "add", "origin", str(self.bare))
        (self.bare.parent / "shop").symlink_to(self.bare)  # a forge answers to both names
        self.url = ""
        self.push(FILES)

    def push(self, files: dict[str, str]) -> None:
        head = git_author.commit(self.clone, files)
        kept = self.forge.files("main") if "main" in self.forge.branches else {}
        self.forge.moved(head, {**kept, **files})  # known to the API before git hands it out
        git_author.git(self.clone, "push", "-q", "origin", "HEAD:main")
        if self.url:
            assert requests.post(f"{self.url}{RESULTS}/refresh", timeout=10).status_code == 202

    def ask(self) -> str:
        answer = requests.post(f"{self.url}{URL}", json=ONE, headers={"Origin": self.url}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["state"]

    def wait(self, **said: object) -> dict:
        """The request as the API tells of it, once it says so."""
        found = {}

        def so() -> bool:
            found.update(get(f"{self.url}{URL}"))
            return all(found.get(name) == value for name, value in said.items())

        try:
            soon(so, 60)
        except AssertionError:
            raise AssertionError(f"it never said {said}: {found}") from None
        return found


@pytest.fixture(params=["github"])  # it holds for all three; what differs is held in test_fix_keeping
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with GitServer(tmp_path / "git") as git, RequestForge(request.param, {}, "none") as forge:
        made = Service(tmp_path, forge, git)
        with (
            Process(made.config, "serve", "--port", "0", "--no-worker", environ=TOKEN) as web,
            Process(made.config, "worker", environ=TOKEN) as worker,
        ):
            made.url = web.url()
            soon(lambda: get(f"{made.url}{RESULTS}/results").get("scorecards"), 60, "the first score")
            yield made
            assert worker.stop() == 0
            assert "Traceback" not in worker.text() + web.text()
        assert forge.wrong == []


def test_a_worker_keeps_a_request_up_to_date_through_an_outage_and_closes_it_when_it_is_moot(service: Service) -> None:
    forge = service.forge
    assert service.ask() == "opened"
    assert "runbook_url" in forge.files(BRANCH)["alerts.yaml"]

    service.push({"alerts.yaml": "# moved down\n\n" + UNLINKED})
    soon(lambda: forge.files(BRANCH)["alerts.yaml"].startswith("# moved down\n\n"), 60, "the update")
    assert (service.wait(error=None)["state"], len(forge.open)) == ("open", 1)

    forge.away = True
    service.push({"alerts.yaml": "# once\n# more\n\n" + UNLINKED})
    soon(lambda: "503" in (get(f"{service.url}{URL}")["error"] or ""), 60, "the outage being told")
    assert "# more" not in forge.files(BRANCH)["alerts.yaml"]

    forge.away = False
    command = [sys.executable, "-m", "app.cli", "fix", "--pull-request", "--all-open", "--config", str(service.config)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **TOKEN}, check=False)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["component:default/shop:", "updated"]), done.stderr
    assert "runbook_url" in forge.files(BRANCH)["alerts.yaml"]
    assert service.wait(error=None)["state"] == "open"

    service.push({"alerts.yaml": rule()})
    said = service.wait(state="closed")
    assert "Everything that was asked for passes" in said["reason"]
    assert (forge.open, BRANCH in forge.branches, len(forge.comments[1])) == ([], False, 1)

    service.push({"alerts.yaml": UNLINKED})
    soon(lambda: service.ask() == "opened", 60, "the second request")
    forge.merge(2)
    service.push({"alerts.yaml": "# a person's\n" + UNLINKED})
    service.wait(state="merged")
    assert len(forge.requests) == 2
