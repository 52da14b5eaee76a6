"""Styles are parameters of policy: each one changed in a copy of the scorecards, and the verdict follows.

Judged is the API of the golden path, as it is rendered, with one thing of it said in another style.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from golden_births import NOW, ROOT, TEAM, answers, born

from app.facts.groups import SCHEMA
from app.pipeline.birth import snapshot_of
from app.pipeline.check import check
from app.policy.documents import load_texts
from app.policy.model import Policy

SERVICE, API = "component:default/gift-cards", "api:default/gift-cards-api"
Change = tuple[str, str, str]
"""(file, what stands there, what stands there instead)"""


@cache
def written() -> Mapping[str, str]:
    folder = ROOT / "scorecards"
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml"))}


def with_changes(texts: Mapping[str, str], changes: tuple[Change, ...]) -> dict[str, str]:
    made = dict(texts)
    for name, old, new in changes:
        assert old in made[name], f"{old} is not in {name}"
        made[name] = made[name].replace(old, new)
    return made


@cache
def loaded(changes: tuple[Change, ...]) -> Policy:
    return load_texts(with_changes(written(), changes), SCHEMA)


def outcome(of: str, entity: str, files: tuple[Change, ...] = (), policy: tuple[Change, ...] = ()) -> str:
    """The outcome of one check on one entity, with changes in its files and in the policy."""
    made = with_changes({path: data.decode() for path, data in born("api", "t2").items()}, files)
    content = {path: text.encode() for path, text in {**made, "team.yaml": TEAM}.items()}
    report = check(snapshot_of(content, answers("api", "t2"), NOW), loaded(policy), NOW)
    (judged,) = [one for one in report.judged if str(one.entity.ref) == entity]
    outcomes = {c.check.id: str(c.outcome) for result in judged.results for c in result.checks}
    return outcomes[of]


def entry(check_id: str, card: str, parameters: str) -> Change:
    """A scorecard that gives a check parameters of its own."""
    line = next(one for one in written()[card].splitlines() if f"{{check: {check_id}," in one)
    return card, line, line.replace("}", f", parameters: {{{parameters}}}}}")


OTHERS = '        default: {$ref: "#/components/responses/Problem"}\n    post:'
LIMITED = '        "429": {$ref: "#/components/responses/TooManyRequests"}\n'
STYLES = {
    "where a version stands": (
        ("api-versioned-and-deprecable", API),
        ("pass", "fail"),
        (),
        (entry("api-versioned-and-deprecable", "api.yaml", "styles: [header, media_type], forbidden_styles: [path]"),),
    ),
    "which headers tell of limits": (
        ("api-rate-limited", API),
        ("pass", "fail"),
        (),
        (entry("api-rate-limited", "api.yaml", "headers: [x-quota-]"),),
    ),
    "how many operations must tell of limits": (
        ("api-rate-limited", API),
        ("fail", "pass"),
        (("openapi.yaml", LIMITED + OTHERS, OTHERS),),
        (entry("api-rate-limited", "api.yaml", "min_documented_ratio: 0.7"),),
    ),
    "which forms of errors will do": (
        ("api-error-model", API),
        ("pass", "fail"),
        (),
        (entry("api-error-model", "api.yaml", "models: [shared]"),),
    ),
    "the label of the tier": (
        ("tier-declared", SERVICE),
        ("fail", "pass"),
        (("catalog-info.yaml", "    tier: t2", "    acme.example/class: t2"),),
        (("policy.yaml", "tier_keys: [tier,", "tier_keys: [acme.example/class, tier,"),),
    ),
    "other names of a tier": (
        ("tier-declared", SERVICE),
        ("fail", "pass"),
        (("catalog-info.yaml", "    tier: t2", "    tier: brass"),),
        (("policy.yaml", 't2: ["2", tier-2', 't2: [brass, "2", tier-2'),),
    ),
    "the annotation of the pager": (
        ("oncall-declared", SERVICE),
        ("unknown", "pass"),  # without it the system's may count, which is not in this catalog
        (("catalog-info.yaml", "roadworthy.dev/on-call:", "acme.example/pager:"),),
        (("policy.yaml", "roadworthy.dev/on-call: other", "acme.example/pager: other"),),
    ),
    "the annotation of recovery objectives": (
        ("dr-objectives-tested", SERVICE),
        ("fail", "unknown"),
        (("catalog-info.yaml", "roadworthy.dev/rto:", "acme.example/rto:"),),
        (("policy.yaml", "rto: [roadworthy.dev/rto]", "rto: [acme.example/rto, roadworthy.dev/rto]"),),
    ),
    "the annotation of drills": (
        ("dr-objectives-tested", SERVICE),
        ("fail", "pass"),
        (("catalog-info.yaml", "roadworthy.dev/recovery-tested-at: reported", "acme.example/drill: 2026-11-01"),),
        (
            (
                "policy.yaml",
                "recovery_test: [roadworthy.dev/recovery-tested-at,",
                "recovery_test: [acme.example/drill, roadworthy.dev/recovery-tested-at,",
            ),
        ),
    ),
    "how metrics may be collected": (
        ("metrics-scraped", SERVICE),
        ("pass", "fail"),
        (),
        (entry("metrics-scraped", "service.yaml", "ways: [annotation]"),),
    ),
    "what counts as a pinned image": (
        ("image-pinned", SERVICE),
        ("pass", "fail"),
        (),
        (entry("image-pinned", "service.yaml", "states: [digest]"),),
    ),
}


LIMITS = "how many operations must tell of limits"
TOGETHER = (
    *(change for name, (_, _, _, policy) in STYLES.items() if name != LIMITS for change in policy),
    entry("alert-runbook-resolves", "service.yaml", "page_severities: [page, nag]"),
    entry("alert-severity-labelled", "service.yaml", "severities: [page, nag]"),
)
"""All of them in one policy, since none touches what another one is about: loading one takes a second."""


@pytest.mark.parametrize("style", STYLES)
def test_a_verdict_follows_the_style_that_policy_names(style: str) -> None:
    (check_id, entity), (before, after), files, policy = STYLES[style]
    assert outcome(check_id, entity, files) == before
    assert outcome(check_id, entity, files, policy if style == LIMITS else TOGETHER) == after


def test_which_severities_there_are_and_which_page_is_policys_to_say() -> None:
    """An alert of another severity is none of the agreed ones, and needs no runbook until policy says that it pages."""
    named = (
        ("monitoring/rules.yaml", "severity: ticket", "severity: nag"),
        ("monitoring/rules.yaml", "#giftcardsrestarting", "#nowhere"),
    )
    assert [outcome(name, SERVICE, named) for name in ALERTS] == ["fail", "pass"]
    assert [outcome(name, SERVICE, named, TOGETHER) for name in ALERTS] == ["pass", "fail"]


ALERTS = ("alert-severity-labelled", "alert-runbook-resolves")
