"""Facts about alerts, and where their runbook links lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from app.attribution.model import Rules
from app.facts.model import Reason
from app.facts.retrievers import alerting

PAYMENTS = "component:default/payments"
OWN = "docs/runbook.md#paymentserrorbudgetfast"
SLOTH = """\
version: prometheus/v1
service: payments
slos:
  - name: requests
    objective: 99.9
    description: Requests succeed for customers.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="payments",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="payments"}[{{.window}}]))
    alerting:
      name: PaymentsBudget
      annotations: {runbook_url: docs/runbook.md}
"""


def rules_of(look: Any, now: datetime) -> dict[str, Any]:
    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)
    return {item["name"]: item for item in seen.values["alerting.rules"]}


def test_a_rule_is_described_whole(looked: Callable[..., Any], service_files: dict[str, str], now: datetime) -> None:
    rules = rules_of(looked(service_files), now)

    down, fast = rules["PaymentsDown"], rules["PaymentsErrorBudgetFast"]
    assert (down["group"], down["severity"], down["for"], down["for_seconds"]) == ("payments", "critical", "5m", 300)
    assert (down["path"], down["line"], down["ignored"], down["expr_valid"]) == ("alerts.yaml", 17, "", "valid")
    assert (down["covers_absence"], down["burn_rate"], fast["burn_rate"]) == (True, False, True)
    assert (fast["description_dynamic"], down["description_dynamic"]) == (True, False)
    assert down["runbook"]["state"] == "external"
    assert rules["PaymentsErrorBudgetSlow"]["runbook"]["state"] == "missing"


def test_the_linked_section_is_read_with_all_below_it(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    runbook = rules_of(looked(service_files), now)["PaymentsErrorBudgetFast"]["runbook"]

    assert (runbook["state"], runbook["path"], runbook["anchor"]) == (
        "resolved",
        "docs/runbook.md",
        "paymentserrorbudgetfast",
    )
    assert set(runbook["topics"]) >= {"meaning", "impact", "diagnosis", "mitigation"}
    assert runbook["actions"] >= 1
    assert runbook["shared"] == 1


@pytest.mark.parametrize(
    ("link", "state"),
    [
        ("TODO", "placeholder"),
        ("https://example.com/runbook", "placeholder"),
        ("docs/no-such.md", "missing_file"),
        ("docs/runbook.md#no-such", "missing_anchor"),
        ("'#payments'", "missing_anchor"),
        ("docs/runbook.md", "resolved"),
        ("docs/runbook", "resolved"),
        ("https://wiki.shop.example/page", "external"),
        ("https://github.com/other/books/blob/main/pay.md", "not_crawled"),
        ("https://books.shop.example/{{ $labels.alertname }}.md", "dead_template"),
        ("https://books.shop.example/{{ $labels.route }}.md", "templated"),
        ("mailto:ann@shop.example", "invalid"),
    ],
)
def test_where_a_link_leads(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime, link: str, state: str
) -> None:
    text = service_files["alerts.yaml"].replace(OWN, link if "{" not in link else f"'{link}'")

    rules = rules_of(looked({**service_files, "alerts.yaml": text}), now)

    assert rules["PaymentsErrorBudgetFast"]["runbook"]["state"] == state


def test_a_page_that_is_missing_is_recorded_as_looked_for(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace(OWN, "docs/no-such.md")
    look = looked({**service_files, "alerts.yaml": text})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert "docs/no-such.md" in {read.path for read in seen.reads}


def test_a_runbook_in_another_crawled_repository_is_found(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace(OWN, "https://github.com/shop/books/blob/main/pay.md#burning")
    books = snapshot({"pay.md": "# Pay\n\n## Burning\n\nStay calm.\n"}, url="https://github.com/shop/books")

    look = looked(snapshot({**service_files, "alerts.yaml": text}), books)

    runbook = rules_of(look, now)["PaymentsErrorBudgetFast"]["runbook"]
    assert (runbook["state"], runbook["repository"], runbook["path"]) == (
        "resolved",
        "https://github.com/shop/books",
        "pay.md",
    )


def test_alerts_that_share_a_section_are_counted(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace("https://git.example.org/elsewhere", OWN)

    rules = rules_of(looked({**service_files, "alerts.yaml": text}), now)

    assert rules["PaymentsDown"]["runbook"]["shared"] == rules["PaymentsErrorBudgetFast"]["runbook"]["shared"] == 2


def test_central_alerts_belong_to_the_service_they_name(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    central = snapshot(
        {"rules/pay.yaml": service_files.pop("alerts.yaml").replace("severity:", "service: payments, severity:")},
        url="https://git.example.org/sre/alerts",
    )
    rules = Rules(evidence={central.url: frozenset(("alert_rule",))})

    look = looked(snapshot(service_files), central, rules=rules)

    assert {item["repository"] for item in rules_of(look, now).values()} == {central.url}


def test_an_slo_tool_generates_alerts_that_link_its_runbook(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked({**service_files, "slo/sloth.yaml": SLOTH.replace("docs/", "../docs/")})

    rules = rules_of(look, now)

    made = {name: item for name, item in rules.items() if item["generated"]}
    assert [(item["severity"], item["runbook"]["state"]) for item in made.values()] == [
        ("page", "resolved"),
        ("ticket", "resolved"),
    ]
    assert {item["path"] for item in made.values()} == {"slo/sloth.yaml"}


def test_committed_output_of_an_slo_tool_replaces_what_it_would_generate(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    output = """\
groups:
  - name: sloth-slo-alerts-payments-requests
    rules:
      - alert: PaymentsBudget
        expr: slo:sli_error:ratio_rate1h > 0.0144 and slo:sli_error:ratio_rate5m > 0.0144
        labels: {sloth_service: payments, sloth_slo: requests, sloth_severity: ticket}
