"""Every check's own examples give what they say, and the service scorecard keeps its promises."""

from app.policy.examples import run_examples
from app.policy.model import Policy

LIVE = {
    "slo-sli-live",
    "escalation-levels",
    "oncall-schedule-staffed",
    "alert-rules-loaded",
    "alert-route-reaches-pager",
}


def test_every_example_gives_what_it_says_and_every_check_shows_pass_fail_and_unknown(policy: Policy):
    assert [str(failure) for failure in run_examples(policy)] == []


def test_bronze_holds_at_most_seven_checks_and_none_that_needs_a_live_system(policy: Policy):
    bronze = {entry.check for entry in policy.scorecards["sre-maturity"].entries if entry.level == "bronze"}
    assert len(bronze) == 7
    assert not bronze & LIVE


def test_silver_needs_no_live_system(policy: Policy):
    entries = policy.scorecards["sre-maturity"].entries
    assert not {entry.check for entry in entries if entry.level == "silver"} & LIVE
    assert {entry.check for entry in entries if entry.level == "gold"} >= LIVE


def test_every_check_says_why_how_to_fix_it_and_who_keeps_it(policy: Policy):
    for check in policy.checks.values():
        assert check.why, check.id
        assert check.remediation, check.id
        assert check.owner.startswith("group:"), check.id
        assert check.effort.total_seconds() > 0, check.id
