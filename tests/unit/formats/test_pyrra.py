"""Pyrra's ServiceLevelObjective: percent as text, bare selectors, alerts unless switched off."""

from __future__ import annotations

import pytest

from app.formats import pyrra
from app.formats.model import Objective
from app.lib import documents

RATIO = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: checkout-errors
  namespace: shop
  labels: {pyrra.dev/team: money, app: checkout}
spec:
  target: "99.5"
  window: 4w
  description: Checkouts that work.
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{job="checkout",code=~"5.."}'}
      total: {metric: 'http_requests_total{job="checkout"}'}
"""
LATENCY = RATIO[: RATIO.index("    ratio:")] + (
    "    latency:\n"
    "      success: {metric: 'duration_seconds_bucket{le=\"0.5\"}'}\n"
    "      total: {metric: duration_seconds_count}\n"
)


def read(text: str) -> Objective:
    (document,) = documents.load_all(text)
    assert pyrra.recognises(document)
    (objective,) = pyrra.read(document).objects
    assert isinstance(objective, Objective)
    return objective


def codes(text: str) -> list[tuple[int, str]]:
    return [(finding.line, finding.code) for finding in read(text).findings]


def test_a_ratio_becomes_an_objective_in_common_units() -> None:
    objective = read(RATIO)

    assert (objective.name, objective.service, objective.namespace) == ("checkout-errors", "checkout", "shop")
    assert (objective.ratio, objective.window, objective.window_seconds) == (0.995, "4w", 2_419_200)
    assert (objective.signal, objective.sli_valid, objective.metrics) == (
        "availability",
        "valid",
        ("http_requests_total",),
    )
    assert (objective.page_alert, objective.slow_alert, objective.absence_alert) == (True, True, True)
    assert (objective.burn_windows, objective.severities) == (4, ("critical", "warning"))
    assert objective.labels == {"team": "money", "app": "checkout"}
    assert objective.findings == ()


def test_a_latency_is_told_by_its_kind() -> None:
    objective = read(LATENCY)

    assert (objective.signal, objective.sli_valid) == ("latency", "valid")
    assert objective.metrics == ("duration_seconds_bucket", "duration_seconds_count")


def test_the_service_label_of_pyrra_comes_first() -> None:
    assert read(RATIO.replace("pyrra.dev/team", "pyrra.dev/service")).service == "money"


@pytest.mark.parametrize(
    ("alerting", "burns", "absent", "windows"),
    [
        ("{}", True, True, 4),
        ("{burnrates: false}", False, True, 0),
        ("{disabled: true}", False, True, 0),
        ("{absent: false}", True, False, 4),
        ("{burnrates: false, absent: false}", False, False, 0),
    ],
)
def test_alerts_are_generated_unless_switched_off(alerting: str, burns: bool, absent: bool, windows: int) -> None:
    objective = read(f"{RATIO}  alerting: {alerting}\n")

    assert (objective.page_alert, objective.slow_alert, objective.absence_alert) == (burns, burns, absent)
    assert objective.burn_windows == windows


def test_severities_that_are_set_replace_the_tool_s() -> None:
    objective = read(f"{RATIO}  alerting: {{severities: {{fastBurn: page, slowBurn: ticket}}}}\n")

    assert objective.severities == ("page", "critical", "ticket", "warning")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('target: "99.5"', 'target: "0.995"', (8, "objective-unit")),
        ('target: "99.5"', 'target: "100"', (8, "objective-no-budget")),
        ('target: "99.5"', 'target: "101"', (8, "objective-out-of-range")),
        ('target: "99.5"', "target: 99.5", (8, "objective-type")),
        ('  target: "99.5"\n', "", (8, "objective-missing")),
        ("window: 4w", "window: 1M", (9, "window-invalid")),
        ("window: 4w", "window: 0d", (9, "window-invalid")),
        ("  name: checkout-errors\n", "", (4, "slo-name")),
        ("total: {metric: 'http_requests_total{job=\"checkout\"}'}", "total: {}", (12, "sli-query")),
        ("'http_requests_total{job=\"checkout\"}'", "'sum(rate(x[5m]))'", (14, "sli-query")),
        ("'http_requests_total{job=\"checkout\"}'", "'x{'", (14, "sli-query")),
        ("    ratio:\n", "    bool_gauge: {metric: up}\n    ratio:\n", (11, "sli-kind")),
        ("    ratio:\n", "    share:\n", (11, "sli-kind")),
    ],
)
def test_each_rule_is_told_on_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in RATIO

    assert codes(RATIO.replace(old, new, 1)) == [expected]


def test_two_equal_metrics_are_invalid() -> None:
    objective = read(RATIO.replace(',code=~"5.."', ""))

    assert (objective.sli_valid, objective.sli_error) == ("invalid", "ratio.errors and ratio.total are the same metric")


@pytest.mark.parametrize("matcher", ["", '{le="fast"}', '{job="x"}'])
def test_a_latency_needs_its_bucket(matcher: str) -> None:
    objective = read(LATENCY.replace('{le="0.5"}', matcher))

    assert objective.sli_error == 'latency.success needs the bucket it counts, such as le="0.5"'


@pytest.mark.parametrize(("latency", "valid"), [("200ms", "valid"), ("fast", "invalid"), ("", "invalid")])
def test_a_native_histogram_needs_a_duration(latency: str, valid: str) -> None:
    text = RATIO[: RATIO.index("    ratio:")] + (
        f"    latencyNative: {{latency: '{latency}', total: {{metric: duration_seconds}}}}\n"
    )

    assert read(text).sli_valid == valid


def test_a_gauge_of_age_measures_freshness() -> None:
    text = RATIO[: RATIO.index("    ratio:")] + "    bool_gauge: {metric: backup_fresh}\n"

    assert (read(text).signal, read(text).sli_valid) == ("freshness", "valid")


def test_what_a_template_fills_in_is_unknown_and_no_finding() -> None:
    objective = read(
        RATIO.replace('"99.5"', "__TPL__").replace("4w", "__TPL__").replace("http_requests_total", "__TPL__")
    )

    assert (objective.ratio, objective.window, objective.templated) == (-1.0, "", ("target", "window"))
    assert (objective.sli_valid, objective.findings) == ("unknown", ())


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: sre.google.com/v2\nkind: ServiceLevelObjective",
        "apiVersion: pyrra.dev/v1alpha1\nkind: Other",
        "kind: ServiceLevelObjective",
        "[]",
    ],
)
def test_another_format_of_the_same_kind_is_not_recognised(text: str) -> None:
    (document,) = documents.load_all(text)

    assert not pyrra.recognises(document)


@pytest.mark.parametrize(
    "spec", ["spec: 3", "spec: {indicator: [], alerting: x, target: {}, window: []}", "metadata: []"]
)
def test_a_wrong_shape_is_told_and_never_raises(spec: str) -> None:
    objective = read(f"apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n{spec}\n")

    assert (objective.ratio, objective.sli_valid) == (-1, "invalid")
    assert {"slo-name", "sli-kind", "window-invalid"} <= {finding.code for finding in objective.findings}
