"""Roadworthy scores itself honestly: what its repository and catalog can answer passes, the rest is unknown by name."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from real_parts import require

from app.pipeline.check import check
from app.policy.model import Policy
from app.repos.git import Git
from app.repos.worktree import WorkingTree

ROOT = Path(__file__).parent.parent
LIVE = {
    "slo-sli-live",
    "escalation-levels",
    "oncall-schedule-staffed",
    "alert-rules-loaded",
    "alert-route-reaches-pager",
    "dr-objectives-tested",
}


def test_every_check_that_files_can_answer_passes_and_only_live_ones_are_unknown(policy: Policy):
    git = Git()
    report = check(WorkingTree(ROOT, git), policy, datetime.now(UTC), entity="component:default/roadworthy")
    git.close()
    (judged,) = report.judged
    result = next(one for one in judged.results if one.scorecard.id == "sre-maturity")
    elsewhere = {c.check.id for c in result.checks if c.outcome == "not_applicable"}
    assert elsewhere == {entry.check for entry in result.scorecard.entries if entry.scope}
    good = ("pass", "unknown", "not_applicable")
    assert {c.check.id: f"{c.outcome}: {c.reason}" for c in result.checks if c.outcome not in good} == {}
    assert {c.check.id for c in result.checks if c.outcome == "unknown"} == LIVE
    assert (result.level, result.level_possible) == ("silver", "gold")


def test_its_own_rules_pass_promtool():
    tool = require("promtool")
    for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "rules_test.yaml"]):
        done = subprocess.run([tool, *arguments], cwd=ROOT / "monitoring", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
