"""promtool's unit tests of rules: which alerts they expect to fire, and which to stay silent."""

from __future__ import annotations

from app.formats.model import Parsed, RuleTest
from app.formats.slo_common import sequence, text
from app.lib.documents import Document, line_of

NAME = "rule_tests"


def recognises(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and isinstance(value.get("tests"), list) and "rule_files" in value


def read(document: Document) -> Parsed:
    value = document.value
    positive: dict[str, None] = {}
    negative: dict[str, None] = {}
    for test in value["tests"]:
        for case in sequence(test, "alert_rule_test"):
            if name := text(case, "alertname"):
                (positive if sequence(case, "exp_alerts") else negative)[name] = None
    files = tuple(name for name in sequence(value, "rule_files") if isinstance(name, str))
    test = RuleTest(line=line_of(value), rule_files=files, positive=tuple(positive), negative=tuple(negative))
    return Parsed(objects=(test,))
