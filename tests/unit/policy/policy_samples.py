"""A small schema and policy documents for tests of the policy engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.facts.model import Facts, Unknown
from app.facts.schema import Fact, Field, Group
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.model import CheckResult, Policy, ScorecardResult, Subject

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ITEM = {
    "name": Field("string", ""),
    "severity": Field("string", ""),
    "good": Field("bool", ""),
    "count": Field("int", ""),
    "runbook.state": Field("string", ""),
    "seen_at": Field("timestamp", ""),
    "for": Field("string", "", rule=False),
    "ignored": Field("string", ""),
    "path": Field("string", ""),
    "line": Field("int", ""),
}
PLACE = {"path": Field("string", ""), "line": Field("int", ""), "reason": Field("string", "")}
SCHEMA = {
    "g": Group(
        "g",
        1,
        "",
        {
            "ok": Fact("bool", ""),
            "fine": Fact("bool", ""),
            "well": Fact("bool", ""),
            "seen_at": Fact("timestamp", ""),
            "list": Fact("items", "", fields=ITEM),
            "unreadable": Fact("items", "", fields=PLACE),
        },
    )
}
CHECK = """\
area: area
checks:
  - id: c
    title: The check holds
    why: Because.
    source: A book
    owner: group:default/sre
    remediation: Mend {{ item.name }} of {{ entity.name }}.
    effort: 15m
    examples: [{facts: {}, outcome: unknown}]
"""
CARD = """\
id: card
title: Card
owner: group:default/sre
applies_to: entity.kind == "component"
levels: [{id: bronze, title: Bronze}, {id: silver, title: Silver}, {id: gold, title: Gold}]
targets: {t1: gold, t2: silver}
checks:
"""
SETTINGS = "tiers: [t1, t2]\ndefault_tier: t2\n"
SUBJECT = Subject(ref="component:default/x", kind="component", type="service", tier="t2", name="x")


def documents(rule: str, *, card: str = "  - {check: c, level: bronze, weight: 1}\n", **others: str) -> dict[str, str]:
    """One check with this rule, and a scorecard that asks it. `others`: stem of a file → text."""
    check = CHECK if "{{ item" not in CHECK or "each:" in rule else CHECK.replace("{{ item.name }} of ", "")
    check += "".join(f"    {line}\n" for line in rule.splitlines())
    texts = {"checks/area.yaml": check, "card.yaml": CARD + card, "policy.yaml": SETTINGS}
    return texts | {f"{stem}.yaml": text for stem, text in others.items()}


def policy(rule: str, **others: str) -> Policy:
    return load_texts(documents(rule, **others), SCHEMA)


def judged(
    rule: str,
    values: Mapping[str, Any],
    unknown: Mapping[str, Unknown] | None = None,
    *,
    now: datetime = NOW,
    subject: Subject = SUBJECT,
    **others: str,
) -> ScorecardResult:
    loaded = policy(rule, **others)
    facts = Facts(values=dict(values), unknown=dict(unknown or {}))
    return evaluate(loaded, loaded.scorecards["card"], subject, facts, now)


def outcome(rule: str, values: Mapping[str, Any], unknown: Mapping[str, Unknown] | None = None) -> CheckResult:
    return judged(rule, values, unknown).checks[0]


def item(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "path": "a.yaml", "line": 3, "ignored": "", **fields}


def several(*rules: tuple[str, str]) -> str:
    """A file of checks: (id, lines of the rule) each."""
    head, body = CHECK.replace("{{ item.name }} of ", "").split("  - id: c\n")
    return head + "".join(
        f"  - id: {name}\n{body}" + "".join(f"    {line}\n" for line in rule.splitlines()) for name, rule in rules
    )
