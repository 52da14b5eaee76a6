"""Scopes: a check that a scorecard asks of some of its entities only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_samples import CARD, NOW, SCHEMA, SUBJECT, documents

from app.errors import PolicyError
from app.facts.model import Facts
from app.policy.documents import load_texts
from app.policy.evaluate import evaluate
from app.policy.model import Policy

SCOPES = "scopes:\n  cloud: {title: what runs in the cloud, applies_to: '!(\"runs-on\" in entity.annotations)'}\n"


def scoped(scopes: str = SCOPES, scope: str = "cloud") -> Policy:
    entry = f"  - {{check: c, level: bronze, weight: 1, scope: {scope}}}\n"
    card = CARD.replace("checks:\n", f"{scopes}checks:\n") + entry
    return load_texts({**documents("require: g.ok"), "card.yaml": card}, SCHEMA)


def outcome(annotations: dict[str, str]) -> tuple[str, str]:
    policy = scoped()
    subject = replace(SUBJECT, annotations=annotations)
    (check,) = evaluate(policy, policy.scorecards["card"], subject, Facts(values={"g.ok": False}), NOW).checks
    return str(check.outcome), check.reason


def test_a_check_is_asked_within_its_scope_only() -> None:
    assert outcome({}) == ("fail", "ok: no")
    assert outcome({"runs-on": "vm"}) == ("not_applicable", "asked only of what runs in the cloud")


@pytest.mark.parametrize(
    ("scopes", "scope", "problem"),
    [
        (SCOPES, "clout", "there is no scope clout; did you mean cloud?"),
        ("scopes: {cloud: {applies_to: 'true'}}\n", "cloud", "scope cloud needs `title`"),
        ("scopes: {cloud: {title: x, applies_to: entity.knd == ''}}\n", "cloud", "`applies_to`: entity.knd is not"),
        ("scopes: {cloud: {title: x, applies_to: 'true', more: 1}}\n", "cloud", "more"),
    ],
)
def test_a_wrong_scope_is_refused_with_its_place(scopes: str, scope: str, problem: str) -> None:
    with pytest.raises(PolicyError) as refused:
        scoped(scopes, scope)
    assert problem in str(refused.value)
    assert "card.yaml:" in str(refused.value)
