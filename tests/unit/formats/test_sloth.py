"""Sloth's spec and custom resource: its own rules, told with the line that breaks them."""

from __future__ import annotations

import pytest

from app.formats import sloth
from app.formats.model import Objective, Parsed, RunbookLink
from app.lib import documents

SPEC = """\
version: prometheus/v1
service: payments
labels: {team: money}
slos:
  - name: requests-availability
    objective: 99.9
    description: Requests that do not fail.
    labels: {path: all}
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="payments",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="payments"}[{{ .window }}]))
    alerting:
      name: PaymentsErrors
      labels: {severity: sev2}
      annotations: {runbook_url: https://example.org/payments}
      page_alert: {labels: {severity: page}}
      ticket_alert: {}
"""

CRD = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: payments, namespace: shop, labels: {app: payments}, annotations: {note: x}}
spec:
  service: payments
  slos:
    - name: latency
      objective: "99"
      sli:
        raw:
          errorRatioQuery: 1 - sum(rate(d_bucket{le="0.5"}[{{.window}}])) / sum(rate(d_count[{{.window}}]))
      alerting:
        name: PaymentsSlow
        pageAlert: {disable: true}
        ticketAlert: {}
"""


def read(text: str) -> Parsed:
    (document,) = documents.load_all(text)
    assert document.error is None
    assert sloth.recognises(document)
    return sloth.read(document)


def one(text: str) -> Objective:
    (objective,) = read(text).objects
    assert isinstance(objective, Objective)
    return objective


def codes(text: str) -> list[tuple[int, str]]:
    parsed = read(text)
    own = [finding for thing in parsed.objects if isinstance(thing, Objective) for finding in thing.findings]
    return [(finding.line, finding.code) for finding in (*parsed.findings, *own)]


def test_a_spec_becomes_an_objective_in_common_units() -> None:
    objective = one(SPEC)

    assert (objective.line, objective.name, objective.service, objective.format) == (
        5,
        "requests-availability",
        "payments",
        "sloth",
    )
    assert (objective.ratio, objective.window, objective.window_seconds, objective.window_assumed) == (
        0.999,
        "30d",
        2_592_000,
        True,
    )
    assert (objective.signal, objective.sli_valid, objective.metrics) == (
        "availability",
        "valid",
        ("http_requests_total",),
    )
    assert (objective.page_alert, objective.slow_alert, objective.burn_windows) == (True, True, 4)
    assert objective.severities == ("page", "sev2")
    assert objective.runbook == RunbookLink(key="runbook_url", value="https://example.org/payments")
    assert objective.labels == {"team": "money", "path": "all"}
    assert objective.findings == ()


def test_a_custom_resource_is_read_in_camel_case() -> None:
    objective = one(CRD)

    assert (objective.ratio, objective.signal, objective.sli_valid) == (0.99, "latency", "valid")
    assert (objective.page_alert, objective.slow_alert, objective.burn_windows) == (False, True, 2)
    assert (objective.namespace, objective.object_labels) == ("shop", {"app": "payments"})
    assert objective.findings == ()


def test_the_page_s_own_runbook_comes_first() -> None:
    text = SPEC.replace("page_alert: {", "page_alert: {annotations: {runbook: ' docs/page.md '}, ")

    assert one(text).runbook == RunbookLink(key="runbook", value="docs/page.md")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("objective: 99.9", "objective: 101", (6, "objective-out-of-range")),
        ("objective: 99.9", "objective: 0.999", (6, "objective-unit")),
        ("objective: 99.9", "objective: 100", (6, "objective-no-budget")),
        ("objective: 99.9", "objective: 0", (6, "objective-zero")),
        ("objective: 99.9", "objective: high", (6, "objective-not-a-number")),
        ("    objective: 99.9\n", "", (5, "objective-missing")),
        ("service: payments", 'service: ""', (2, "slo-service")),
        ("service: payments", "service: p", (2, "slo-service")),
        ("name: requests-availability", "name: -requests", (5, "slo-name")),
        ("name: requests-availability", "name: x", (5, "slo-name")),
        ("name: requests-availability", "name: " + "x" * 129, (5, "slo-name")),
        ("      name: PaymentsErrors\n", "", (14, "alert-name")),
        ("page_alert: {labels", "page_alert: {labels: {disable: true}, more", (17, "alert-disable")),
        ("[{{ .window }}]", "[5m]", (12, "sli-window")),
        ("error_query: ", "errorQuery: ", (10, "sli-query")),
        ('sum(rate(http_requests_total{job="payments"}[{{ .window }}]))', "sum(", (12, "sli-window")),
        ("events:", "other:", (9, "sli-kind")),
        ("    sli:\n", "    sli:\n      plugin: {id: a/b}\n", (9, "sli-kind")),
    ],
)
def test_each_rule_of_the_spec_is_told_on_its_line(old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in SPEC

    assert codes(SPEC.replace(old, new, 1)) == [expected]


def test_a_query_that_does_not_parse_is_invalid() -> None:
    objective = one(SPEC.replace('sum(rate(http_requests_total{job="payments"}', "sum(((rate(x"))

    assert objective.sli_valid == "invalid"
    assert [finding.code for finding in objective.findings] == ["sli-query"]


def test_two_equal_queries_are_invalid() -> None:
    objective = one(SPEC.replace(',code=~"5.."', "").replace("{{ .window }}", "{{.window}}"))

    assert (objective.sli_valid, objective.sli_error) == (
        "invalid",
        "the two queries are the same, so the ratio never changes",
    )


def test_a_counter_outside_a_range_is_invalid_even_beside_a_rate() -> None:
    objective = one(CRD.replace("sum(rate(d_count[{{.window}}]))", "sum(d_count)"))

    assert objective.sli_error == "the counter d_count is read without rate() or increase()"


def test_a_label_named_disable_disables_nothing() -> None:
    objective = one(SPEC.replace("ticket_alert: {}", "ticket_alert: {labels: {disable: true}}"))

    assert (objective.slow_alert, objective.burn_windows) == (True, 4)
    assert objective.findings[0].message == (
        "a label named disable disables nothing; write ticket_alert: {disable: true}"
    )


def test_an_alert_in_the_other_form_s_spelling_is_not_disabled() -> None:
    assert one(SPEC.replace("ticket_alert: {}", "ticketAlert: {disable: true}")).slow_alert


def test_no_name_is_needed_when_both_alerts_are_disabled() -> None:
    text = (
        SPEC.replace("      name: PaymentsErrors\n", "")
        .replace("{labels: {severity: page}}", "{disable: true}")
        .replace("ticket_alert: {}", "ticket_alert: {disable: true}")
    )

    assert codes(text) == []
    assert (one(text).burn_windows, one(text).severities) == (0, ())


def test_without_alerting_nothing_alerts_and_it_is_told() -> None:
    text = SPEC[: SPEC.index("    alerting:")]

    assert codes(text) == [(5, "alert-name")]
    assert not one(text).page_alert


def test_a_plugin_s_query_is_unknown() -> None:
    start, end = SPEC.index("      events:"), SPEC.index("    alerting:")
    objective = one(SPEC[:start] + "      plugin: {id: sloth-common/http/latency}\n" + SPEC[end:])

    assert (objective.sli_valid, objective.signal, objective.findings) == ("unknown", "latency", ())


def test_two_slos_of_one_name_are_told() -> None:
    again = SPEC[SPEC.index("  - name:") :]

    assert codes(SPEC + again) == [(19, "slo-duplicate")]


def test_what_a_template_fills_in_is_unknown_and_no_finding() -> None:
    text = SPEC.replace("99.9", "__TPL__").replace("service: payments", "service: __TPL__")
    objective = one(text.replace("{{.window}}", "__TPL__").replace("{{ .window }}", "__TPL__"))

    assert (objective.ratio, objective.templated, objective.findings) == (-1.0, ("service", "objective"), ())
    assert objective.sli_valid == "valid"


def test_slos_that_a_template_fills_in_are_unreadable() -> None:
    parsed = read("version: prometheus/v1\nservice: payments\nslos: __TPL__\n")

    assert [(place.group, place.line) for place in parsed.unreadable] == [("slo", 3)]
    assert parsed.findings == ()


@pytest.mark.parametrize("slos", ["", "slos: []", "slos: {}", "slos: 3"])
def test_a_spec_without_slos_is_told(slos: str) -> None:
    assert [code for _, code in codes(f"version: prometheus/v1\nservice: payments\n{slos}\n")] == ["slo-empty"]


def test_only_so_many_slos_are_read() -> None:
    parsed = read("version: prometheus/v1\nservice: payments\nslos:\n" + "  - {}\n" * 501)

    assert len(parsed.objects) == 500
    assert [finding.message for finding in parsed.findings] == ["holds 501 slos; only the first 500 are read"]


@pytest.mark.parametrize(
    "text",
    [
        "version: prometheus/v2\nslos: []",
        "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows",
        "version: [prometheus/v1]\nslos: []",
        "- version: prometheus/v1",
        "kind: PrometheusServiceLevel",
    ],
)
def test_what_only_looks_like_sloth_is_not_recognised(text: str) -> None:
    (document,) = documents.load_all(text)

    assert not sloth.recognises(document)
