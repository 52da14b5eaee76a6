"""One repository under many addresses: whoever names it, over ssh, over https or by a clone, means the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from organisation import RUNBOOK, alert, component

from app.catalog.model import EntityRef
from app.facts.groups import SCHEMA
from app.pipeline.check import Report, check
from app.pipeline.crawl import crawl
from app.pipeline.services import Pipeline
from app.policy.documents import load as load_policy
from app.policy.model import Outcome
from app.repos.author import Commit, write
from app.repos.git import Git
from app.repos.worktree import WorkingTree
from app.services import build, policy_folder
from app.settings import load

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FORMS = (
    "git@git.acme.example:acme/payments.git",
    "git@GIT.acme.example:acme/payments",
    "ssh://git@git.acme.example/acme/payments.git",
    "ssh://git@git.acme.example:2222/acme/payments/",
    "https://git.acme.example/acme/payments.git",
    "https://git.acme.example/acme/payments/",
    "https://ada:s3cret@Git.Acme.example/acme/payments",
)
SSH = """#!/bin/sh
# Stands for a server: runs what git asks for on the repositories beside, whatever the host.
for last; do :; done
exec git-upload-pack "{root}/$(printf '%s' "$last" | sed "s,^git-upload-pack '/*,,; s,'$,,")"
"""


def files(link: str) -> dict[str, bytes]:
    located = component("payments").replace(
        "annotations: {", "annotations: {backstage.io/source-location: 'url:https://git.acme.example/acme/payments/', "
    )
    texts = {"catalog-info.yaml": located, "alerts.yaml": alert("Burning", link), "docs/runbook.md": RUNBOOK}
    return {path: text.encode() for path, text in texts.items()}


@pytest.fixture
def by_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A pipeline that lists one repository over ssh and over https, and another that links into it."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(root=tmp_path / "served"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    write(tmp_path / "served" / "acme" / "payments", [Commit(NOW, files("docs/runbook.md"))])
    link = "https://git.acme.example/acme/payments/blob/main/docs/runbook.md#burning"
    shop = {"catalog-info.yaml": component("shop").encode(), "alerts.yaml": alert("Burning", link).encode()}
    write(tmp_path / "served" / "acme" / "shop", [Commit(NOW, shop)])
    listed = [*FORMS[:2], FORMS[4], "git@git.acme.example:acme/shop.git"]
    (tmp_path / "roadworthy.yaml").write_text(f"sources: {{repositories: {listed}}}\n".replace("'", '"'))
    pipeline = build(load(tmp_path / "roadworthy.yaml", {}), clock=lambda: NOW)
    yield pipeline
    pipeline.store.close()
    pipeline.git.close()


def test_a_repository_listed_over_ssh_and_https_is_crawled_once_and_links_find_it(by_ssh: Pipeline) -> None:
    done = crawl(by_ssh, concurrency=2)
    assert (done.repositories, done.failures) == (2, {})
    urls = [one.url for one in by_ssh.store.repositories.page(NOW).items]
    assert urls == ["https://git.acme.example/acme/payments", "https://git.acme.example/acme/shop"]
    for name in ("shop", "payments"):
        outcomes = by_ssh.store.judgements.outcomes(EntityRef.parse(f"component:default/{name}"))
        assert outcomes["sre-maturity", "alert-runbook-resolves"][0] == "pass"
    done = crawl(by_ssh, concurrency=2)
    assert done.failures == {}


@pytest.mark.parametrize("origin", FORMS)
def test_check_of_a_clone_knows_itself_whatever_its_origin_is_called(tmp_path: Path, origin: str) -> None:
    link = "https://git.acme.example/acme/payments/blob/main/docs/runbook.md#burning"
    write(tmp_path / "clone", [Commit(NOW, files(link))], bare=False, origin=origin)
    report = checked(tmp_path / "clone")
    assert outcome(report, "alert-runbook-resolves") == Outcome.PASS
    assert outcome(report, "source-location-resolves") == Outcome.PASS
    assert report.inventory.url == "https://git.acme.example/acme/payments"


def test_a_copy_without_an_origin_is_what_its_own_entities_say_it_is(tmp_path: Path) -> None:
    link = "https://git.acme.example/acme/payments/blob/main/docs/runbook.md#burning"
    write(tmp_path / "copy", [Commit(NOW, files(link))], bare=False)
    report = checked(tmp_path / "copy")
    assert outcome(report, "alert-runbook-resolves") == Outcome.PASS
    assert outcome(report, "source-location-resolves") == Outcome.PASS


def test_a_repository_of_descriptors_alone_is_none_of_those_it_describes(tmp_path: Path) -> None:
    link = "https://git.acme.example/acme/payments/blob/main/docs/runbook.md#burning"
    mine = files(link)
    mine["other.yaml"] = (
        files(link)["catalog-info.yaml"].replace(b"name: payments", b"name: o").replace(b"acme/p", b"q/p")
    )
    write(tmp_path / "catalog", [Commit(NOW, mine)], bare=False)
    git = Git()
    report = check(WorkingTree(tmp_path / "catalog", git), load_policy(policy_folder(), SCHEMA), NOW)
    git.close()
    states = {one.check.id: one.outcome for r in report.judged for result in r.results for one in result.checks}
    assert states["source-location-resolves"] == Outcome.UNKNOWN


def checked(folder: Path) -> Report:
    git = Git()
    report = check(WorkingTree(folder, git), load_policy(policy_folder(), SCHEMA), NOW)
    git.close()
    return report


def outcome(report: Report, check_id: str) -> Outcome:
    (judged,) = report.judged
    return next(one.outcome for result in judged.results for one in result.checks if one.check.id == check_id)
