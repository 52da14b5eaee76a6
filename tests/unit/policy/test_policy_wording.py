"""What is said of an outcome: the values behind it, the place to look at, and what to mend first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.facts.dated import NEVER
from app.facts.groups import SCHEMA
from app.facts.model import Facts, FactSet, Reason, Unknown
from app.policy import documents, phrases, remediation, wording
from app.policy.evaluate import evaluate
from app.policy.model import CheckResult, Policy, Subject

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SUBJECT = Subject(ref="component:default/shop", kind="component", type="service", name="shop", tier="t3")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return documents.load(Path(__file__).parents[3] / "scorecards", SCHEMA)


def told(policy: Policy, values: dict[str, Any], **unknown: str) -> dict[str, CheckResult]:
    seen = {name.replace("__", "."): Unknown(Reason.NOT_CONNECTED, why) for name, why in unknown.items()}
    facts = Facts.merge([FactSet(retriever="x", version=1, values=values, unknown=seen, collected_at=NOW)], NOW)
    card = policy.scorecards["sre-maturity"]
    return {result.check.id: result for result in evaluate(policy, card, SUBJECT, facts, NOW).checks}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        ("", "none"),
        ([], "none"),
        (0, "0"),
        (None, "not seen"),
        (["a", "b"], "a, b"),
        ("two\nlines", "two lines"),
        ("x" * 100, "x" * 80 + "…"),
        (NOW, "2026-06-01"),
        (NEVER, "never"),
        (timedelta(days=2), "2d"),
    ],
)
def test_a_value_is_said_in_a_few_words(value: Any, text: str) -> None:
    assert wording.said(value) == text


def test_a_rule_that_does_not_hold_says_what_was_seen(policy: Policy) -> None:
    owner = told(policy, {"catalog.owner_exists": False, "catalog.owner_kind": ""})["owner-is-team"]

    assert (owner.outcome, owner.reason) == ("fail", "it has no owner that the catalog knows")


def test_what_stands_after_the_last_sentence_is_left_out_where_it_is_empty() -> None:
    template, item = "Mend {{ item.name }}. {{ item.by }} {{ item.problem }}", {"name": "a", "by": "", "problem": ""}
    assert remediation.render(template, item, {}, {}) == "Mend a."
    assert remediation.render(template, {**item, "problem": "It is late."}, {}, {}) == "Mend a. It is late."
    assert remediation.render("Declared: {{ x.y }}.", {}, {"x.y": []}, {}) == "Declared: none."


def test_every_verdict_over_items_points_at_one(policy: Policy) -> None:
    good, bad = (
        {"name": n, "severity": s, "path": "a.yaml", "line": at} for n, s, at in (("A", "page", 3), ("B", "info", 9))
    )
    severity = {**bad, "severity": "Warning", "generated": False, "line": 20}

    present = told(policy, {"alerting.rules": [bad, good]})["alert-rules-present"]
    labelled = told(policy, {"alerting.rules": [good | {"generated": False}, severity]})["alert-severity-labelled"]
    unseen = told(policy, {"alerting.rules": [bad, {"name": "C", "path": "a.yaml", "line": 5}]})["alert-rules-present"]

    assert (present.outcome, present.evidence[0].place.line) == ("pass", 3)
    assert (labelled.outcome, labelled.evidence[0].place.line) == ("fail", 20)
    assert [offender.observed for offender in labelled.offenders] == ["severity Warning"]
    assert (unseen.outcome, unseen.evidence[0].place.line) == ("unknown", 5)


def test_what_a_prerequisite_blocks_says_what_to_mend_first(policy: Policy) -> None:
    checks = told(policy, {"runbooks.documents": []})

    complete, present = checks["service-runbook-complete"], checks["service-runbook-present"]
    assert complete.blocked_by == "service-runbook-present"
    assert complete.remediation == present.remediation != ""
    assert "…" not in complete.remediation


def test_a_chain_of_unknowns_is_told_once_and_names_its_first_link(policy: Policy) -> None:
    checks = told(policy, {}, oncall__bindings="no portal is connected", alerting__rules="the disk is gone")

    specific = checks["alert-runbook-specific"]
    assert specific.blocked_by == "alert-rules-present"
    assert specific.reason == "blocked by alert-rules-present: the disk is gone"


def test_what_a_rule_itself_calls_unknown_says_why(policy: Policy) -> None:
    page = {"name": "A", "severity": "page", "path": "a.yaml", "line": 3}
    linked = page | {"runbook": {"state": "not_crawled"}, "unknown": {"runbook.topics": "books is not crawled"}}
    bare = page | {"runbook": {"state": "templated"}}

    reasons = [told(policy, {"alerting.rules": [rule]})["alert-runbook-resolves"].reason for rule in (linked, bare)]

    assert reasons == ["A: books is not crawled", "A: its link is filled in elsewhere"]


@pytest.mark.parametrize(
    ("rule", "parameters", "shown"),
    [
        ("item.words >= params.min_words", {"params.min_words": 150}, "item.words >= 150"),
        ("catalog.tier in params.tiers", {"params.tiers": ["t1", "t2"]}, 'catalog.tier in ["t1", "t2"]'),
        ("now - item.at <= params.max_age", {"params.max_age": timedelta(days=365)}, "now - item.at <= 1y"),
        ("a.b == params.name && params.on", {"params.name": "ä", "params.on": True}, 'a.b == "ä" && true'),
        (
            "a.b > params.least && c > params.least_of",
            {"params.least": 0.5},
            "a.b > 0.5 && c > params.least_of",
        ),
    ],
)
def test_a_rule_is_shown_with_what_its_parameters_are(rule, parameters, shown):
    assert wording.of_rule(rule, parameters) == shown


def test_an_offender_says_for_which_overlays_it_is_so_and_our_own_sentence_is_whole(policy: Policy) -> None:
    problem = "its preStop hook waits 60 s of the 60 s that a pod has to end, so that it is killed before it can finish"
    item = {"name": "shop", "replicated": True, "path": "a.yaml", "line": 3, "rollout_problem": problem}
    (offender,) = told(policy, {"workloads.manifests": [item | {"environment": "prod, ha"}]})[
        "rollout-strategy-safe"
    ].offenders

    assert offender.observed == f"{problem}; as rendered for prod, ha"


def test_a_remediation_has_no_dots_where_an_item_has_nothing_more_to_say(policy: Policy) -> None:
    item = {"name": "shop/app", "serving": True, "readiness": False, "liveness": True, "path": "a.yaml", "line": 3}
    facts = {
        "workloads.manifests": [{"name": "shop"}],
        "workloads.containers": [item | {"probes_differ": True, "probe_problem": ""}],
    }

    assert told(policy, facts)["workload-probes"].remediation.endswith("with a higher `failureThreshold`.")


def test_problems_that_are_counted_are_told_with_the_first_of_them(policy: Policy) -> None:
    page = {"name": "A", "severity": "page", "path": "a.yaml", "line": 3}
    problems = [
        {"path": "old.yaml", "line": 1, "message": "is nobody's", "ignored": "is test data"},
        {"path": "a.yaml", "line": 9, "message": "two groups are called g", "ignored": ""},
    ]
    facts = {"alerting.rules": [page], "alerting.problem_count": 1, "alerting.problems": problems}

    assert told(policy, facts)["alert-files-valid"].reason == "1 problem, first a.yaml:9 two groups are called g"


def test_what_can_not_be_told_of_an_item_says_why_and_what_to_do_about_that_item(policy: Policy) -> None:
    objective = {"name": "availability", "sli_valid": "unknown", "sli_error": "a plugin makes the query"}
    sli = told(policy, {"slo.objectives": [objective | {"path": "slo.yaml", "line": 4}]})["slo-sli-query-valid"]

    assert sli.reason == "availability: sli: a plugin makes the query"
    assert sli.remediation == "Mend the indicator of availability (slo.yaml:4): a plugin makes the query"


def test_an_empty_list_is_told_in_the_words_of_its_field(policy: Policy) -> None:
    checks = told(policy, {"runbooks.documents": [], "alerting.rules": [], "slo.objectives": []})

    reasons = [checks[name].reason for name in ("service-runbook-present", "alert-rules-present", "slo-defined")]
    assert reasons == [f"nothing to judge: no {what}" for what in ("runbook", "alerting rules", "objectives")]


def test_only_what_is_amiss_is_told_and_a_date_that_never_was_is_none(policy: Policy) -> None:
    catalog = {"catalog.registered": True, "catalog.orphan": True, "catalog.problem_count": 0}
    recovery = {"recovery.declared": [], "recovery.tested_at": datetime(1970, 1, 1, tzinfo=UTC)}
    signals = {"slo.covers_availability": True, "slo.covers_latency": False, "slo.covers_freshness": False}
    owners = {"codeowners.present": False, "codeowners.problem_count": 0, "codeowners.paths": [{"covered": True}]}
    objective = {"slo.objectives": [{"name": "a", "path": "a.yaml", "line": 1}]}
    healthy = told(policy, catalog)["catalog-entity-healthy"]
    recovered = wording.of_facts(recovery.items())
    covered = told(policy, signals | objective)["slo-signal-coverage"]

    assert healthy.reason == "no provider lists it any more"
    assert recovered == "no recovery objective is declared; no recovery test is on record"
    assert covered.reason == "no objective for latency"
    assert told(policy, owners)["codeowners-valid"].reason == "there is no CODEOWNERS file"


def test_values_that_are_all_well_by_themselves_are_told_with_their_names() -> None:
    assert wording.of_facts([("catalog.registered", True), ("ours.made_up", 3)]) == "made up: 3"
    assert wording.of_facts([("catalog.registered", True)]) == "registered: yes"
    assert wording.of_item({"readiness": True}, ["item.readiness"]) == "readiness: yes"
    assert wording.of_item({"readiness": True, "liveness": False}, ["item.readiness", "item.liveness"]) == (
        "no liveness probe"
    )


def test_a_runbook_is_told_which_of_the_topics_asked_for_it_lacks(policy: Policy) -> None:
    page = {"role": "service", "stub": "", "words": 900, "topics": ["overview", "health"], "path": "r.md", "line": 1}
    complete = told(policy, {"runbooks.documents": [page]})["service-runbook-complete"]

    lacks = "says nothing of dependencies, dashboards, failures, rollback, escalation"
    assert complete.reason == f"0 of 1 needed: {lacks}"
    assert complete.offenders[0].observed == lacks
    pages = [page, {**page, "path": "s.md"}]
    assert told(policy, {"runbooks.documents": pages})["service-runbook-complete"].reason.endswith(
        ": 2 are not as asked"
    )


def test_words_are_for_what_the_schema_has_and_every_rule_of_ours_over_facts_has_them(policy: Policy) -> None:
    facts = {f"{group.name}.{name}": fact for group in SCHEMA.values() for name, fact in group.facts.items()}
    fields = {name for fact in facts.values() for name in fact.fields}
    asked = {name for check in policy.checks.values() if not check.each for name in check.require.names}

    assert set(phrases.FACTS) <= set(facts)
    assert set(phrases.FIELDS) <= fields
    assert all(set(words) <= set(facts[name].fields) for name, words in phrases.OF_LISTS.items())
    assert {name for name in asked if name in facts} <= set(phrases.FACTS)
