"""What a user installs: the wheel, alone in an empty environment, away from any checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from built_wheel import CHECKOUT, build
from organisation import RUNBOOK, alert, component


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of an environment that holds the wheel, and this one's libraries but nothing editable."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True, text=True)
    (packages,) = home.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "libraries.pth").write_text("\n".join(libraries) + "\n", "utf-8")
    return home / "bin" / "roadworthy"


def run(script: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "ROADWORTHY"))}
    return subprocess.run(
        [str(script), *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def test_the_wheel_carries_every_scorecard_and_golden_path(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    kept = [folder for folder in ("scorecards", "golden-paths") if (CHECKOUT / folder).is_dir()]
    wanted = {
        file.relative_to(CHECKOUT) for folder in kept for file in (CHECKOUT / folder).rglob("*") if file.is_file()
    }

    assert {f"app/data/{path.as_posix()}" for path in wanted} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_check_scores_a_repository_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    files = {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "docs/runbook.md#burning")}
    for name, text in {**files, "docs/runbook.md": RUNBOOK}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")

    done = run(installed, "check", "--format", "json", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    (scored,) = json.loads(done.stdout)["entities"]
    assert scored["entity"] == "component:default/shop"
    outcomes = {check["id"]: check["outcome"] for check in scored["scorecards"][0]["checks"]}
    assert outcomes["alert-runbook-resolves"] == "pass"
    assert len(outcomes) >= 42


def test_the_other_commands_find_what_they_need_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "policy", "test", folder=tmp_path).returncode == 0
    assert run(installed, "sample", "shop", folder=tmp_path).returncode == 0
    crawled = run(installed, "crawl", "--config", "shop/roadworthy.yaml", "--format", "json", folder=tmp_path)
    assert crawled.returncode == 0, crawled.stderr
    where = run(installed, "--version", folder=tmp_path)
    assert where.stdout.startswith("roadworthy, version")


def test_new_makes_a_golden_path_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    said = ["owner=team", "tier=t2", "repoUrl=https://github.com/acme/x", "escalationPolicy=https://pager.example/p"]
    answers = [part for one in said for part in ("--set", one)]
    done = run(installed, "new", "api", "gift-cards", *answers, "--format", "json", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert {".gitignore", ".github/workflows/reliability.yaml", "gateway/gift-cards.json"} <= set(
        json.loads(done.stdout)["files"]
    )
    assert not any(one["failing"] for one in json.loads(done.stdout)["births"])
    assert run(installed, "policy", "lint", "--strict", folder=tmp_path).returncode == 0
