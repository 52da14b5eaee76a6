"""What every scorecard that comes with Roadworthy promises, and what the resource scorecards share with policy.yaml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.policy.model import Policy

CARDS = sorted(path.stem for path in Path("scorecards").glob("*.yaml") if path.stem not in ("policy", "waivers"))


def test_bronze_holds_at_most_seven_checks_of_a_days_work(policy: Policy) -> None:
    for card in policy.scorecards.values():
        bronze = [policy.checks[entry.check] for entry in card.entries if entry.level == card.levels[0].id]
        assert 1 <= len(bronze) <= 7, card.id
        assert sum(check.effort.total_seconds() for check in bronze) <= 8 * 3600, card.id


def test_every_scorecard_has_targets_for_every_tier(policy: Policy) -> None:
    for card in policy.scorecards.values():
        assert set(card.targets) == set(policy.tiers), card.id


@pytest.mark.parametrize(
    ("card", "setting"), [("database-reliability", "databases"), ("kubernetes-cluster", "clusters")]
)
def test_types_of_resources_stand_in_the_scorecard_and_in_the_settings(policy: Policy, card: str, setting: str) -> None:
    listed = re.findall(r'"([\w-]+)"', policy.scorecards[card].applies_to.source.partition("entity.type in")[2])
    assert listed == policy.settings["types"][setting]


def test_every_version_in_the_table_of_dates_has_one(policy: Policy) -> None:
    table = policy.settings["end_of_life"]["versions"]
    assert {"eks", "gke", "aks", "kubernetes", "postgresql", "mysql"} <= set(table)
    assert re.fullmatch(r".*\d{4}-\d{2}-\d{2}", policy.settings["end_of_life"]["source"])
