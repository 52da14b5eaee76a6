"""Every fix, in a repository that fails for it: applied with git, scored again, and held to what it promises."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from fix_cases import CASES, SKELETONS
from fixing import Workbench
from real_parts import require

from app.policy.model import Outcome
from app.remediation.table import TABLE
from app.repos.git import Git

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, policy):
    git = Git()
    yield Workbench(tmp_path_factory.mktemp("fixes"), policy, NOW, git)
    git.close()


def named(case):
    return f"{case.check}-{case.name}".rstrip("-")


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_fixed_check_passes_and_nothing_else_gets_worse(bench, case):
    mended = bench.mend(case.files, case.check, answers=case.answers, entity=case.entity)
    assert mended.was(case.check) is not Outcome.PASS
    assert mended.outcome(case.check) is Outcome.PASS, f"{mended.diff}\n{mended.proposal.refusals}"
    assert mended.worse == set()
    assert mended.again == ""
    parses_again(mended)
    keeps_the_rest(case, mended)


@pytest.mark.parametrize("case", SKELETONS, ids=named)
def test_a_skeleton_does_not_pass_for_what_a_person_must_write(bench, case):
    mended = bench.mend(case.files, case.check, answers=case.answers, entity=case.entity)
    assert mended.diff
    assert mended.was(case.check) is mended.outcome(case.check) is Outcome.FAIL
    assert mended.worse == set()
    assert mended.again == ""
    assert "TODO" in mended.diff


def parses_again(mended):
    """YAML as YAML, HCL as HCL, and rules as promtool takes them."""
    for change in mended.proposal.files:
        if change.path.endswith((".yaml", ".yml")) and "{{" not in change.path:
            assert all(one is not None for one in yaml.safe_load_all(change.after))
        if change.path.endswith(".tf"):
            import hcl2

            assert hcl2.loads(change.after)
        if "rules" in change.path or "alerts" in change.path:
            promtool_takes(mended.folder / change.path)


def promtool_takes(path):
    done = subprocess.run([require("promtool"), "check", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def keeps_the_rest(case, mended):
    """Every line that no edit took is still there, in its order."""
    for change in mended.proposal.files:
        if change.before is None:
            continue
        taken = [line[1:] for line in change.diff.split("\n")[4:] if line.startswith("-")]
        kept = change.before.split("\n")
        for line in taken:
            kept.remove(line)
        rest = iter(change.after.split("\n"))
        assert all(line in rest for line in kept)
        assert len(taken) <= 4, change.diff


def test_the_table_speaks_of_every_check(policy):
    assert set(TABLE) == set(policy.checks)
    assert {name for name, one in TABLE.items() if one.fix is None and not one.why} == set()
    assert {name for name, one in TABLE.items() if one.kind == "skeleton" and one.fix is None} == set()


def test_every_fix_of_the_table_is_shown_to_work():
    shown = {case.check for case in (*CASES, *SKELETONS)}
    # What only a whole catalog tells stands in test_fixes.
    elsewhere = {"dependencies-declared", "oncall-declared", "slo-error-budget-policy"}
    assert {name for name, one in TABLE.items() if one.fix is not None} - shown == elsewhere


def test_the_page_on_fixes_counts_them_right():
    kinds = [remedy.kind for remedy in TABLE.values()]
    text = (Path(__file__).parents[2] / "docs/fixes.md").read_text("utf-8")
    for said in (
        "{fix} of the {all} checks have a fix and {skeleton} a skeleton",
        "for {question} only",
        "and {none} can't",
    ):
        counts = {kind: kinds.count(kind) for kind in ("fix", "skeleton", "question", "none")}
        assert said.format(**counts, all=len(kinds)) in " ".join(text.split())
