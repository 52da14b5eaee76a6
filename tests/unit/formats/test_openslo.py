"""OpenSLO's SLOs in three versions: ratios, exactly-one rules, windows, indicators."""

from __future__ import annotations

import pytest

from app.formats import openslo
from app.formats.model import Indicator, Objective, Parsed
from app.lib import documents

V1 = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  labels: {team: [money, other]}
spec:
  description: Checkouts that work.
  service: shop
  budgetingMethod: Occurrences
  indicator:
    metadata: {name: checkout-success}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code!~"5.."}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
  timeWindow:
    - duration: 28d
      isRolling: true
  objectives:
    - displayName: Good
      target: 0.99
"""
V1ALPHA = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindows:
    - unit: Day
      count: 30
      isRolling: true
  objectives:
    - target: 0.999
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(h_total{code!~"5.."}[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(h_total[{{.window}}]))'}
"""
V2ALPHA = """\
apiVersion: openslo.com/v2alpha
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 4w, isRolling: true}]
  sli:
    spec:
      ratioMetric:
        bad: {dataSourceRef: prom-eu, spec: {query: 'rate(errors_total[5m])'}}
        total: {dataSourceRef: prom-eu, spec: {query: 'rate(requests_total[5m])'}}
  objectives:
    - targetPercent: 99.5
"""


def read(text: str) -> Parsed:
    (document,) = documents.load_all(text)
    assert document.error is None
    assert openslo.recognises(document)
    return openslo.read(document)


def objectives(text: str) -> list[Objective]:
    return [thing for thing in read(text).objects if isinstance(thing, Objective)]


def codes(text: str) -> list[tuple[int, str]]:
    parsed = read(text)
    own = [finding for thing in parsed.objects if isinstance(thing, Objective) for finding in thing.findings]
    return [(finding.line, finding.code) for finding in (*parsed.findings, *own)]


def test_a_v1_slo_becomes_an_objective_in_common_units() -> None:
    (objective,) = objectives(V1)

    assert (objective.line, objective.name, objective.slo, objective.service) == (21, "checkout", "checkout", "shop")
    assert (objective.ratio, objective.window, objective.window_seconds) == (0.99, "4w", 2_419_200)
    assert (objective.calendar, objective.window_assumed) == (False, False)
    assert (objective.signal, objective.sli_valid, objective.metrics) == (
        "availability",
        "valid",
        ("http_requests_total",),
    )
    assert objective.labels == {"team": "money"}
    assert codes(V1) == []


def test_a_v1alpha_slo_has_its_queries_in_the_objective() -> None:
    (objective,) = objectives(V1ALPHA)

    assert (objective.ratio, objective.window, objective.sli_valid) == (0.999, "30d", "valid")
    assert (objective.signal, objective.metrics) == ("availability", ("h_total",))
    assert codes(V1ALPHA) == []


def test_a_v2alpha_slo_has_no_metric_source_and_may_write_percent() -> None:
    (objective,) = objectives(V2ALPHA)

    assert (objective.ratio, objective.window, objective.sli_valid) == (0.995, "4w", "valid")
    assert objective.metrics == ("errors_total", "requests_total")
    assert codes(V2ALPHA) == []


