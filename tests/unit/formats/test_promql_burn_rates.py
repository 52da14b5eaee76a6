"""The burn-rate detector: the generators' real shapes are pairs, look-alikes are not."""

from __future__ import annotations

import pytest

from app.formats import burn_rates, promql
from app.formats.model import BurnRatePair

SLOTH = """
(
    max(slo:sli_error:ratio_rate5m{sloth_slo="a"} > (14.4 * 0.001)) without (sloth_window)
    and
    max(slo:sli_error:ratio_rate1h{sloth_slo="a"} > (14.4 * 0.001)) without (sloth_window)
)
or
(
    max(slo:sli_error:ratio_rate30m{sloth_slo="a"} > (6 * 0.001)) without (sloth_window)
    and
    max(slo:sli_error:ratio_rate6h{sloth_slo="a"} > (6 * 0.001)) without (sloth_window)
)
"""


def pairs(text: str) -> tuple[BurnRatePair, ...]:
    read = promql.parse(text)
    assert read.valid == "valid", read.error
    return burn_rates.pairs(read.tree)


def pair(long: str, short: str, threshold: float, operator: str = ">") -> BurnRatePair:
    return BurnRatePair(long=long, short=short, operator=operator, threshold=threshold)


def test_windows_in_recorded_names_are_read() -> None:
    assert pairs(SLOTH) == (pair("1h", "5m", 0.0144), pair("6h", "30m", 0.006))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rate(e[1h]) / rate(t[1h]) > 0.01 and rate(e[5m]) / rate(t[5m]) > 0.01", pair("1h", "5m", 0.01)),
        ("0.01 < rate(e[1h]) and 0.01 < rate(e[5m])", pair("1h", "5m", 0.01)),
        ("avg_over_time(e[6h:1m]) > 2 and avg_over_time(e[30m:1m]) > 2", pair("6h", "30m", 2.0)),
        ('burn{window="3d"} > 1 and burn{window="6h"} > 1', pair("3d", "6h", 1.0)),
        ('burn{slo_window="1d"} > 3 and burn{slo_window="2h"} > 3', pair("1d", "2h", 3.0)),
        ("apdex:ratio_1h < 0.95 and apdex:ratio_5m < 0.95", pair("1h", "5m", 0.95, "<")),
        ("e:burnrate1h > (14 * s) and e:burnrate5m > (14 * s)", pair("1h", "5m", 0.0)),
        ("e:1h > 1 and on () e:5m > 1 and t > 0", pair("1h", "5m", 1.0)),
    ],
)
def test_a_pair_is_found(text: str, found: BurnRatePair) -> None:
    assert pairs(text) == (found,)


@pytest.mark.parametrize(
    "text",
    [
        "increase(e[1h]) > 2 and increase(e[5m]) > 0",
        "increase(e[1h]) > 0 and increase(e[5m]) > 0",
        "rate(e[1h]) > 1 and rate(e[5m]) >= 1",
        "rate(e[1h]) > 1 or rate(e[5m]) > 1",
        "rate(e[1h]) > 1 unless rate(e[5m]) > 1",
        "rate(e[1h]) > 1 and rate(e[10m]) > 1",
        "rate(e[1d]) > 1 and rate(e[1h]) > 1",
        "rate(e[1h]) > s and rate(e[5m]) > t",
        "e > 1 and f > 1",
        "code_5xx > 1 and code_1h30 > 1",
    ],
)
def test_a_look_alike_is_none(text: str) -> None:
    assert pairs(text) == ()
