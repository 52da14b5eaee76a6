"""The golden table of rules: what CEL's values mean to us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.lib import documents, times
from app.policy.rules import Compiler, ask

TABLE = documents.load((Path(__file__).parents[2] / "golden/policy/rules.yaml").read_text("utf-8"))


def _data(case: Any) -> dict[str, Any]:
    """An instant is written as a date; where an error is wanted, only `now` is one."""
    instants = {"now"} | ({"g.seen_at"} if case["answer"] != "error" else set())
    return {name: times.parse_instant(value) if name in instants else value for name, value in case["data"].items()}


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: f"{case['rule']} over {dict(case['data'])}")
def test_a_rule_answers_as_the_golden_table_says(case: Any) -> None:
    answer = ask(Compiler(TABLE["names"]).compile(case["rule"]), _data(case))

    said = {True: "true", False: "false", None: "error" if answer.error else "unknown"}[answer.value]
    assert said == case["answer"], answer
    assert list(answer.absent[:1]) == ([case["absent"]] if "absent" in case else [])
