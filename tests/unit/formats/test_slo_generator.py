"""slo-generator's objectives: goals as ratios, windows elsewhere, many backends."""

from __future__ import annotations

import pytest

from app.formats import slo_generator
from app.formats.model import Objective
from app.lib import documents

SLO = """\
apiVersion: sre.google.com/v2
kind: ServiceLevelObjective
metadata:
  name: web-requests-availability
  labels: {service_name: web, feature_name: requests, slo_name: availability}
spec:
  description: Requests answered without an error.
  backend: prometheus
  method: good_bad_ratio
  exporters: []
  service_level_indicator:
    filter_good: http_requests_total{job="web",code!~"5.."}
    filter_valid: http_requests_total{job="web"}
  goal: 0.995
"""


def read(text: str) -> Objective:
    (document,) = documents.load_all(text)
    assert slo_generator.recognises(document)
    (objective,) = slo_generator.read(document).objects
    assert isinstance(objective, Objective)
    return objective


def with_indicator(indicator: str, method: str) -> str:
    start, end = SLO.index("    filter_good"), SLO.index("  goal")
    return (SLO[:start] + f"    {indicator}\n" + SLO[end:]).replace("good_bad_ratio", method)


def test_a_goal_is_a_ratio_and_the_window_is_not_said() -> None:
    objective = read(SLO)

    assert (objective.name, objective.slo, objective.service) == ("web-requests-availability", "availability", "web")
    assert (objective.ratio, objective.window, objective.window_assumed) == (0.995, "", False)
    assert (objective.signal, objective.sli_valid) == ("availability", "valid")
    assert (objective.page_alert, objective.slow_alert, objective.findings) == (False, False, ())


def test_the_key_api_stands_for_api_version() -> None:
    assert read(SLO.replace("apiVersion:", "api:")).ratio == 0.995


@pytest.mark.parametrize(
    ("query", "valid"),
    [
        ('sum(rate(h_total{code="200"}[window])) / sum(rate(h_total[window]))', "valid"),
        ('sum(rate(h_total{code="200"}[window:10s])) / 2', "valid"),
        ("h_total / 2", "invalid"),
        ("sum(rate(h_total[window])", "invalid"),
        ("vector(1)", "invalid"),
    ],
)
def test_a_whole_query_must_parse_and_read_counters_over_the_window(query: str, valid: str) -> None:
    assert read(with_indicator(f"expression: '{query}'", "query_sli")).sli_valid == valid


def test_a_distribution_cut_is_a_latency() -> None:
    objective = read(with_indicator("expression: duration_seconds_bucket{job='web'}", "distribution_cut"))

    assert (objective.signal, objective.sli_valid) == ("latency", "valid")


def test_queries_of_other_backends_are_unknown() -> None:
    objective = read(SLO.replace("backend: prometheus", "backend: datadog"))

    assert (objective.sli_valid, objective.sli_error) == ("unknown", "queries of datadog are not read")
    assert objective.signal == "availability"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("goal: 0.995", "goal: 99.5", (14, "objective-unit")),
        ("goal: 0.995", "goal: 1", (14, "objective-no-budget")),
        ("  goal: 0.995\n", "", (7, "objective-missing")),
        ("  method: good_bad_ratio\n", "", (7, "slo-method")),
        ("  backend: prometheus\n", "", (7, "slo-backend")),
        ('{job="web",code!~"5.."}', '{job="web"}', (11, "sli-query")),
        ('    filter_valid: http_requests_total{job="web"}\n', "", (11, "sli-query")),
    ],
)
def test_each_rule_is_told_on_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in SLO

    assert [(finding.line, finding.code) for finding in read(SLO.replace(old, new, 1)).findings] == [expected]


def test_an_environment_variable_is_unknown_and_no_finding() -> None:
    objective = read(SLO.replace("0.995", "${GOAL}").replace("service_name: web", "service_name: '${SERVICE}'"))

    assert (objective.ratio, objective.templated, objective.findings) == (-1.0, ("service", "objective"), ())


def test_pyrra_s_objective_is_not_recognised() -> None:
    (document,) = documents.load_all("apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective")

    assert not slo_generator.recognises(document)
