"""What happens to repositories on a forge, told by webhook to a running service that lists the forge and reads real git
over HTTP: renamed, transferred, archived, deleted, hidden, read from another branch."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forge_events
import pytest
import requests
from forge_stub import ForgeStub, repository
from git_server import GitServer
from organisation import TEAM, component
from processes import Process, get, soon

from app.repos.author import Commit, write
from app.webhooks.forges import FORGES

NAMES = ("shop", "moved", "old", "gone", "hidden", "trunk")
LISTS_AS = {"forgejo": "gitea"}


@dataclass
class Town:
    """Six repositories on each of six forges, in one service."""

    folder: Path
    git: GitServer
    stubs: dict[str, ForgeStub] = field(default_factory=dict)

    def build(self) -> None:
        for forge in FORGES:
            stub = ForgeStub(LISTS_AS.get(forge, forge), [])
            for number, name in enumerate(NAMES):
                text = component(f"{forge}-{name}") + ("---\n" + TEAM if name == "shop" else "")
                files = {"catalog-info.yaml": text.encode()}
                write(self.path(forge, name), [Commit(datetime.now(UTC) - timedelta(days=5), files)])
                stub.repositories.append(repository(number + 1, f"acme/{name}", url=self.url(forge, name)))
            self.stubs[forge] = stub.__enter__()

    def path(self, forge: str, name: str) -> Path:
        return self.folder / "git" / forge / name

    def url(self, forge: str, name: str) -> str:
        return self.git.url(f"{forge}/{name}")

    def settings(self) -> Path:
        """Data Center never says which branch is the default one: a push has the next poll ask, which comes soon."""
        more = {"bitbucket-server": ", interval: 5s"}
        forges = [
            f"{{forge: {forge}, owner: acme, url: '{stub.url}', token: {{env: T}}{more.get(forge, '')}}}"
            for forge, stub in self.stubs.items()
        ]
        hooks = [
            f"{{name: main, forge: {forge}, url: '{self.git.address}/{forge}', secrets: [{{env: S}}]}}"
            for forge in self.stubs
        ]
        text = (
            f"sources: {{forges: [{', '.join(forges)}]}}\nwebhooks: {{sources: [{', '.join(hooks)}]}}\n"
            "transport: {allow_http: true, allow_private: true}\npolling: {interval: 1h, discover_interval: 1h}\n"
        )
        file = self.folder / "roadworthy.yaml"
        file.write_text(text, "utf-8")
        return file

    def change(self, forge: str) -> None:
        """All that may happen, as the forge would have it afterwards."""
        listed = {one["path"]: one for one in self.stubs[forge].repositories}
        self.path(forge, "shop").rename(self.path(forge, "store"))
        listed["acme/shop"] |= {"path": "acme/store", "url": self.url(forge, "store")}
        listed["acme/old"]["archived"] = True
        shutil.rmtree(self.path(forge, "gone"))
        trunk = self.path(forge, "trunk")
        subprocess.run(["git", "branch", "-m", "main", "trunk"], cwd=trunk, check=True)
        text = component(f"{forge}-trunk", more="# another branch\n").encode()
        commit = b"commit refs/heads/trunk\ncommitter Ada <a@acme.example> 1790000000 +0000\ndata 1\nx\n"
        commit += b"from refs/heads/trunk^0\nM 100644 inline catalog-info.yaml\ndata %d\n%s\n" % (len(text), text)
        subprocess.run(["git", "fast-import", "--quiet"], cwd=trunk, input=commit, check=True)
        listed["acme/trunk"]["branch"] = "trunk"
        gone = ("acme/moved", "acme/gone")
        self.stubs[forge].repositories[:] = [one for path, one in listed.items() if path not in gone]

    def events(self, forge: str) -> dict[str, tuple[dict[str, str], bytes]]:
        """The deliveries that this forge sends of it."""
        what = {
            "renamed": forge_events.Told("store", self.url(forge, "store"), was="shop"),
            "transferred": forge_events.Told("moved", self.url(forge, "moved"), owner="others", was="moved"),
            "archived": forge_events.Told("old", self.url(forge, "old")),
            "deleted": forge_events.Told("gone", self.url(forge, "gone")),
            "hidden": forge_events.Told("hidden", self.url(forge, "hidden")),
            "default branch": forge_events.Told("trunk", self.url(forge, "trunk"), branch="trunk"),
        }
        found = {name: forge_events.told(forge, name, one) for name, one in what.items()}
        return {name: one for name, one in found.items() if one is not None}


@pytest.fixture
def town(tmp_path):
    (tmp_path / "git").mkdir()
    with GitServer(tmp_path / "git") as git:
        made = Town(tmp_path, git)
        made.build()
        yield made
        for stub in made.stubs.values():
            stub.__exit__(None, None, None)


def entity(url: str, forge: str, name: str) -> dict:
    return get(f"{url}/api/v1/entities/by-name/component/default/{forge}-{name}")


def test_whatever_happens_to_repositories_on_any_forge_is_followed_when_it_says_so(town):
    config, environ = town.settings(), {"T": "good", "S": forge_events.SECRET}
    every = [(forge, name) for forge in FORGES for name in NAMES]
    with Process(config, "serve", "--port", "0", environ=environ) as server:
        url = server.url()
        soon(lambda: all(scored(url, forge, name) for forge, name in every), 120, "the first crawl")
        before = {forge: commit(url, forge, "hidden") for forge in FORGES}
        heads = {}
        for forge in FORGES:
            town.change(forge)
            heads[forge] = _head(town.path(forge, "trunk"))

        sent = {
            (forge, name): requests.post(f"{url}/webhooks/{forge}/main", data=body, headers=headers, timeout=20)
            for forge in FORGES
            for name, (headers, body) in town.events(forge).items()
        }

        assert {one.status_code for one in sent.values()} == {202}
        assert len(sent) == 2 * 2 + 3 + 5 + 6 * 2  # Gitea and Forgejo tell of two, Data Center three, Cloud five
        for forge in FORGES:
            soon(lambda f=forge: repository_of(url, f, "shop") == town.url(f, "store"), 60, f"{forge}: the new name")
            soon(lambda f=forge: commit(url, f, "trunk") == heads[f], 60, f"{forge}: the other branch")
            for name in ("moved", "gone"):
                soon(lambda f=forge, n=name: is_orphan(url, f, n), 60, f"{forge}: {name} is left out")
            if forge != "bitbucket":  # Cloud archives nothing
                soon(lambda f=forge: is_orphan(url, f, "old"), 60, f"{forge}: the archived one is left out")
            assert commit(url, forge, "hidden") == before[forge]
            assert scored(url, forge, "shop")
        deliveries = get(f"{url}/api/v1/deliveries?limit=200")["items"]
        assert "failed" not in {one["state"] for one in deliveries}
        assert server.stop() == 0


def scored(url: str, forge: str, name: str) -> bool:
    path = f"/api/v1/entities/by-name/component/default/{forge}-{name}/results"
    return bool(get(f"{url}{path}").get("scorecards"))


def commit(url: str, forge: str, name: str) -> str:
    path = f"/api/v1/entities/by-name/component/default/{forge}-{name}/results"
    (card,) = get(f"{url}{path}")["scorecards"]
    return card["commit"]


def repository_of(url: str, forge: str, name: str) -> str:
    return entity(url, forge, name)["source"]["repository"]


def is_orphan(url: str, forge: str, name: str) -> bool:
    found = entity(url, forge, name)
    return found.get("status") == 404 or found["source"]["orphan"]


def _head(folder: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "trunk"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
