"""Recovery objectives and drills: of the entity, else of its system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.facts.dated import NEVER
from app.facts.model import Reason
from app.facts.retrievers import recovery
from app.facts.retrievers.recovery import minutes_of
from app.facts.seen import Seen


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("4h", 240),
        ("1h30m", 90),
        ("1d", 1440),
        ("90s", 2),
        ("0", 0),
        ("0s", 0),
        ("PT4H", 240),
        ("P1DT30M", 1470),
        ("4 hours", 240),
        ("15 min", 15),
        ("1 Day", 1440),
        ("soon", -1),
        ("P", -1),
        ("", -1),
        ("-4h", -1),
        ("9" * 400 + "h", 10**9),
    ],
)
def test_a_recovery_objective_is_a_duration_in_any_usual_form(said: str, minutes: int) -> None:
    assert minutes_of(said) == minutes


CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  annotations: {MORE}
spec: {type: service, lifecycle: production, owner: team, system: sales}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata:
  name: sales
  annotations: {roadworthy.dev/rto: 8h, roadworthy.dev/rpo: 1h}
spec: {owner: team}
"""
ALONE = CATALOG.partition("---")[0]


def seen_of(look: Any, now: datetime) -> Seen:
    return recovery.retrieve(look.entity("component:default/shop"), look.world, now)


def minutes(seen: Seen) -> dict[str, tuple[int, str]]:
    return {item["name"]: (item["minutes"], item["entity"]) for item in seen.values["recovery.objectives"]}


def test_each_objective_is_the_nearest_ones_that_declares_it(looked: Callable[..., Any], now: datetime) -> None:
    text = CATALOG.replace("MORE", "roadworthy.dev/rto: 1h")
    seen = seen_of(looked({"catalog-info.yaml": text}), now)
    assert minutes(seen) == {"rto": (60, "component:default/shop"), "rpo": (60, "system:default/sales")}
    assert seen.values["recovery.declared"] == ["rto", "rpo"]
    assert seen.values["recovery.tested_at"] == NEVER


def test_a_page_declares_them_and_dates_the_drill_in_its_front_matter(
    looked: Callable[..., Any], now: datetime
) -> None:
    page = "---\nrto: 4 hours\nrpo: soon\nrecovery-tested-at: 2026-03-01\n---\n# Recovery\n\nFrom nothing.\n"
    files = {"catalog-info.yaml": ALONE.replace("MORE", ""), "docs/recovery.md": page}
    seen = seen_of(looked(files), now)
    assert [(item["name"], item["minutes"], item["path"]) for item in seen.values["recovery.objectives"]] == [
        ("rto", 240, "docs/recovery.md"),
        ("rpo", -1, "docs/recovery.md"),
    ]
    assert seen.values["recovery.declared"] == ["rto"]
    assert seen.values["recovery.tested_at"] == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_restore_on_record_is_a_recovery_too(looked: Callable[..., Any], now: datetime) -> None:
    text = ALONE.replace("MORE", "roadworthy.dev/restore-tested-at: 2026-04-01")
    assert seen_of(looked({"catalog-info.yaml": text}), now).values["recovery.tested_at"].month == 4


def test_a_promised_report_that_did_not_come_proves_nothing(looked: Callable[..., Any], now: datetime) -> None:
    text = ALONE.replace("MORE", "roadworthy.dev/recovery-tested-at: reported")
    seen = seen_of(looked({"catalog-info.yaml": text}), now)
    assert seen.unknown["recovery.tested_at"].reason == Reason.NOT_CONNECTED


def test_what_a_system_elsewhere_may_declare_is_unknown(looked: Callable[..., Any], now: datetime) -> None:
    seen = seen_of(looked({"catalog-info.yaml": ALONE.replace("MORE", "")}, complete=False), now)
    assert seen.unknown["recovery.declared"].reason == Reason.NOT_CONNECTED
