"""The golden table of what CEL's answers mean: definite, unknown or error; and what a mistake is told as."""

from datetime import UTC, datetime, timedelta

import pytest

from app.policy.rules import Answer, Compiler, RuleError, ask, used_names

NAMES = {
    "slo.count": "int",
    "slo.ratio": "double",
    "slo.valid": "bool",
    "slo.signals": "strings",
    "slo.name": "string",
    "item.severity": "string",
    "item.runbook.state": "string",
    "item.dated_at": "timestamp",
    "params.severities": "strings",
    "params.max_age": "duration",
    "entity.labels": "map",
    "entity.namespace": "string",
    "now": "timestamp",
}
COMPILER = Compiler(NAMES)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
FULL = {
    "slo.count": 2,
    "slo.ratio": 0.99,
    "slo.valid": True,
    "slo.signals": ["availability"],
    "slo.name": "x",
    "item.severity": "page",
    "item.runbook.state": "resolved",
    "item.dated_at": NOW - timedelta(days=10),
    "params.severities": ["page"],
    "params.max_age": timedelta(days=30),
    "entity.labels": {"tier": "t1"},
    "entity.namespace": "default",
    "now": NOW,
}
GOLDEN = [
    # (rule, names left out, answer)
    ("slo.count >= 1", (), True),
    ("slo.count > 2", (), False),
    ("slo.count >= 1", ("slo.count",), None),
    ("slo.valid", (), True),
    ("!slo.valid", (), False),
    ("slo.valid", ("slo.valid",), None),
    ("slo.count >= 1 && slo.valid", ("slo.valid",), None),
    ("slo.count > 5 && slo.valid", ("slo.valid",), False),
    ("slo.valid && slo.count > 5", ("slo.valid",), False),
    ("slo.count >= 1 || slo.valid", ("slo.valid",), True),
    ("slo.valid || slo.count >= 1", ("slo.valid",), True),
    ("slo.valid || slo.count > 5", ("slo.valid",), None),
    ("!(slo.valid) || slo.count > 5", ("slo.valid",), None),
    ('"availability" in slo.signals', (), True),
    ('"latency" in slo.signals', (), False),
    ('"latency" in slo.signals', ("slo.signals",), None),
    ("size(slo.signals) == 1", (), True),
    ("slo.signals.exists(s, s == 'availability')", (), True),
    ("slo.signals.all(s, s in params.severities)", (), False),
    ("slo.signals.all(s, s in params.severities)", ("params.severities",), None),
    ("item.severity in params.severities", (), True),
    ('item.severity == ""', (), False),
    ('item.severity == "" || item.severity in params.severities', ("item.severity",), None),
    ('item.runbook.state in ["resolved", "external"]', (), True),
    ('item.runbook.state in ["resolved", "external"]', ("item.runbook.state",), None),
    ("now - item.dated_at <= params.max_age", (), True),
    ('now - item.dated_at <= duration("24h")', (), False),
    ("now - item.dated_at <= params.max_age", ("item.dated_at",), None),
    ('"tier" in entity.labels && entity.labels["tier"] == "t1"', (), True),
    ('"none" in entity.labels && entity.labels["none"] == "t1"', (), False),
    ('entity.namespace == "default"', (), True),
    ("slo.ratio < 1.0 && slo.ratio > 0.5", (), True),
    ("slo.name.startsWith('x')", (), True),
    ("slo.name.lowerAscii() == 'x'", (), True),
    ("slo.count == 2 ? slo.valid : false", (), True),
    ("slo.count == 2 ? slo.valid : false", ("slo.valid",), None),
    ("slo.count == 3 ? slo.valid : false", ("slo.valid",), False),
]


@pytest.mark.parametrize(("rule", "absent", "answer"), GOLDEN)
def test_a_rule_is_true_false_or_unknown(rule, absent, answer):
    data = {name: value for name, value in FULL.items() if name not in absent}
    found = ask(COMPILER.compile(rule), data)
    assert found.value is answer
    assert bool(found.absent) == (answer is None)
    assert found.error == ""


WRONG = [
    ("slo.count >= 1", {"slo.count": "two"}),
    ("slo.count >= 1", {"slo.count": None}),
    ("slo.valid", {"slo.valid": "yes"}),
    ('entity.labels["none"] == "x"', {}),
    ("1 / slo.count == 0", {"slo.count": 0}),
    ("slo.signals[5] == 'x'", {}),
]


@pytest.mark.parametrize(("rule", "changed"), WRONG)
def test_what_is_wrong_but_not_absent_is_an_error(rule, changed):
    found = ask(COMPILER.compile(rule), {**FULL, **changed})
    assert found.value is None
    assert found.absent == ()
    assert found.error


def test_an_endless_rule_is_an_error_and_not_an_exception():
    rule = COMPILER.compile("slo.signals.all(a, slo.signals.all(b, slo.signals.all(c, a == b || b == c || true)))")
    found = ask(rule, {"slo.signals": [str(number) for number in range(60)]})
    assert isinstance(found, Answer)
    assert found.value is None
    assert found.error


@pytest.mark.parametrize(
    ("rule", "message", "column"),
    [
        ('item.runbok.state == "x"', "did you mean item.runbook.state?", 1),
        ("slo.cuont >= 1", "did you mean slo.count?", 1),
        ("slo.count", "must say true or false", 1),
        ("slo.count >=", "Syntax error", 13),
        ('slo.count == "two"', "no matching overload", 11),
    ],
)
def test_a_mistake_is_told_with_its_column_and_a_suggestion(rule, message, column):
    with pytest.raises(RuleError) as refused:
        COMPILER.compile(rule)
    assert message in str(refused.value)
    assert refused.value.column == column


@pytest.mark.parametrize("name", ["slo.for", "Slo.count", "slo-count", "slo.count1", "in"])
def test_a_name_that_rules_can_not_write_is_refused(name):
    with pytest.raises(RuleError, match="can't be a name"):
        Compiler({name: "int"})


def test_names_in_text_and_bound_by_macros_are_not_used():
    assert used_names("slo.signals.all(s, s == 'slo.count') && slo.valid", NAMES) == ("slo.signals", "slo.valid")