def test_each_objective_is_one_with_its_own_name() -> None:
    text = V1 + "    - displayName: Great\n      targetPercent: 99.9\n    - target: 0.5\n"

    assert [(one.name, one.ratio, one.line) for one in objectives(text)] == [
        ("checkout/Good", 0.99, 21),
        ("checkout/Great", 0.999, 23),
        ("checkout/3", 0.5, 25),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("target: 0.99", "target: 99", (22, "objective-unit")),
        ("target: 0.99", "target: 1", (22, "objective-no-budget")),
        ("target: 0.99", "target: 0", (22, "objective-zero")),
        ("target: 0.99", "targetPercent: 0.99", (22, "objective-unit")),
        ("target: 0.99", "targetPercent: 100", (22, "objective-no-budget")),
        ("target: 0.99", "aim: 0.99", (21, "objective-missing")),
        ("target: 0.99", "target: 0.99\n      targetPercent: 99", (23, "objective-twice")),
        ("target: 0.99", "target: 0.99\n      op: above", (23, "objective-operator")),
        ("target: 0.99", "target: 0.99\n      compositeWeight: 0", (23, "objective-weight")),
        ("name: checkout\n", "name: Check_out\n", (4, "slo-name")),
        ("name: checkout\n", "name: " + "x" * 64 + "\n", (4, "slo-name")),
        ("  service: shop\n", "", (7, "slo-service")),
        ("Occurrences", "occurrences", (9, "slo-budgeting-method")),
        ("Checkouts that work.", "x" * 1051, (7, "slo-description")),
        ("duration: 28d", "duration: 1m", (18, "window-unit")),
        ("duration: 28d", "duration: 28", (18, "window-invalid")),
        ("duration: 28d", "duration: 0d", (18, "window-invalid")),
        ("    - duration: 28d\n", "    - duration: 7d\n    - duration: 28d\n", (17, "window-invalid")),
        ("isRolling: true", "isRolling: false", (19, "window-calendar")),
        ("isRolling: true", "calendar: {startTime: 2026-01-01, timeZone: UTC}", (19, "window-calendar")),
        ("isRolling: true", "calendar: {startTime: '2026-01-01 00:00:00'}", (19, "window-calendar")),
        ("isRolling: true", "isRolling: true\n      calendar: {startTime: x}", (20, "window-calendar")),
        ("  indicator:\n", "  indicatorRef: other\n  indicator:\n", (10, "sli-kind")),
        ("target: 0.99", "target: 0.99\n      indicatorRef: other", (10, "sli-kind")),
        ("  indicator:\n", "  nothing:\n", (21, "sli-kind")),
        ("        total:", "        totals:", (10, "sli-query")),
        ("        good:", "        bad: {metricSource: {type: x}}\n        good:", (10, "sli-query")),
        ("ratioMetric:", "thresholdMetric: {spec: {}}\n      ratioMetric:", (10, "sli-query")),
        ("    - displayName: Good\n      target: 0.99\n", "    []\n", (20, "slo-empty")),
        ("    - displayName: Good\n      target: 0.99\n", "    - 0.99\n", (21, "slo-shape")),
    ],
)
def test_each_rule_of_the_specification_is_told_on_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in V1

    assert expected in codes(V1.replace(old, new, 1))


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("Timeslices", "timeSliceTarget: 0.9\n      timeSliceWindow: 5m", []),
        ("Timeslices", "timeSliceTarget: 1\n      timeSliceWindow: 5", []),
        ("RatioTimeslices", "timeSliceWindow: 1m", []),
        ("Timeslices", "timeSliceWindow: 1m", [(21, "objective-time-slice")]),
        ("Timeslices", "timeSliceTarget: 0\n      timeSliceWindow: 1m", [(23, "objective-time-slice")]),
        ("RatioTimeslices", "displayTime: x", [(21, "objective-time-slice")]),
        ("RatioTimeslices", "timeSliceWindow: often", [(23, "objective-time-slice")]),
    ],
)
def test_time_slices_need_their_fields(method: str, fields: str, expected: list[tuple[int, str]]) -> None:
    text = V1.replace("Occurrences", method).replace("target: 0.99", f"target: 0.99\n      {fields}")

    assert codes(text) == expected


def test_ratio_time_slices_are_not_of_v1alpha() -> None:
    assert codes(V1ALPHA.replace("Occurrences", "RatioTimeslices")) == [(6, "slo-budgeting-method")]


def test_months_are_not_of_v2alpha() -> None:
    assert codes(V2ALPHA.replace("4w", "1M")) == [(7, "window-invalid")]
    assert objectives(V1.replace("28d", "1M"))[0].window == "30d"


def test_a_calendar_window_is_marked() -> None:
    text = V1.replace("isRolling: true", "calendar: {startTime: '2026-01-01 00:00:00', timeZone: Europe/Berlin}")

    assert (objectives(text)[0].calendar, codes(text)) == (True, [])


def test_a_threshold_needs_an_operator_and_a_value() -> None:
    start, end = V1.index("      ratioMetric"), V1.index("  timeWindow")
    query = "histogram_quantile(0.9, rate(x_bucket[5m]))"
    metric = f"      thresholdMetric: {{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}\n"
    text = V1[:start] + metric + V1[end:]

    assert [code for _, code in codes(text)] == ["objective-threshold", "objective-threshold"]
    complete = text.replace("target: 0.99", "target: 0.99\n      op: lte\n      value: 0.5")
    assert codes(complete) == []
    assert (objectives(complete)[0].signal, objectives(complete)[0].sli_valid) == ("latency", "valid")


def test_a_counter_is_wrapped_by_the_tool_only_when_it_says_so() -> None:
    (objective,) = objectives(V1.replace("counter: true", "counter: false"))

    assert objective.sli_error == "the counter http_requests_total is read without rate() or increase()"


