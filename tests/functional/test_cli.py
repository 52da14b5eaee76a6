"""The commands as a user runs them: processes, exit codes, output."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from xml.etree import ElementTree

import pytest
from organisation import RUNBOOK, alert, component

from app.sample.build import build

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str, folder: Path, code: int = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ROADWORTHY", "GIT_"))}
    command = [sys.executable, "-m", "app.cli", *arguments]
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def service(tmp_path):
    for path, text in {
        "catalog-info.yaml": component("shop"),
        "alerts.yaml": alert("Burning", "TODO"),
        "docs/runbook.md": RUNBOOK,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    return tmp_path


def test_check_scores_a_plain_folder_and_says_what_to_do_next(service):
    out = run("check", folder=service)
    assert "component:default/shop\nlevel none · target bronze · score " in out
    assert "alerts.yaml:4 Burning, its link only holds a place" in out
    assert "could not see" in out
    assert out.index("cheapest next steps") > out.index("could not see")


def test_check_without_a_descriptor_says_that_the_component_is_provisional(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert "provisional" in run("check", folder=tmp_path)


def test_a_contract_that_no_entity_declares_is_told_until_one_does(tmp_path):
    """Met in Swagger's petstore, whose contract no scorecard judged and nothing said so."""
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "openapi.yaml").write_text("openapi: 3.0.3\ninfo: {title: Shop, version: 1.0.0}\npaths: {}\n")
    told = "openapi.yaml holds a contract of an API: declare an API for it, and it is scored, too"
    assert told in run("check", folder=tmp_path)
    (tmp_path / "catalog-info.yaml").write_text(component("shop"))
    assert told not in run("check", folder=tmp_path)


def test_every_format_of_check_can_be_read_by_its_reader(service):
    body = json.loads(run("check", "--format", "json", folder=service))
    assert body["entities"][0]["scorecards"][0]["id"] == "sre-maturity"
    sarif = json.loads(run("check", "--format", "sarif", folder=service))
    assert sarif["version"] == "2.1.0"
    assert any(result["ruleId"] == "alert-runbook-linked" for result in sarif["runs"][0]["results"])
    suites = ElementTree.fromstring(run("check", "--format", "junit", folder=service))
    assert int(suites[0].get("failures")) == len(suites.findall(".//failure"))
    assert "| ❌ | bronze |" in run("check", "--format", "markdown", folder=service)
    assert "::warning file=alerts.yaml,line=4," in run("check", "--format", "github", folder=service)


def test_exit_codes_tell_what_happened(service, tmp_path_factory):
    run("check", "--fail-under", "bronze", folder=service, code=1)
    run("check", "--fail-under", "platinum", folder=service, code=2)
    run("check", "/nowhere", folder=service, code=2)
    run("check", str(tmp_path_factory.mktemp("empty")), folder=service, code=3)
    (service / "broken.yaml").write_text("groups:\n  - alert: A\n   expr: b\n")
    run("check", folder=service)
    run("check", "--strict", folder=service, code=3)


def test_facts_names_what_it_found_under_its_public_keys(service):
    body = json.loads(run("facts", "--format", "json", folder=service))
    assert set(body) == {"repository", "entities", "problems", "facts"}
    (rule,) = body["facts"]["alerting"]["rules"]
    keys = ("name", "path", "line", "group", "severity", "for", "expr_valid", "ignored")
    assert {key: rule[key] for key in keys} == {
        "name": "Burning", "path": "alerts.yaml", "line": 4, "group": "g", "severity": "page", "for": "5m",
        "expr_valid": "valid", "ignored": "",
    }  # fmt: skip
    assert set(rule["runbook"]) >= {"key", "value", "state", "path", "anchor"}
    (entity,) = body["entities"]
    assert set(entity) == {"ref", "path", "line", "valid", "ignored"}
    (page,) = body["facts"]["runbooks"]["documents"]
    assert {"path", "title", "sections", "words", "stub", "ignored"} <= set(page)


def test_the_schema_of_facts_is_printed(service):
    assert "alerting.rules: items" in run("facts", "--schema", folder=service)
    assert "alerting" in json.loads(run("facts", "--schema", "--format", "json", folder=service))


def test_check_imports_neither_the_web_nor_the_database(service):
    code = (
        "import sys; sys.argv = ['roadworthy', 'check']\n"
        "from app.cli.main import cli\n"
        "try: cli.main(standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "print([m for m in ('sqlalchemy', 'flask', 'marshmallow', 'git', 'redis', 'requests') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=service, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_init_doctor_and_a_missing_file(tmp_path):
    run("crawl", folder=tmp_path, code=2)
    run("init", folder=tmp_path)
    run("init", folder=tmp_path, code=2)
    assert "sources" in (tmp_path / "roadworthy.yaml").read_text()
    run("doctor", folder=tmp_path)


def test_doctor_forgives_one_bad_repository_of_a_source_and_not_all(tmp_path):
    broken = tmp_path / "repositories" / "a-broken"
    (broken / ".git").mkdir(parents=True)
    (broken / ".git" / "HEAD").write_text("no head\n")
    (tmp_path / "roadworthy.yaml").write_text("sources: {directories: [repositories]}\ntransport: {allow_file: true}\n")
    assert "missing directory" in run("doctor", folder=tmp_path, code=3)

    subprocess.run(["git", "init", "-q", str(tmp_path / "repositories" / "good")], check=True)
    git = ["git", "-C", str(tmp_path / "repositories" / "good"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    said = run("doctor", folder=tmp_path)
    assert "2 repositories" in said
    assert "a-broken can't be read" in said


def test_policy_lint_and_test(tmp_path):
    assert "are good" in run("policy", "lint", folder=tmp_path)
    assert "examples give what they say" in run("policy", "test", folder=tmp_path)
    (tmp_path / "card.yaml").write_text("id: x\ntitel: y\n")
    run("policy", "lint", ".", folder=tmp_path, code=2)


def test_the_first_ten_minutes(tmp_path):
    """Sample, crawl, serve; look at a red service; fix it, commit, refresh; see it turn. Then all ends at once."""
    build(tmp_path / "sample")
    config = str(tmp_path / "sample" / "roadworthy.yaml")
    assert "component:default/checkout" in run("crawl", "--config", config, folder=tmp_path)
    assert "alert-runbook-linked" in run("explain", "checkout", "--config", config, folder=tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", "serve", "--config", config, "--port", "0"]
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        base = re.search(r"http://\S+", server.stdout.readline())[0]
        url = f"{base}/api/v1/entities/by-name/component/default/checkout"
        assert outcome(url) == "fail"
        repository = tmp_path / "sample/repositories/checkout"
        rules = repository / "monitoring/rules.yaml"
        text = rules.read_text().replace(
            "    summary: checkout answers",
            "    runbook_url: ../docs/runbook.md\n            summary: checkout answers",
        )
        rules.write_text(text)
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "fix"], cwd=repository, check=True
        )
        urllib.request.urlopen(urllib.request.Request(f"{url}/refresh", method="POST"), timeout=10).close()
        until = time.monotonic() + 30
        while outcome(url) == "fail" and time.monotonic() < until:
            time.sleep(0.2)
        assert outcome(url) == "pass"
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) is not None
        server.stdout.close()


def outcome(url: str) -> str:
    with urllib.request.urlopen(f"{url}/results", timeout=10) as answer:
        checks = json.load(answer)["scorecards"][0]["checks"]
    return next(check["outcome"] for check in checks if check["id"] == "alert-runbook-linked")
