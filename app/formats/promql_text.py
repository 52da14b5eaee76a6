"""What the text of an expression shows without being parsed: its language, and hints that help where parsing can't.

The parser of `promql` asks this first. Hints are said less surely than what a tree says, and only where there is none.
"""

from __future__ import annotations

import re

from app.lib import times

MAX_TEXT = 64 * 1024

_QUOTED = re.compile(r""""(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?|`[^`]*+`?|#[^\n]*+""", re.DOTALL)
"""Strings and comments, unclosed ones to the end: every character is looked at once."""
VARIABLES = re.compile(r"\$__\w+|\$\{\w|\{\{|__TPL__|%\(\w+\)s|\$[A-Za-z_]\w*|<<[A-Za-z_.]+>>")
_LOGQL = re.compile(r"\|=|\|~|\|>|\||!>|\}\s*!=|\}\s*!~|\}\s*\[|\bunwrap\b")
_METRICSQL = re.compile(
    r"\b(?:WITH\s*\(|if\b|ifnot\b|default\b|(?:keep_last_value|keep_next_value|interpolate|range_\w+|running_\w+|"
    r"rollup\w*|increase_pure|increase_prometheus|rate_prometheus|delta_prometheus|tlast_over_time|tfirst_over_time|"
    r"first_over_time|lag|lifetime|share_\w+_over_time|count_\w+_over_time|sum_(?:gt|eq|le)_over_time|union|alias|"
    r"label_(?:set|del|keep|copy|move|map|match|mismatch|transform|value|uppercase|lowercase|graphite_group)|"
    r"labels_equal|drop_common_labels|remove_resets|median_over_time|any|outliersk|outliers_\w+|distinct|"
    r"distinct_over_time|mode_over_time|zscore\w*|topk_\w+|bottomk_\w+|limit_offset|duration_over_time|"
    r"aggr_over_time|quantiles\w*|histogram|histogram_share|buckets_limit|prometheus_buckets|vmrange|changes_prometheus|"
    r"hoeffding_\w+|rand\w*|smooth_exponential|sort_by_label\w*|sort_by_label_numeric|step|start|end|now|"
    r"stale_samples_over_time|increases_over_time|decreases_over_time|ascent_over_time|descent_over_time|"
    r"integrate|ideriv|geomean\w*|range_over_time|scrape_interval|timestamp_with_name|tmin_over_time|tmax_over_time|"
    r"default_rollup|mad|mad_over_time|iqr_over_time|sum2|sum2_over_time|trim_\w+|ru|ttf)\s*\()"
)
RECORDED_WINDOW = re.compile(r"(?<!\d)(\d{1,9}(?:ms|[smhdwy]))(?=$|[:_])")
"""A window in the name of a recorded metric, such as `…:ratio_rate5m`."""
CLOCKS = frozenset(
    ("time", "hour", "minute", "month", "year", "day_of_week", "day_of_month", "day_of_year", "days_in_month")
)
_COUNTDOWN = re.compile(
    r"(?:^|_)(?:ttl|not_after|expiry|expires|expires_in|expiration|(?:seconds|hours|days)_(?:left|remaining|until_\w+)"
    r"|(?:left|remaining)(?=_seconds|_hours|_days))(?:_(?:timestamp|time|date))?(?:_(?:seconds|milliseconds|ms|hours|days))?$"
)
"""The name of a metric that is itself a clock: how long something is still valid, or until when."""
_NAME = re.compile(r"\b[A-Za-z_:][\w:]*")
_RANGE = re.compile(r"\[\s*(\d[\dsmhdwy]{1,30})\s*[\]:]")
_ABSENCE = re.compile(r"\babsent(?:_over_time)?\s*\(")
_TIME = re.compile(rf"\b(?:{'|'.join(sorted(CLOCKS))})\s*\(")
_MATCHER = re.compile(r'\b([A-Za-z_]\w*)\s*=\s*"((?:\\.|[^"\\])*)"')


def plain(text: str) -> str:
    """The text with strings and comments emptied."""
    return _QUOTED.sub('""', text)


def other_language(text: str) -> str:
    """Which language that is no PromQL the text looks like, or "". `text` is plain."""
    if _LOGQL.search(text):
        return "LogQL"
    return "MetricsQL" if _METRICSQL.search(text) else ""


def longest_range(text: str) -> int:
    """Seconds of the longest range that is written out."""
    return int(max((seconds(window) for window in _RANGE.findall(text[:MAX_TEXT])), default=0))


def asks_for_absence(text: str) -> bool:
    return _ABSENCE.search(text) is not None


def looks_at_the_clock(text: str) -> bool:
    return _TIME.search(text) is not None or any(map(counts_down, _NAME.findall(plain(text[:MAX_TEXT]))))


def counts_down(metric: str) -> bool:
    """Whether a metric measures the time that something is still valid (`…_ttl_seconds`, `…_cert_expiry`).

    It falls by a second a second, so that one sample of it is as good as many. A count of what expired is none.
    """
    return _COUNTDOWN.search(metric) is not None


def seconds(window: str) -> float:
    """A window such as 5m in seconds, 0 for what is none."""
    try:
        return times.parse_duration(window[:40]).total_seconds()
    except ValueError:
        return 0.0


def matchers(text: str) -> dict[str, tuple[str, ...]]:
    """`label="value"` pairs of an expression that was not parsed, so that it can still be attributed."""
    found: dict[str, dict[str, None]] = {}
    for label, value in _MATCHER.findall(text[:MAX_TEXT]):
        if value and label != "__name__" and not VARIABLES.search(value):
            found.setdefault(label, {})[value] = None
    return {label: tuple(values) for label, values in found.items()}