@pytest.mark.parametrize(
    ("raw", "valid"), [("rawType: success", "valid"), ("rawType: x", "invalid"), ("a: b", "invalid")]
)
def test_a_raw_ratio_needs_its_type(raw: str, valid: str) -> None:
    start, end = V1.index("        counter"), V1.index("  timeWindow")
    metric = f"        {raw}\n        raw: {{metricSource: {{type: Prometheus, spec: {{query: 'job:ratio'}}}}}}\n"

    assert objectives(V1[:start] + metric + V1[end:])[0].sli_valid == valid


def test_queries_of_other_backends_are_unknown() -> None:
    (objective,) = objectives(V1.replace("type: Prometheus", "type: Datadog"))

    assert (objective.sli_valid, objective.sli_error) == ("unknown", "queries of Datadog are not read")
    assert objective.signal == "availability"  # the indicator's name tells


def test_an_indicator_elsewhere_is_unknown_until_joined() -> None:
    start, end = V1.index("  indicator:"), V1.index("  timeWindow")
    (objective,) = objectives(V1[:start] + "  indicatorRef: checkout-success\n" + V1[end:])

    assert (objective.indicator_ref, objective.sli_valid, objective.findings) == ("checkout-success", "unknown", ())


def test_an_indicator_document_stands_alone() -> None:
    parsed = read(
        "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: checkout-success}\nspec:\n  ratioMetric:\n"
        "    counter: true\n"
        "    bad: {metricSource: {type: Prometheus, spec: {query: errors_total}}}\n"
        "    total: {metricSource: {type: Prometheus, spec: {query: requests_total}}}\n"
    )

    assert parsed.objects == (
        Indicator(
            line=1,
            name="checkout-success",
            format="openslo",
            signal="availability",
            metrics=("errors_total", "requests_total"),
            sli_valid="valid",
        ),
    )
    assert parsed.findings == ()


def test_an_indicator_document_without_a_metric_is_told() -> None:
    parsed = read("apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: x}\nspec: {}\n")

    assert [(finding.line, finding.code) for finding in parsed.findings] == [(4, "sli-query")]


def test_what_a_template_fills_in_is_unknown_and_no_finding() -> None:
    text = V1.replace("0.99", "__TPL__").replace("28d", "__TPL__").replace("name: checkout\n", "name: __TPL__\n")
    (objective,) = objectives(text.replace("service: shop", "service: __TPL__").replace("Occurrences", "__TPL__"))

    assert (objective.ratio, objective.window) == (-1.0, "")
    assert objective.templated == ("name", "service", "target", "window")
    assert codes(text.replace("Occurrences", "__TPL__")) == []


def test_objectives_that_a_template_fills_in_are_unreadable() -> None:
    parsed = read(V1[: V1.index("    - displayName")].replace("objectives:", "objectives: __TPL__"))

    assert [(place.group, place.line) for place in parsed.unreadable] == [("slo", 20)]
    assert "slo-empty" not in [finding.code for finding in parsed.findings]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: n9/v1alpha\nkind: SLO",
        "apiVersion: openslo/v1\nkind: Service",
        "apiVersion: [openslo/v1]\nkind: SLO",
        "kind: SLO",
        "3",
    ],
)
def test_another_format_of_the_same_kind_is_not_recognised(text: str) -> None:
    (document,) = documents.load_all(text)

    assert not openslo.recognises(document)


@pytest.mark.parametrize("version", ["openslo/v1alpha", "openslo/v1", "openslo.com/v2alpha"])
@pytest.mark.parametrize("kind", ["SLO", "SLI", "AlertPolicy", "AlertCondition"])
@pytest.mark.parametrize(
    "rest",
    [
        "",
        "spec: 3",
        "metadata: [1]\nspec: [2]",
        "spec: {objectives: [1, null, {}, {target: [], indicator: 3, op: []}]}",
        "spec: {objectives: [{timeSliceWindow: {}, timeSliceTarget: [], compositeWeight: []}]}",
        "spec: {timeWindow: 3, timeWindows: [{unit: 3, count: x}]}",
        "spec: {alertPolicies: [1, null, {}, [], {spec: {conditions: 3}}]}",
        "spec: {condition: {threshold: x, op: [], kind: 3, lookbackWindow: {}}, conditions: [null]}",
        "spec: {ratioMetric: {good: 3, total: []}, thresholdMetric: x}",
    ],
)
def test_a_wrong_shape_is_told_and_never_raises(version: str, kind: str, rest: str) -> None:
    parsed = read(f"apiVersion: {version}\nkind: {kind}\n{rest}\n")

    assert "slo-name" in [finding.code for finding in parsed.findings]
