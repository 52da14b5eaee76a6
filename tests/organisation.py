"""A small organisation of real repositories, and the real pipeline over it, with a clock to move."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.pipeline.attribute import attribute_again
from app.pipeline.crawl import Crawled, crawl
from app.pipeline.judge import judge_all
from app.pipeline.services import Pipeline
from app.repos.author import Commit, write
from app.services import build
from app.settings import load

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Organisation:
    """`repository(name, files)` makes one, `push(name, files)` adds a commit; `crawl()` reads what is due."""

    folder: Path
    settings: str = ""
    now: datetime = START
    pipeline: Pipeline = field(init=False)

    def open(self) -> Organisation:
        (self.folder / "repositories").mkdir(parents=True, exist_ok=True)
        text = "sources: {directories: [./repositories]}\ntransport: {allow_file: true}\n" + self.settings
        (self.folder / "roadworthy.yaml").write_text(text, "utf-8")
        self.pipeline = build(load(self.folder / "roadworthy.yaml", {}), clock=lambda: self.now)
        return self

    def close(self) -> None:
        self.pipeline.store.close()
        self.pipeline.git.close()

    def path(self, name: str) -> Path:
        return self.folder / "repositories" / name

    def url(self, name: str) -> str:
        return self.path(name).as_uri()

    def repository(self, name: str, files: dict[str, str | bytes], **options: object) -> None:
        content = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
        write(self.path(name), [Commit(self.now - timedelta(days=5), content)], bare=False, **options)

    def push(self, name: str, files: dict[str, str | None]) -> None:
        """Commits changes on the checked-out branch; None deletes a file."""
        folder = self.path(name)
        for path, text in files.items():
            file = folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
        self.git(name, "add", "-A")
        self.git(name, "commit", "-q", "-m", "change")

    def git(self, name: str, *arguments: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.path(name), check=True, capture_output=True, text=True
        )
        return done.stdout

    def crawl(self, later: timedelta = timedelta(hours=1)) -> Crawled:
        """An hour later, when every repository is due again: one crawl."""
        self.now += later
        return crawl(self.pipeline, concurrency=2)

    def judge(self) -> int:
        attribute_again(self.pipeline)
        return judge_all(self.pipeline)

    def result(self, ref: str) -> dict:
        from flask import json

        from app.catalog.model import EntityRef

        rows = self.pipeline.store.judgements.results(EntityRef.parse(ref, kind="component"))
        return json.loads(rows[0].body)

    def outcome(self, ref: str, check: str) -> str:
        return next(one["outcome"] for one in self.result(ref)["checks"] if one["id"] == check)

    def reason(self, ref: str, check: str) -> str:
        return next(one["reason"] for one in self.result(ref)["checks"] if one["id"] == check)


def component(name: str, *, owner: str = "team", more: str = "") -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata:\n  name: {name}\n  annotations: {{pagerduty.com/service-id: P1}}\n"
        f"spec: {{type: service, lifecycle: production, owner: {owner}}}\n{more}"
    )


def alert(name: str, link: str, *, service: str = "") -> str:
    label = f", service: {service}" if service else ""
    return (
        f"groups:\n  - name: g\n    rules:\n      - alert: {name}\n"
        f"        expr: rate(errors_total[5m]) > 1\n        for: 5m\n"
        f"        labels: {{severity: page{label}}}\n        annotations: {{summary: Bad, runbook_url: '{link}'}}\n"
    )


TEAM = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team}
spec: {type: team, children: [], profile: {email: team@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: [team]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: grace}
spec: {memberOf: [team]}
"""
RUNBOOK = "# Runbook\n\n" + "\n\n".join(
    f"## {title}\n\n" + "Words that an engineer on call can use when the service is in trouble. " * 4
    for title in (
        "Overview",
        "Dependencies",
        "Dashboards",
        "Health",
        "Common failures",
        "Rollback",
        "Escalation",
        "Burning",
    )
)
