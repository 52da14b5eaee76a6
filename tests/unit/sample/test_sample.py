"""The sample organisation is real git, the same for the same seed, and never built over somebody's work."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.sample import generated
from app.sample.build import build

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_sample_is_made_of_real_repositories_with_files_checked_out(tmp_path):
    made = build(tmp_path / "sample", now=NOW)
    payments = tmp_path / "sample" / "repositories" / "payments"
    assert payments in made
    assert git(payments, "status", "--porcelain") == ""
    assert git(payments, "log", "--format=%s").splitlines() == ["Tidy the monitoring files", "First version"]
    assert "last_reviewed: 2026-10-15" in (payments / "docs" / "runbook.md").read_text()
    assert git(tmp_path / "sample/repositories/legacy-batch", "branch", "--show-current") == "master\n"


def test_more_than_a_dozen_services_are_generated(tmp_path):
    assert len(build(tmp_path / "sample", services=15, now=NOW)) == len(build(tmp_path / "other", now=NOW)) + 3


def test_building_again_starts_afresh(tmp_path):
    build(tmp_path / "sample", now=NOW)
    (tmp_path / "sample/repositories/payments/new.txt").write_text("x")
    build(tmp_path / "sample", now=NOW)
    assert not (tmp_path / "sample/repositories/payments/new.txt").exists()


def test_a_folder_with_somebody_elses_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingsError, match="is not empty"):
        build(tmp_path, now=NOW)
    assert (tmp_path / "thesis.txt").exists()


def test_a_seed_gives_the_same_plans_whatever_their_number():
    assert generated.plans(3, 5) == generated.plans(3, 50)[:5]
    assert generated.plans(3, 5) != generated.plans(4, 5)