"""
    look = looked({**service_files, "slo/sloth.yaml": SLOTH, "rules/sloth.yaml": output})

    rules = rules_of(look, now)

    assert [name for name, item in rules.items() if item["generated"]] == []
    assert rules["PaymentsBudget"]["severity"] == "ticket"


def test_a_rule_of_sloths_output_is_placed_in_the_spec_it_is_made_of(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    rule = """\
      - alert: NAME
        expr: slo:sli_error:ratio_rate1h{sloth_service="payments", sloth_slo="requests"} > 0.0144
        labels: {severity: pageteam}
"""
    output = "groups:\n  - name: sloth-slo-alerts-payments-requests\n    rules:\n" + rule.replace(
        "NAME", "PaymentsBudget"
    )
    own = "groups:\n  - name: our-own\n    rules:\n" + rule.replace("NAME", "WrittenByHand")
    files = {**service_files, "slo/sloth.yaml": SLOTH, "rules/sloth.yaml": output, "rules/own.yaml": own}

    rules = rules_of(looked(files), now)
    without_the_spec = rules_of(looked({**files, "slo/sloth.yaml": "{}"}), now)

    def place(item: dict[str, Any]) -> tuple[Any, ...]:
        return item["path"], item["line"], item["output_path"], item["output_line"]

    assert place(rules["PaymentsBudget"]) == ("slo/sloth.yaml", 4, "rules/sloth.yaml", 4)
    assert place(rules["WrittenByHand"]) == ("rules/own.yaml", 4, "", 0)
    assert place(without_the_spec["PaymentsBudget"]) == ("rules/sloth.yaml", 4, "", 0)


def test_committed_output_is_known_by_the_series_it_reads_where_its_labels_are_the_teams_own(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    series = 'slo:sli_error:ratio_rate5m{sloth_service="SERVICE", sloth_slo="requests"}'
    output = f"groups:\n- name: g\n  rules:\n  - alert: PaymentsBudget\n    expr: {series} > 0.0144\n"

    def generated(service: str) -> int:
        files = {**service_files, "slo/sloth.yaml": SLOTH, "rules/sloth.yaml": output.replace("SERVICE", service)}
        return sum(item["generated"] for item in rules_of(looked(files), now).values())

    assert generated("payments") == 0
    assert generated("orders") > 0


def test_what_a_helm_template_hides_is_unknown_and_not_empty(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace("severity: critical", "severity: {{ .Values.severity | quote }}")
    text = text.replace('"{{ $value | humanizePercentage }} of', '"').replace("gone", "{{ .Values.word }}")
    del service_files["alerts.yaml"]

    rules = rules_of(looked({**service_files, "chart/templates/alerts.yaml": text}), now)

    down = rules["PaymentsDown"]
    assert "severity" not in down
    assert "summary" not in down
    assert {name for name in down["unknown"] if "." not in name} == {"severity", "summary", "summary_length"}
    assert rules["PaymentsErrorBudgetFast"]["severity"] == "page"


def test_unit_tests_of_alerts_are_counted_by_name(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    tests = """\
rule_files: [alerts.yaml]
tests:
  - interval: 1m
    input_series: []
    alert_rule_test:
      - {eval_time: 10m, alertname: PaymentsDown, exp_alerts: [{exp_labels: {severity: critical}}]}
      - {eval_time: 1m, alertname: PaymentsDown, exp_alerts: []}
