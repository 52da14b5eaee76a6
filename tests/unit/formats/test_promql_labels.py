"""Which labels a result carries: `$labels.x` after an aggregation that drops x prints nothing."""

from __future__ import annotations

import pytest

from app.formats import promql, promql_labels


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("x > 0", ()),
        ("sum(x) > 0", ("pod", "namespace")),
        ("sum by (pod) (x) > 0", ("namespace",)),
        ("sum without (pod) (x) > 0", ("pod",)),
        ("topk(3, x) > 0", ()),
        ("sum by (pod) (x) > on (pod) group_left (namespace) y", ()),
        ("x > on (pod) y", ("namespace",)),
        ("x / ignoring (pod) y", ("pod",)),
        ("sum by (pod) (x) and on (pod) y", ("namespace",)),
        ("sum by (pod) (x) or sum by (namespace) (y)", ()),
        ("1 - sum by (pod) (x)", ("namespace",)),
        ('absent(x{pod="a"})', ("namespace",)),
        ('label_replace(sum(x), "pod", "$1", "a", "(.*)")', ("namespace",)),
        ("vector(1)", ("pod", "namespace")),
        ('count_values("pod", sum by (namespace) (x))', ("namespace",)),
        ("max_over_time(sum by (pod) (x)[1h:5m])", ("namespace",)),
        ("sum(x", ()),
    ],
)
def test_labels_that_the_result_never_carries_are_told(text: str, missing: tuple[str, ...]) -> None:
    templates = ["{{ $labels.pod }} in {{ $labels.namespace }}"]
    assert promql_labels.unavailable(promql.parse(text), templates) == missing


def test_the_quantile_uses_up_le() -> None:
    expression = promql.parse("histogram_quantile(0.9, rate(x_bucket[5m])) > 1")
    assert promql_labels.unavailable(expression, ["{{ $labels.le }} {{ $labels.pod }}"]) == ("le",)


def test_alertname_is_never_there_but_for_the_alerts_metric() -> None:
    template = ["https://example.org/{{ $labels.alertname }}"]
    assert promql_labels.unavailable(promql.parse("x > 0"), template) == ("alertname",)
    assert promql_labels.unavailable(promql.parse('ALERTS{severity="page"} > 0'), template) == ()


def test_only_what_a_template_prints_counts() -> None:
    templates = ['$labels.a {{ .Labels.b }} {{ printf `%s` $labels.c }} {{ index $labels "d" }} {{ $labels.e']
    assert promql_labels.used_labels(templates) == ("b", "c", "d")
