"""Facts about objectives, and the burn-rate alerts joined to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.facts.model import Reason
from app.facts.retrievers import slo

PAYMENTS = "component:default/payments"


def objective_of(look: Any, now: datetime) -> Any:
    (item,) = slo.retrieve(look.entity(PAYMENTS), look.world, now).values["slo.objectives"]
    return item


def test_an_objective_is_described_whole(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    item = objective_of(looked(service_files), now)

    assert (item["name"], item["format"], item["service"]) == ("payments-availability", "openslo", "payments")
    assert (item["objective_ratio"], item["window"], item["window_seconds"]) == (0.999, "30d", 2_592_000)
    assert (item["path"], item["signal"], item["sli_valid"]) == ("slo/availability.yaml", "availability", "valid")
    assert (item["problems"], item["description_words"]) == ([], 7)


def test_burn_rate_alerts_are_joined_by_the_objectives_name(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    item = objective_of(looked(service_files), now)

    assert item["burn_alerts"] == ["PaymentsErrorBudgetFast", "PaymentsErrorBudgetSlow"]
    assert (item["fast_pairs"], item["slow_pairs"], item["implausible_pairs"]) == (1, 1, 0)


def test_alerts_of_another_objective_are_not_joined(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace("slo: payments-availability", "slo: payments-latency")

    item = objective_of(looked({**service_files, "alerts.yaml": text}), now)

    assert (item["burn_alerts"], item["fast_pairs"]) == ([], 0)


def test_alerts_are_joined_by_the_metrics_behind_recording_rules(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace(", slo: payments-availability", "")
    recording = """\
      - record: payments:errors:ratio_rate1h
        expr: sum(rate(http_requests_total{job="payments",code=~"5.."}[1h])) / sum(rate(http_requests_total[1h]))
"""

    item = objective_of(looked({**service_files, "alerts.yaml": text + recording}), now)

    assert item["burn_alerts"] == ["PaymentsErrorBudgetFast"]


def test_a_threshold_of_another_objective_is_implausible(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["slo/availability.yaml"].replace("target: 0.999", "target: 0.9")

    item = objective_of(looked({**service_files, "slo/availability.yaml": text}), now)

    assert item["implausible_pairs"] == 2


def test_a_signal_not_covered_is_false(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    seen = slo.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.values["slo.signals"] == ["availability"]
    assert (seen.values["slo.covers_availability"], seen.values["slo.covers_latency"]) == (True, False)


def test_a_signal_is_unknown_while_a_file_of_objectives_can_not_be_read(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked({**service_files, "slo/broken.yaml": "apiVersion: openslo/v1\nkind: SLO\nspec: [\n"})

    seen = slo.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.values["slo.covers_availability"] is True
    assert seen.unknown["slo.covers_latency"].reason is Reason.UNREADABLE
    assert [item["path"] for item in seen.values["slo.unreadable"]] == ["slo/broken.yaml"]


def test_what_monitoring_knows_is_unknown_without_it(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    seen = slo.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.unknown["slo.live"].reason is Reason.NOT_CONNECTED
