"""The table of dates in policy.yaml is refused as a whole when a row of it is wrong."""

from __future__ import annotations

import pytest
from policy_samples import SCHEMA, documents

from app.errors import PolicyError
from app.policy.documents import load_texts


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("end_of_life: {versions: {eks: {'1.30': 2025-07-23}}}\n", "`end_of_life` needs `source`"),
        ("end_of_life: {source: x, versions: {eks: {'1.30': soon}}}\n", "eks 1.30 needs a date such as 2027-03-31"),
        ("end_of_life: {source: x, versions: {eks: []}}\n", "eks must map versions to dates"),
    ],
)
def test_a_wrong_row_is_told(text: str, problem: str) -> None:
    texts = {**documents("require: g.ok"), "policy.yaml": f"tiers: [t1, t2]\ndefault_tier: t2\n{text}"}
    with pytest.raises(PolicyError, match=problem):
        load_texts(texts, SCHEMA)
