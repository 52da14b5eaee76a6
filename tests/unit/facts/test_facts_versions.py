"""The end of a version's support, from policy's table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.facts.parameters import Parameters
from app.facts.versions import supported_until

TABLE = Parameters(
    end_of_life={
        "eks": {"1.30": "2025-07-23", "1.31": "2025-11-26"},
        "postgresql": {"9.6": "2021-11-11", "15": "2027-11-11"},
    },
    end_of_life_source="a table",
)


@pytest.mark.parametrize(
    ("product", "version", "until"),
    [
        ("eks", "1.30", "2025-07-23"),
        ("eks", "v1.31.4", "2025-11-26"),
        ("eks", "1.9", "2025-07-23"),  # older than the oldest row ended with it
        ("postgresql", "15.4", "2027-11-11"),
        ("postgresql", "9.6.22", "2021-11-11"),
        ("eks", "1.40", "version 1.40 of eks is not in policy.yaml's table (a table)"),
        ("eks", "", "no version is written"),
        ("oracle", "19", "policy.yaml has no dates for oracle under end_of_life"),
    ],
)
def test_a_version_is_looked_up_by_its_longest_known_part(product: str, version: str, until: str) -> None:
    found = supported_until(product, version, TABLE)
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until[:2] == "20" else until)