"""
    rules = rules_of(looked({**service_files, "tests/alerts_test.yaml": tests}), now)

    assert (rules["PaymentsDown"]["tested"], rules["PaymentsDown"]["tested_silent"]) == (True, True)
    assert rules["PaymentsErrorBudgetFast"]["tested"] is False


def test_problems_of_a_rule_file_are_told_with_their_place(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"] + "---\ngroups: [{name: b, rules: [{alert: Late, expr: up == 0}]}]\n"
    look = looked({**service_files, "alerts.yaml": text})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [(item["code"], item["path"]) for item in seen.values["alerting.problems"]] == [
        ("second-document-ignored", "alerts.yaml")
    ]
    assert seen.values["alerting.problem_count"] == 1


def test_a_broken_rule_file_counts_as_a_problem_and_as_unreadable(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    broken = "groups:\n  - name: x\n    rules:\n      - alert: A\n        expr: [\n"
    look = looked({**service_files, "more.yaml": broken})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [item["path"] for item in seen.values["alerting.unreadable"]] == ["more.yaml"]
    assert seen.values["alerting.problem_count"] == 1


def test_jsonnet_beside_rendered_rules_hides_nothing(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked({**service_files, "mixin/alerts.libsonnet": "{ alert: 'PaymentsDown' }"})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [item["ignored"] for item in seen.values["alerting.unreadable"]] == [
        "the rules rendered from it are read instead"
    ]
    assert seen.values["alerting.problem_count"] == 0


def test_a_title_and_a_summary_are_a_short_and_a_long_text(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace("description: No instance", "title: Payments down\n          note: No")

    down = rules_of(looked({**service_files, "alerts.yaml": text}), now)["PaymentsDown"]

    assert (down["summary"], down["description"]) == ("Payments down", "Payments is gone")


def test_pyrra_hands_the_runbook_on_by_annotation(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    pyrra = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: payments-errors, annotations: {pyrra.dev/runbook_url: /docs/runbook.md}}
spec:
  target: "99.9"
  window: 30d
  indicator: {ratio: {errors: {metric: 'http_requests_total{code=~"5.."}'}, total: {metric: http_requests_total}}}
"""
    rules = rules_of(looked({**service_files, "slo/pyrra.yaml": pyrra}), now)

    assert [item["runbook"]["state"] for item in rules.values() if item["generated"]] == ["resolved", "resolved"]


