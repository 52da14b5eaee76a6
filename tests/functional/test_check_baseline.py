"""`check --baseline`: only what is worse than before fails, whether before is a file, a branch or a commit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from organisation import RUNBOOK, alert, component

from app.repos.author import Commit, write

ROOT = Path(__file__).parent.parent.parent
FILES = {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    content = {name: text.encode() for name, text in FILES.items()}
    write(tmp_path / "shop", [Commit(datetime(2026, 1, 1, tzinfo=UTC), content)], bare=False)
    return tmp_path / "shop"


def check(folder: Path, *arguments: str, code: int) -> str:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    command = [sys.executable, "-m", "app.cli", "check", *arguments]
    environment = {**kept, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code < 2 else done.stderr


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_old_debt_passes_and_new_debt_fails_uncommitted_or_not(shop: Path) -> None:
    out = check(shop, "--baseline", "main", code=0)
    assert "since the baseline nothing better or worse" in out

    (shop / "new.yaml").write_text(alert("Failing", "TODO"), "utf-8")
    out = check(shop, "--baseline", "main", code=1).split("since the baseline")[1]
    assert "new.yaml:4 Failing" in out
    assert "Burning" not in out.replace("new.yaml", "")

    git(shop, "checkout", "-q", "-b", "topic")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "add")
    check(shop, "--baseline", "main", code=1)
    check(shop, "--baseline", "HEAD", code=0)


def test_it_is_measured_from_where_the_branch_was_left(shop: Path) -> None:
    """What main repaired since is no debt of this branch."""
    git(shop, "checkout", "-q", "-b", "topic")
    git(shop, "commit", "-q", "--allow-empty", "-m", "work")
    git(shop, "checkout", "-q", "main")
    (shop / "alerts.yaml").write_text(alert("Burning", "https://runbooks.example/burning"), "utf-8")
    git(shop, "commit", "-q", "-a", "-m", "repair")
    git(shop, "checkout", "-q", "topic")

    check(shop, "--baseline", "main", code=0)


def test_a_baseline_file_holds_in_every_copy_of_the_repository(shop: Path, tmp_path: Path) -> None:
    check(shop, "--write-baseline", ".roadworthy-baseline.json", code=0)
    kept = (shop / ".roadworthy-baseline.json").read_text("utf-8")
    assert str(shop) not in kept
    subprocess.run(["cp", "-r", str(shop), str(tmp_path / "copy")], check=True)

    copy = tmp_path / "copy"
    check(copy, "--baseline", ".roadworthy-baseline.json", code=0)
    text = (copy / "alerts.yaml").read_text("utf-8")
    (copy / "alerts.yaml").write_text("# a line moves what was there\n" + text, "utf-8")
    check(copy, "--baseline", ".roadworthy-baseline.json", code=0)
    (copy / "docs" / "runbook.md").unlink()
    assert "service has a runbook" in check(copy, "--baseline", ".roadworthy-baseline.json", code=1)


def test_what_moves_to_another_file_is_no_new_debt_and_a_twin_of_it_is(shop: Path) -> None:
    check(shop, "--write-baseline", "kept.json", code=0)
    (shop / "monitoring").mkdir()
    git(shop, "mv", "alerts.yaml", "monitoring/rules.yaml")
    for before in ("kept.json", "HEAD"):
        check(shop, "--baseline", before, code=0)
    (shop / "alerts.yaml").write_text(alert("Burning", "TODO"), "utf-8")
    out = check(shop, "--baseline", "kept.json", code=1).split("since the baseline")[1]
    assert ":4 Burning" in out


def test_a_check_that_policy_asks_otherwise_is_not_held_against_the_baseline(shop: Path, tmp_path: Path) -> None:
    check(shop, "--write-baseline", "kept.json", code=0)
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "scorecards", policy)
    file = policy / "checks/alerting.yaml"
    text = file.read_text("utf-8")
    assert "max_summary: {type: int, default: 120" in text
    file.write_text(
        text.replace("max_summary: {type: int, default: 120", "max_summary: {type: int, default: 2"), "utf-8"
    )
    check(shop, "--baseline", "kept.json", "--policy", str(policy), code=0)
    (shop / "docs/runbook.md").unlink()
    check(shop, "--baseline", "kept.json", "--policy", str(policy), code=1)


def test_what_policy_asks_since_is_nobodys_new_debt(shop: Path) -> None:
    check(shop, "--write-baseline", "kept.json", code=0)
    body = json.loads((shop / "kept.json").read_text("utf-8"))
    del body["entities"]["component:default/shop"]["sre-maturity"]["checks"]["alert-runbook-linked"]
    (shop / "kept.json").write_text(json.dumps(body), "utf-8")

    check(shop, "--baseline", "kept.json", code=0)


def test_a_level_counts_only_where_it_was_reached_before_or_the_entity_is_new(shop: Path) -> None:
    check(shop, "--fail-under", "bronze", code=1)
    check(shop, "--baseline", "main", "--fail-under", "bronze", code=0)
    (shop / "till").mkdir()
    (shop / "till" / "catalog-info.yaml").write_text(component("till"), "utf-8")
    check(shop, "--baseline", "main", "--fail-under", "bronze", "--entity", "component:default/shop", code=0)
    check(shop, "--baseline", "main", "--fail-under", "bronze", code=1)


def test_every_format_tells_new_from_old(shop: Path, tmp_path: Path) -> None:
    (shop / "new.yaml").write_text(alert("Failing", "TODO"), "utf-8")
    names = ("json", "markdown", "sarif", "junit")
    reports = [f"--report={name}={tmp_path / name}" for name in names]
    annotations = check(shop, "--baseline", "main", "--format", "github", *reports, code=1)

    assert annotations
    assert all(line.startswith("::error file=new.yaml,") for line in annotations.splitlines())
    told = {name: (tmp_path / name).read_text("utf-8") for name in names}
    turns = json.loads(told["json"])["comparison"]["worse"]
    assert {one["path"] for turn in turns for one in turn["offenders"]} == {"new.yaml"}
    assert told["markdown"].startswith("### Roadworthy: ")
    assert "Only what is worse than the baseline fails" in told["markdown"]
    states = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result["baselineState"]
        for result in json.loads(told["sarif"])["runs"][0]["results"]
        if result["ruleId"] == "alert-runbook-linked"
    }
    assert states == {"alerts.yaml": "unchanged", "new.yaml": "new"}
    suite = ElementTree.fromstring(told["junit"]).find("testsuite")
    failing = [case.get("name") for case in suite if case.find("failure") is not None]
    assert "alert-runbook-linked" in failing
    assert int(suite.get("failures")) == len(failing)
    skipped = [case.find("skipped").get("message") for case in suite if case.find("skipped") is not None]
    assert any(message.startswith("failed before: ") for message in skipped)


@pytest.mark.parametrize(
    ("named", "content", "why"),
    [
        ("nowhere", None, "there is no commit “nowhere” here; a shallow clone must fetch it first"),
        ("--help", None, "there is no commit “--help” here"),
        ("kept.json", "{}", "kept.json is no baseline of format 1; write it anew with --write-baseline"),
        ("kept.json", "[1", "kept.json is no baseline; write it anew"),
        ("kept.json", '{"format": 1, "entities": {"a": {"sre-maturity": {"level": 1}}}}', "is no baseline; write it"),
    ],
)
def test_what_is_no_baseline_is_refused(shop: Path, named: str, content: str | None, why: str) -> None:
    if content is not None:
        (shop / named).write_text(content, "utf-8")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    command = [sys.executable, "-m", "app.cli", "check", f"--baseline={named}"]
    done = subprocess.run(
        command, cwd=shop, env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert why in " ".join(done.stderr.split())
