"""What an expression says, and that no text ends the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.formats import promql


def test_a_valid_expression_is_described() -> None:
    text = """
        sum by (job) (rate(errors_total{job="api", env!="dev"}[10m]))
          / max_over_time({__name__="x",job="b"}[1h:5m]) > 1
    """
    read = promql.parse(text)
    assert (read.valid, read.error) == ("valid", "")
    assert read.metrics == ("errors_total", "x")
    assert read.matchers == {"job": ("api", "b")}
    assert read.range_seconds == 3600
    assert (read.absence, read.static) == (False, False)


@pytest.mark.parametrize(
    ("text", "seconds", "instant"),
    [
        ("up == 0", 0, True),
        ("rate(x[2m]) > 1", 120, False),
        ("job:errors:ratio_rate5m > 0.1", 300, False),
        ("time() - last_success_timestamp_seconds > 3600", 0, False),
        ("x > 1 and on() hour() > 8", 0, False),
        ("kubelet_certificate_manager_client_ttl_seconds < 604800", 0, False),
        ("ssl_cert_days_left < 14", 0, False),
        ("x509_cert_not_after - 1e9 < 86400", 0, False),
        ('license_expiry_timestamp_seconds{app="__TPL__"} < __TPL__', 0, False),
        ("increase(x[5m]) > 0 and cert_expiration_seconds < 60", 300, False),
        ("certificate_expiration_renew_errors > 0", 0, True),
        ("cache_expired_entries > 5", 0, True),
        ("ttl_hits_total > 5", 0, True),
        ("vector(1)", 0, False),
        ("p99_latency_s > 1", 0, True),
        ('sum(rate({app="a"} |= "error" [10m])) > 0', 600, False),
        ('absent(x{job="__TPL__"}) > __TPL__', 0, True),
    ],
)
def test_an_expression_looks_at_a_window_at_the_clock_or_at_single_samples(
    text: str, seconds: int, instant: bool
) -> None:
    read = promql.parse(text)
    assert (read.range_seconds, read.instant) == (seconds, instant)


def test_text_that_is_not_parsed_still_shows_what_it_asks_for() -> None:
    assert promql.parse('absent_over_time({app="a"}[5m])', "logql").absence
    assert promql.parse("time() - x > __TPL__").timed


def test_an_invalid_expression_says_why() -> None:
    read = promql.parse("sum(rate(x[5m])")
    assert (read.valid, read.error) == ("invalid", "unclosed left parenthesis")
    assert read.tree is None


@pytest.mark.parametrize(
    ("text", "dialect", "reason"),
    [
        ('sum(rate({app="a"} |= "error" [5m])) > 0', "promql", "looks like LogQL, which is not evaluated"),
        ('rate({app="a"}[5m])', "logql", "LogQL is not evaluated"),
        ("label_set(x, 'a', 'b')", "promql", "looks like MetricsQL, which is not evaluated"),
        ("sum(x) foo", "metricsql", "MetricsQL is not evaluated"),
        ("rate(x[$__rate_interval])", "promql", "holds a template variable"),
        ("x > ${THRESHOLD}", "promql", "holds a template variable"),
        ("x > __TPL__", "promql", "holds a template variable"),
        ("(" * 10_000 + "1" + ")" * 10_000, "promql", "is too deeply nested to be parsed safely"),
        ("1" + " + 1" * 10_000, "promql", "is too deeply nested to be parsed safely"),
        ("-" * 60_000 + "x", "promql", "is too deeply nested to be parsed safely"),
        ("a" * 70_000, "promql", "is longer than 65536 characters"),
    ],
)
def test_what_is_no_plain_promql_is_unknown_and_never_wrong(text: str, dialect: str, reason: str) -> None:
    read = promql.parse(text, dialect)
    assert (read.valid, read.error) == ("unknown", reason)


def test_the_bounds_hold_on_a_small_stack() -> None:
    worst = "(" * promql.MAX_BRACKETS + "x" + " + x" * promql.MAX_OPERATORS + ")" * promql.MAX_BRACKETS
    code = (
        "import sys, threading\nfrom app.formats import promql\nthreading.stack_size(4 * 1024 * 1024)\n"
        "done = []\nthread = threading.Thread(target=lambda: done.append(promql.parse(sys.stdin.read()).valid))\n"
        "thread.start(); thread.join(); print(done)"
    )
    ended = subprocess.run([sys.executable, "-c", code], input=worst, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "['valid']\n")


def test_an_expression_that_is_not_parsed_still_gives_its_matchers() -> None:
    assert promql.parse('rate({app="checkout"} |= "x" [5m])').matchers == {"app": ("checkout",)}


def test_quotes_in_a_comment_open_no_string() -> None:
    assert promql.parse("# don't\nup == 0").valid == "valid"


def test_a_dollar_inside_a_matcher_is_a_regular_expression_and_no_variable() -> None:
    assert promql.parse('x{path=~"/a$__b|x"} > 0').valid == "valid"


@pytest.mark.parametrize(
    "text",
    [
        "absent(up)",
        'sum(absent_over_time(x{a="b"}[5m]))',
        'up{job="a"} == 0',
        "up != 1",
        "avg_over_time(up[5m]) < 0.9",
        "100 * (count by (job) (up == 0) / count by (job) (up)) > 10",
    ],
)
def test_absence_and_dead_targets_are_seen(text: str) -> None:
    assert promql.parse(text).absence is True


@pytest.mark.parametrize("text", ["up == 1", "absents > 0", "uptime == 0", "x / up < 1"])
def test_other_comparisons_are_no_absence(text: str) -> None:
    assert promql.parse(text).absence is False


def test_an_expression_without_a_metric_is_static() -> None:
    assert promql.parse("vector(1)").static is True


@pytest.mark.parametrize(
    ("text", "value"),
    [("14.4 * (1 - 0.5)", 7.2), ("-(2 ^ 3)", -8.0), ("1 / 0", None), ("x", None), ("9 % 4", 1.0), ("2 ^ 9999", None)],
)
def test_constants_fold(text: str, value: float | None) -> None:
    tree = promql.parse(text).tree
    assert promql.constant(tree) == (value if value is None else pytest.approx(value))
