"""`policy lint` says which golden path a change of policy would leave below its target, before it is rolled out."""

import json
import shutil
import time
from pathlib import Path

from click.testing import CliRunner
from golden_births import BIRTHS, ROOT

from app.cli.policy import command


def lint(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, ["lint", *arguments])
    return done.exit_code, done.output


def changed(folder: Path, name: str, old: str, new: str) -> str:
    copied = folder / "scorecards"
    shutil.copytree(ROOT / "scorecards", copied)
    text = (copied / name).read_text("utf-8")
    assert old in text
    (copied / name).write_text(text.replace(old, new), "utf-8")
    return str(copied)


def test_the_policy_as_it_is_leaves_no_golden_path_behind_within_seconds():
    began = time.monotonic()
    code, out = lint("--strict")

    assert (code, len(out.splitlines())) == (0, 1), out
    assert time.monotonic() - began < 30, f"{len(BIRTHS)} golden paths took too long on any machine"


def test_a_stricter_check_names_the_paths_tiers_and_checks_that_fall_short(tmp_path):
    folder = changed(tmp_path, "checks/resilience.yaml", "default: 2, by_tier: {t1: 3}", "default: 3, by_tier: {t1: 3}")
    code, out = lint(folder)

    checks = "workload-replicas, workload-pdb, workload-spread"
    assert code == 0
    assert out.splitlines()[1:] == [
        f"golden path {kind} at t2: bronze at most, below its target silver, on sre-maturity: {checks}"
        for kind in ("api", "service")
    ]
    assert lint(folder, "--strict")[0] == 1


def test_a_check_moved_to_an_earlier_level_is_told_to_machines_too(tmp_path):
    folder = changed(
        tmp_path,
        "service.yaml",
        "{check: progressive-delivery, level: gold, weight: 3, tiers: [t1]",
        "{check: progressive-delivery, level: silver, weight: 3, tiers: [t1, t2]",
    )
    code, out = lint(folder, "--format", "json", "--strict")
    below = json.loads(out)["golden_paths_below_target"]

    assert code == 1
    assert {(one["golden_path"], one["tier"], *one["failing"]) for one in below} == {
        ("api", "t2", "progressive-delivery"),
        ("service", "t2", "progressive-delivery"),
    }
