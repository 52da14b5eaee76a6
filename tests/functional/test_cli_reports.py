"""What people and machines read of a check: the table, annotations, SARIF, Markdown; and the first settings."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from organisation import RUNBOOK, component

ROOT = Path(__file__).parent.parent.parent
RULES = """groups:
  - name: g
    rules:
      - {alert: Slow, expr: x > 1, for: 5m, labels: {severity: page}, annotations: {summary: a, description: b}}
      - {alert: Down, expr: up == 0, for: 5m, labels: {severity: Page}, annotations: {summary: a, description: b}}
      - {alert: Full, expr: y > 1, for: 5m, labels: {severity: page}, annotations: {summary: a, description: b}}
"""


def run(*arguments: str, folder: Path, code: int = 0, **variables: str) -> str:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("ROADWORTHY", "GIT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path, {"catalog-info.yaml": component("shop"), "rules.yaml": RULES, "docs/runbook.md": RUNBOOK})


def test_the_table_tells_a_cause_once_and_what_waits_for_it_beside_it(shop: Path) -> None:
    out = run("check", folder=shop)

    assert "✕ Every paging alert links a runbook alert-runbook-linked" in out
    assert "rules.yaml:4 Slow, links no runbook" in out
    assert "3 more wait for it: alert-runbook-resolves, alert-runbook-actionable, alert-runbook-specific" in out
    assert "blocked by" not in out
    unseen = out.split("could not see")[1].split("cheapest")[0]
    assert "? no monitoring system is connected\n      slo-sli-live" not in out  # it waits for an objective
    assert "? no paging tool is connected\n      escalation-levels, oncall-schedule-staffed" in unseen


def test_the_table_fits_a_narrow_terminal(shop: Path) -> None:
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "app.cli", "check"]
    process = subprocess.Popen(command, cwd=shop, env=environment, stdout=inner, stdin=subprocess.DEVNULL)
    os.close(inner)
    text = "".join(_read(terminal))
    assert process.wait(60) == 0

    lines = text.replace("\r", "").split("\n")
    assert any("cheapest next steps" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert "\x1b[3" not in text  # NO_COLOR


def _read(terminal: int) -> Iterator[str]:
    with os.fdopen(terminal, "rb") as shown, contextlib.suppress(OSError):  # the terminal ends with an error
        while data := shown.read1(4096):
            yield data.decode("utf-8", "replace")


def test_evidence_that_is_nobodys_is_listed_with_the_reason(shop: Path) -> None:
    write(shop, {"catalog-info.yaml": f"{component('shop')}---\n{component('till')}"})

    out = run("check", folder=shop)
    body = json.loads(run("check", "--format", "json", folder=shop))

    assert "belongs to nobody" in out
    assert "docs/runbook.md:1 runbook: it lies in the repository, which is ambiguous" in out
    assert {(one["kind"], one["path"]) for one in body["unattributed"]} == {
        ("alert rule", "rules.yaml"),
        ("runbook", "docs/runbook.md"),
    }


def test_problems_of_test_data_and_skeletons_bother_nobody(shop: Path) -> None:
    broken = "groups:\n  - name: g\n    rules: [{alert: A, expr: up == 0}\n"
    write(shop, {"tests/rules.yaml": broken, "skeletons/api/rules.yaml": broken, "more.yaml": broken})
    told = run("check", folder=shop).partition("problems in files")[2]
    assert "more.yaml:" in told
    assert "tests/rules.yaml" not in told
    assert "skeletons/" not in told


def test_a_repository_without_a_descriptor_is_told_to_register_first(shop: Path) -> None:
    (shop / "catalog-info.yaml").unlink()

    out = run("check", folder=shop)

    assert "(provisional: no descriptor here names an entity)" in out
    assert out.split("cheapest next steps")[1].lstrip().startswith("1. The service is registered in the catalog")


def test_each_annotation_speaks_of_its_own_line(shop: Path) -> None:
    lines = run("check", "--format", "github", folder=shop).splitlines()

    linked = [line for line in lines if "title=Every paging alert links a runbook" in line]
    assert [line.split("::")[1].split(",title")[0] for line in linked] == [
        "warning file=rules.yaml,line=4",
        "warning file=rules.yaml,line=6",
    ]
    assert "to Slow (rules.yaml:4)" in linked[0]
    assert "Full: Every paging alert" in linked[1]
    assert "Slow" not in linked[1]
    assert not [line for line in lines if "blocked by" in line]


def test_sarif_shows_nobody_a_template(shop: Path) -> None:
    text = run("check", "--format", "sarif", folder=shop)

    assert "{{" not in text
    rules = {rule["id"]: rule for rule in json.loads(text)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["alert-severity-labelled"]["help"]["text"].startswith("Label …")


def test_markdown_tells_causes_and_counts_the_rest(shop: Path) -> None:
    text = run("check", "--format", "markdown", folder=shop)

    assert "more wait for these: " in text
    assert "| ❌ | bronze | Every paging alert links a runbook | 2 of 2 fail | `rules.yaml:4`, `rules.yaml:6` |" in text


@pytest.mark.parametrize(
    ("page", "forge", "owner", "url"),
    [
        ("https://github.com/acme", "github", "acme", None),
        ("https://gitlab.com/groups/acme/pay", "gitlab", "acme/pay", None),
        ("https://codeberg.org/acme", "forgejo", "acme", "https://codeberg.org"),
        ("https://gitlab.acme.example/pay", "gitlab", "pay", "https://gitlab.acme.example"),
        ("https://github.acme.example/pay", "github", "pay", "https://github.acme.example/api/v3"),
    ],
)
def test_init_names_the_organisation_whose_page_is_given(
    tmp_path: Path, page: str, forge: str, owner: str, url: str | None
) -> None:
    run("init", "--org", page, folder=tmp_path)

    (source,) = yaml.safe_load((tmp_path / "roadworthy.yaml").read_text())["sources"]["forges"]
    assert (source["forge"], source["owner"], source.get("url")) == (forge, owner, url)


def test_doctor_says_what_is_missing_and_goes_on(tmp_path: Path) -> None:
    run("init", "--org", "https://github.com/acme", folder=tmp_path)
    out = run("doctor", folder=tmp_path, code=3)
    assert "missing sources: the environment variable GIT_TOKEN holds no secret" in out
    assert "ok      policy: " in out

    (tmp_path / "roadworthy.yaml").unlink()
    run("init", folder=tmp_path)
    assert "0 repositories, 0 entities; nothing will be crawled from it yet" in run("doctor", folder=tmp_path)
