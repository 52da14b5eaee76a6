"""Generated services with known facts, from a seed: for large samples, benchmarks, and as a test oracle.

Each plan says what its repository holds and therefore what every reader and check must find.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.repos.author import Commit

TEAMS = ("payments", "storefront", "logistics", "platform")
_ALERT_PARTS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
SYSTEMS = ("money", "shop", "fulfilment", "platform")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one generated service looks like. `linked` of `paging` paging alerts link a runbook section that exists."""

    name: str
    owner: str
    system: str
    tier: str
    runbook: str
    """none, stub or good."""
    paging: int
    linked: int
    tickets: int
    objective: float
    """Ratio 0..1; 0 means no SLO."""
    on_call: bool
    noise: int
    """Files that say nothing to us."""


def plans(seed: int, count: int) -> list[Plan]:
    """`count` plans, the same for the same seed whatever the count of others."""
    return [_plan(random.Random(f"{seed}:{number}"), number) for number in range(count)]  # noqa: S311 (not for secrets)


def _plan(dice: random.Random, number: int) -> Plan:
    paging = dice.choice((0, 1, 2, 2, 3, 5))
    return Plan(
        name=f"service-{number:04d}",
        owner=dice.choice(TEAMS),
        system=dice.choice(SYSTEMS),
        tier=dice.choice(("t1", "t2", "t3", "t3")),
        runbook=dice.choice(("none", "stub", "good", "good", "good")),
        paging=paging,
        linked=paging if dice.random() < 0.6 else dice.randint(0, paging),
        tickets=dice.randint(0, 2),
        objective=dice.choice((0.0, 0.99, 0.995, 0.999)),
        on_call=dice.random() < 0.8,
        noise=dice.randint(5, 40),
    )


def files(plan: Plan) -> dict[str, bytes]:
    """The repository's files, by path."""
    texts = {
        "catalog-info.yaml": _descriptor(plan),
        "README.md": f"# {plan.name}\n",
        **({"monitoring/rules.yaml": _rules(plan)} if plan.paging + plan.tickets else {}),
        **({"docs/runbook.md": _runbook(plan)} if plan.runbook != "none" else {}),
        **({"monitoring/slo.yaml": _slo(plan)} if plan.objective else {}),
        **{f"src/module_{n:03d}.py": f"VALUE = {n}\n" * 20 for n in range(plan.noise)},
    }
    return {path: text.encode() for path, text in texts.items()}


def commits(plan: Plan, now: datetime) -> Iterator[Commit]:
    """Three commits over a year."""
    everything: Mapping[str, bytes] = files(plan)
    yield Commit(now - timedelta(days=300), {"README.md": b"# new\n"}, "Begin")
    yield Commit(now - timedelta(days=90), {**everything}, "Build it")
    yield Commit(now - timedelta(days=3), {"CHANGELOG.md": b"- more\n"}, "Release")


def _descriptor(plan: Plan) -> str:
    annotation = f"  annotations:\n    pagerduty.com/service-id: P{plan.name[-4:]}\n" if plan.on_call else ""
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {plan.name}\n"
        f"  labels:\n    tier: {plan.tier}\n{annotation}"
        f"spec:\n  type: service\n  lifecycle: production\n"
        f"  owner: group:default/{plan.owner}\n  system: {plan.system}\n"
    )


def alert_name(plan: Plan, number: int) -> str:
    return "".join(part.capitalize() for part in plan.name.split("-")) + f"Symptom{number}"


def _rules(plan: Plan) -> str:
    out = [f"groups:\n  - name: {plan.name}\n    labels:\n      service: {plan.name}\n    rules:\n"]
    for number in range(plan.paging + plan.tickets):
        paging = number < plan.paging
        out.append(
            f"      - alert: {alert_name(plan, number)}\n"
            f'        expr: sum(rate(errors_total{{job="{plan.name}",kind="{number}"}}[5m])) > {number + 1}\n'
            f"        for: 5m\n        labels:\n          severity: {'page' if paging else 'ticket'}\n"
            f"        annotations:\n          summary: Symptom {number} of {plan.name}\n"
            f"          description: '{{{{ $value }}}} errors a second.'\n"
        )
        if number < plan.linked:
            out.append(f"          runbook_url: ../docs/runbook.md#{alert_name(plan, number).lower()}\n")
    return "".join(out)


def _runbook(plan: Plan) -> str:
    if plan.runbook == "stub":
        return f"# {plan.name}\n\nTODO\n"
    words = "This paragraph tells the engineer on call what the service does, whom it serves and how it can fail. "
    sections = ("Overview", "Dependencies", "Dashboards", "Health check", "Common failures", "Rollback", "Escalation")
    body = "".join(f"## {section}\n\n{words}\n\nSee https://wiki.acme.example/{plan.name}.\n\n" for section in sections)
    alerts = "".join(
        f"## {alert_name(plan, number)}\n\n"
        + "".join(
            f"### {part}\n\n{words}\n\n1. `kubectl get pods`\n\n"
            for part in ("Meaning", "Impact", "Diagnosis", "Mitigation")
        )
        for number in range(plan.paging)
    )
    return f"# {plan.name} runbook\n\n{body}{alerts}"


def _slo(plan: Plan) -> str:
    return (
        f"version: prometheus/v1\nservice: {plan.name}\nslos:\n"
        f"  - name: availability\n    objective: {plan.objective * 100:g}\n"
        f'    sli:\n      events:\n        error_query: sum(rate(errors_total{{job="{plan.name}"}}[{{{{.window}}}}]))\n'
        f'        total_query: sum(rate(requests_total{{job="{plan.name}"}}[{{{{.window}}}}]))\n'
        f"    alerting:\n      name: {plan.name}Burn\n      page_alert:\n        labels: {{severity: page}}\n"
        f"      ticket_alert:\n        labels: {{severity: ticket}}\n"
    )
