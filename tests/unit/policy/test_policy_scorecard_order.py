"""The order of scorecards is policy's."""

from __future__ import annotations

import pytest
from policy_samples import CARD, SCHEMA, SETTINGS, documents

from app.errors import PolicyError
from app.policy.documents import load_texts

ENTRY = "  - {check: c, level: bronze, weight: 1}\n"


def texts(stated: str) -> dict[str, str]:
    other = CARD.replace("id: card", "id: other") + ENTRY
    return {**documents("require: g.ok"), "another.yaml": other, "policy.yaml": SETTINGS + stated}


def test_scorecards_stand_as_listed_and_others_after_them() -> None:
    assert list(load_texts(texts(""), SCHEMA).scorecards) == ["other", "card"]
    assert list(load_texts(texts("scorecards: [card]\n"), SCHEMA).scorecards) == ["card", "other"]


def test_a_scorecard_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PolicyError, match="there is no scorecard crad; did you mean card"):
        load_texts(texts("scorecards: [crad]\n"), SCHEMA)