def test_jsonnet_rules_alone_are_unknown_and_no_problem(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    del service_files["alerts.yaml"]
    look = looked({**service_files, "mixin/alerts.libsonnet": "{ alert: 'PaymentsDown' }"})

    seen = alerting.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.unknown["alerting.problem_count"].reason is Reason.UNREADABLE


PLAIN = """\
groups:
  - name: g
    rules:
      - alert: {name}
        expr: {expr}
        labels: {{severity: page}}
        annotations: {{summary: "{summary}", runbook_url: "{link}"}}
"""


def plain(expr: str = "up == 0", summary: str = "It is down", link: str = "", name: str = "A") -> dict[str, str]:
    return {"alerts.yaml": PLAIN.format(expr=expr, summary=summary, link=link, name=name)}


def test_what_is_filled_in_does_not_count_for_the_length_of_a_summary(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    summary = "{{ $labels.instance | reReplaceAll '(.*):.*' '$1' }} is full"

    (rule,) = rules_of(looked({**service_files, **plain(summary=summary)}), now).values()

    assert (rule["summary"], rule["summary_length"]) == (summary, len(" is full"))


def test_what_a_logql_alert_looks_at_is_seen_or_unknown_but_never_made_up(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    windowed, bare = (
        rules_of(looked({**service_files, **plain(expr=f"'{expr}'")}), now)["A"]
        for expr in ('sum(rate({app="a"} |= "error" [5m])) > 1', '{app="a"} |= "error"')
    )

    assert (windowed["range_seconds"], windowed["instant"]) == (300, False)
    assert not {"range_seconds", "instant", "covers_absence"} & set(bare)
    assert bare["unknown"]["instant"] == "looks like LogQL, which is not evaluated"


@pytest.mark.parametrize(
    ("link", "state", "path"),
    [
        ("https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubeapidown", "resolved", "KubeAPIDown"),
        ("https://runbooks.prometheus-operator.dev/runbooks/kubernetes/KubeAPIDown/", "resolved", "KubeAPIDown"),
        ("https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubegone", "missing_file", "kubegone"),
        (
            "https://github.com/prometheus-operator/runbooks/blob/main/content/runbooks/kubernetes/kubeapidown.md",
            "missing_file",
            "kubeapidown",
        ),
        (
            "https://github.com/prometheus-operator/runbooks/blob/main/content/runbooks/kubernetes/KubeAPIDown.md",
            "resolved",
            "KubeAPIDown",
        ),
    ],
)
def test_a_site_lowers_the_case_of_its_pages_and_a_forge_does_not(
    snapshot: Callable[..., Any],
    looked: Callable[..., Any],
    service_files: dict[str, str],
    now: datetime,
    link: str,
    state: str,
    path: str,
) -> None:
    pages = {"content/runbooks/kubernetes/KubeAPIDown.md": "# KubeAPIDown\n\n## Meaning\n\nThe API is gone for all.\n"}
    upstream = snapshot(pages, url="https://github.com/prometheus-operator/runbooks")

    (rule,) = rules_of(looked({**service_files, **plain(link=link)}, upstream), now).values()

    assert rule["runbook"]["state"] == state
    assert rule["runbook"]["path"] == f"content/runbooks/kubernetes/{path}.md"


def test_one_negative_case_shows_that_silence_is_tested(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    test = "rule_files: [a]\ntests: [{alert_rule_test: [{alertname: A, exp_alerts: [%s]}]}]\n"
    facts = [
        alerting.retrieve(look.entity(PAYMENTS), look.world, now).values
        for look in (
            looked({**service_files, **plain(), "t_test.yaml": test % case}) for case in ("", "{exp_labels: {}}")
        )
    ]

    assert [values["alerting.silence_tested"] for values in facts] == [True, False]
    assert [values["alerting.rules"][0]["tested"] for values in facts] == [False, True]


@pytest.mark.parametrize(
    ("link", "state", "why"),
    [
        ("https://wiki.shop.example/down", "external", "the page lies outside the crawled repositories"),
        (
            "https://github.com/o/books/blob/main/a.md",
            "not_crawled",
            "https://github.com/o/books is not among the crawled repositories",
        ),
        ("docs/{{ $labels.job }}.md", "templated", "the link holds a template"),
        ("docs/down.adoc", "resolved", "docs/down.adoc is not Markdown, which alone is read"),
    ],
)
def test_what_a_page_out_of_sight_says_is_unknown_with_the_reason(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime, link: str, state: str, why: str
) -> None:
    look = looked({**service_files, **plain(link=link), "docs/down.adoc": "= Down\n"})

    (rule,) = rules_of(look, now).values()

    assert rule["runbook"]["state"] == state
    assert not {"topics", "actions", "stub"} & set(rule["runbook"])
    assert rule["unknown"]["runbook.topics"] == why
