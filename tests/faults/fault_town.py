"""A town of small real repositories behind a real git server: what the fault suite pushes to, and what is true of it.

Each repository holds one component with a runbook and one alert. Every push renames the alert and turns its link right
or wrong, so that each leaves another result.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from git_server import GitServer
from organisation import RUNBOOK, TEAM, alert, component

from app.repos.author import Commit, write

SECRET = "made-for-the-fault-suite-alone-0123456789"


@dataclass(frozen=True)
class Push:
    """One push: which repository, how many it had before, the commit, and when it was there to be read."""

    name: str
    number: int
    commit: str
    at: float


@dataclass
class Town:
    """`size` repositories under `folder`, served by `server`."""

    folder: Path
    server: GitServer
    size: int
    pushes: list[Push] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def build(self) -> None:
        begun = datetime.now(UTC) - timedelta(days=30)
        write(self.folder / "people", [Commit(begun, {"catalog-info.yaml": TEAM.encode()})])
        for name in self.names:
            write(self.folder / name, [Commit(begun, self._files(name, 0))])
            self._counts[name] = 0
            self.first[name] = self.heads[name] = self._git(name, "rev-parse", "main")

    @property
    def names(self) -> list[str]:
        return [f"service-{number:03d}" for number in range(self.size)]

    @property
    def urls(self) -> list[str]:
        return [self.server.url(name) for name in ("people", *self.names)]

    def push(self, name: str) -> Push:
        """A commit straight into the bare repository, as a forge would have it after a push."""
        number = self._counts[name] = self._counts[name] + 1
        files = {"alerts.yaml": self.alerts(number).encode()}
        message = b"push %d" % number
        when = f"{int(time.time())} +0000"
        lines = [f"commit refs/heads/main\ncommitter Ada <ada@acme.example> {when}\n".encode()]
        lines.append(b"data %d\n%s\nfrom refs/heads/main^0\n" % (len(message), message))
        lines += [b"M 100644 inline %s\ndata %d\n%s\n" % (p.encode(), len(b), b) for p, b in files.items()]
        self._git(name, "fast-import", "--quiet", "--date-format=raw", stdin=b"".join(lines))
        made = Push(name, number, self._git(name, "rev-parse", "main"), time.monotonic())
        self.heads[name] = made.commit
        self.pushes.append(made)
        return made

    def hint(self, url: str, push: Push) -> requests.Response:
        """Tells the service of a push, as GitHub does."""
        body, headers = self.delivery(push.name, push.commit, f"{push.name}-{push.number}")
        return requests.post(f"{url}/webhooks/github/town", data=body, headers=headers, timeout=5)

    def delivery(self, name: str, commit: str, identity: str) -> tuple[bytes, dict[str, str]]:
        """The body and headers of GitHub's webhook for a push to a repository's `main`."""
        repository = {"clone_url": self.server.url(name), "full_name": f"acme/{name}", "default_branch": "main"}
        payload: dict[str, Any] = {"ref": "refs/heads/main", "before": "0" * 40, "after": commit}
        body = json.dumps({**payload, "repository": repository}).encode()
        return body, {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": identity,
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        }

    def settings(self, *more: str) -> str:
        """The settings file of a service that reads this town."""
        return "\n".join(
            (
                "transport: {allow_http: true, allow_private: true}",
                f"sources: {{repositories: {json.dumps(self.urls)}}}",
                "webhooks: {sources: [{name: town, forge: github, secrets: [{env: TOWN_SECRET}]}]}",
                *more,
                "",
            )
        )

    @staticmethod
    def alerts(number: int) -> str:
        """The file that the push of this number leaves: its link leads somewhere or nowhere."""
        return alert(f"Push{number}", "docs/runbook.md#rollback" if number % 2 else f"docs/missing-{number}.md")

    def _files(self, name: str, number: int) -> dict[str, bytes | None]:
        return {
            "catalog-info.yaml": component(name).encode(),
            "docs/runbook.md": RUNBOOK.encode(),
            "alerts.yaml": self.alerts(number).encode(),
        }

    def _git(self, name: str, *arguments: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder / name, input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()
