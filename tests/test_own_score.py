"""Roadworthy scores itself honestly: what its repository and catalog can answer passes, the rest is unknown by name."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from real_parts import require

from app.facts.groups import SCHEMA
from app.pipeline.check import check
from app.policy.documents import load
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


GATEWAY = {"api-rate-limited", "api-upstream-protected"}
"""A gateway before it, if there is one, is defined where it is installed."""

ON_KUBERNETES = {"services that run on Kubernetes (see the annotation roadworthy.dev/runs-on)"}


@pytest.fixture(scope="module")
def results():
    """(entity, scorecard) → its result, of this repository as it lies here."""
    git = Git()
    report = check(WorkingTree(ROOT, git), load(ROOT / "scorecards", SCHEMA), datetime.now(UTC))
    git.close()
    return {(str(one.entity.ref), each.scorecard.id): each for one in report.judged for each in one.results}


def test_every_entity_is_judged_by_what_applies_to_it(results):
    assert set(results) == {
        ("component:default/roadworthy", "sre-maturity"),
        ("component:default/roadworthy", "api-reliability"),
        ("api:default/roadworthy-api", "api-reliability"),
    }


@pytest.mark.parametrize(
    ("entity", "scorecard", "unseen", "others", "level"),
    [
        ("component:default/roadworthy", "sre-maturity", LIVE, ON_KUBERNETES, "silver"),
        ("component:default/roadworthy", "api-reliability", GATEWAY, set(), "bronze"),
        ("api:default/roadworthy-api", "api-reliability", GATEWAY, set(), "bronze"),
    ],
)
def test_every_check_that_files_can_answer_passes_and_the_rest_is_unknown_by_name(
    results, entity, scorecard, unseen, others, level
):
    result = results[entity, scorecard]
    elsewhere = {c.check.id for c in result.checks if c.outcome == "not_applicable"}
    assert elsewhere == {
        entry.check for entry in result.scorecard.entries if entry.scope and entry.scope.title in others
    }
    good = ("pass", "unknown", "not_applicable")
    assert {c.check.id: f"{c.outcome}: {c.reason}" for c in result.checks if c.outcome not in good} == {}
    assert {c.check.id for c in result.checks if c.outcome == "unknown"} == unseen
    assert (result.level, result.level_possible) == (level, "gold")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "rules.yaml", "slo_rules.yaml"),
        ("test", "rules", "rules_test.yaml", "slo_rules_test.yaml"),
    ],
)
def test_its_own_rules_pass_promtool(arguments):
    tool = require("promtool")
    done = subprocess.run([tool, *arguments], cwd=ROOT / "monitoring", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_sloth_made_of_its_objectives_is_of_the_objectives_as_they_stand():
    written = yaml.safe_load((ROOT / "monitoring/slo.yaml").read_text("utf-8"))["slos"]
    made = yaml.safe_load((ROOT / "monitoring/slo_rules.yaml").read_text("utf-8"))["groups"]
    groups = {group["name"].removeprefix("sloth-slo-"): group["rules"] for group in made}
    assert len(groups) == 3 * len(written)
    for slo in written:
        recordings, alerts = (groups[f"{what}-roadworthy-{slo['name']}"] for what in ("sli-recordings", "alerts"))
        queries = ["".join(slo["sli"]["events"][key].split()) for key in ("error_query", "total_query")]
        for rule in recordings[:-1]:  # the last is the whole period's, summed up from the first
            errors, total = (query.replace("{{.window}}", rule["labels"]["sloth_window"]) for query in queries)
            assert "".join(rule["expr"].split()) == f"({errors})/({total})"
        budget = round(1 - slo["objective"] / 100, 6)
        assert len(alerts) == 2
        for rule in alerts:
            assert re.findall(r"> \([\d.]+ \* ([\d.]+)\)", rule["expr"]) == [f"{budget:g}"] * 4
            assert rule["alert"] == slo["alerting"]["name"]
            assert rule["annotations"]["runbook_url"] == slo["alerting"]["annotations"]["runbook_url"]
