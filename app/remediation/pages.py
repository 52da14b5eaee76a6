"""Markdown that fixes write: skeletons filled with what is known, and `TODO` where only a person knows.

A line that only says `TODO: …` counts as nothing for the reader of runbooks, and a page whose front matter says
`draft: true` is a stub until somebody takes that line away: a skeleton never passes for what a person must write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.catalog.model import Entity
from app.facts.retrievers.catalog import has_words, links_of
from app.formats.runbooks import slug_of
from app.remediation.model import Case, Item

DRAFT = "---\ndraft: true # take this line away once the page is written\n---\n"
TOPICS = {
    "overview": ("Overview", "TODO: what it does, for whom\n"),
    "dependencies": ("Dependencies", "TODO: what it needs to work\n"),
    "dashboards": ("Dashboards and logs", "TODO: links to dashboards and logs\n"),
    "health": ("Health", "TODO: how to tell it works\n"),
    "failures": ("Common failures", "TODO: what usually breaks\n"),
    "rollback": ("Rollback and restart", "TODO: how to roll back\n"),
    "escalation": ("Escalation", "TODO: whom to call next\n"),
}
"""Topic → heading, and what holds its place."""
QUESTIONS = {
    "meaning": "TODO: what it means",
    "impact": "TODO: who notices, and how",
    "diagnosis": "TODO: where to look first",
    "mitigation": "TODO: what to do about it",
}
_DASHBOARDS = ("dashboard", "grafana", "datadog", "kibana", "logs", "monitoring")
_TEMPLATE = re.compile(r"\{\{")


def runbook(case: Case, alerts: Sequence[Item]) -> str:
    """A whole page for a service: what the catalog and the alerts tell, and what a person is to tell."""
    name = case.entity.title
    parts = [
        f"{DRAFT}# {name} runbook\n",
        *(topic_section(case, topic, alerts) for topic in TOPICS),
        *(alert_section(one, "##") for one in alerts),
    ]
    return "\n".join(parts)


def topic_section(case: Case, topic: str, alerts: Sequence[Item] = ()) -> str:
    """One topic of a service's runbook with what is known of it."""
    known = {
        "overview": lambda: _overview(case),
        "dependencies": lambda: _dependencies(case),
        "dashboards": lambda: _dashboards(case),
        "failures": lambda: _failures(alerts),
        "escalation": lambda: escalation(case),
    }
    heading, todo = TOPICS[topic]
    return f"## {heading}\n\n{known[topic]() if topic in known else todo}"


def budget_policy(case: Case) -> str:
    """The headings of the SRE workbook's example policy (appendix B), with the service's own objectives."""
    goals = [item for item in case.list("slo.objectives") if item.get("name") and "objective_ratio" in item]
    lines = [f"- `{one['name']}`: {float(one['objective_ratio']) * 100:.6g} %\n" for one in goals]
    return (
        f"{DRAFT}# Error budget policy of {case.entity.title}\n\n"
        "Approver: TODO\n\n"
        f"## Objectives\n\n{''.join(lines) or 'TODO: the objectives it is for' + chr(10)}\n"
        "## When the budget is spent\n\nTODO: what stops, for how long\n\n"
        "## Exceptions\n\nTODO: what may still go out\n\n"
        "## Revisit\n\nTODO: when it is looked at\n"
    )


def alert_section(item: Item, heading: str) -> str:
    """One alert's section, by the schema of public runbooks: meaning, impact, diagnosis, mitigation."""
    below = f"{heading}#"
    return (
        f"{heading} {item['name']}\n\n"
        f"{below} Meaning\n\n{_meaning(item)}\n"
        f"{below} Impact\n\nTODO: who notices, and how\n\n"
        f"{below} Diagnosis\n\nTODO: where to look first\n\n"
        f"{below} Mitigation\n\nTODO: what to do about it\n"
    )


def anchor_of(name: str) -> str:
    """The anchor of a heading."""
    return slug_of(name)


def escalation(case: Case) -> str:
    """Whom to turn to: the owning group's contacts, and the paging tool of the annotations. Values of secrets never."""
    found = list(contacts(case))
    lines = "".join(f"- {one}\n" for one in found)
    return lines or "TODO: whom to call next\n"


def contacts(case: Case) -> Iterable[str]:
    """Ways to reach the owner that the catalog tells of."""
    ref = case.world.catalog.owner(case.entity.ref)
    owner = case.world.catalog.get(ref) if ref else None
    if owner is None:
        return
    profile = owner.spec.get("profile")
    email = profile.get("email") if isinstance(profile, dict) else None
    for key in case.parameters.contact_annotations:
        if value := owner.annotations.get(key, "").strip():
            yield f"{owner.title}, chat: {value if '://' in value else '#' + value.lstrip('#')}"
    if isinstance(email, str) and "@" in email:
        yield f"{owner.title}, mail: {email}"
    for link in links_of(owner):
        if has_words(link, case.parameters.contact_words):
            yield f"[{link.get('title') or owner.title}]({link['url']})"


def _overview(case: Case) -> str:
    entity = case.entity
    described = "" if entity.provisional else str(entity.metadata.get("description") or "").strip()
    known = [f"Kind: {entity.spec_text('type') or entity.ref.kind}"]
    named = (("Tier", case.subject.tier), ("System", case.subject.system), ("Owner", case.subject.owner))
    known += [f"{name}: {value}" for name, value in named if value]
    return f"{described or 'TODO: what it does, for whom'}\n\n" + "".join(f"- {line}\n" for line in known)


def _dependencies(case: Case) -> str:
    catalog, ref = case.world.catalog, case.entity.ref
    targets = [*catalog.related(ref, "dependsOn"), *catalog.related(ref, "consumesApi")]
    return "".join(f"- `{target}`: TODO: what happens without it\n" for target in targets) or (
        "TODO: what it needs to work\n"
    )


def _dashboards(case: Case) -> str:
    links = [link for link in _links(case) if has_words(link, _DASHBOARDS)]
    lines = [f"- [{link.get('title') or link['url']}]({link['url']})\n" for link in links]
    return "".join(lines) or "TODO: links to dashboards and logs\n"


def _links(case: Case) -> list[dict[str, str]]:
    system = case.world.catalog.related(case.entity.ref, "partOf")
    near: list[Entity] = [case.entity, *(one for ref in system if (one := case.world.catalog.get(ref)) is not None)]
    return [link for entity in near for link in links_of(entity)]


def _failures(alerts: Sequence[Item]) -> str:
    if not alerts:
        return "TODO: what usually breaks\n"
    return "".join(f"- [{one['name']}](#{anchor_of(str(one['name']))})\n" for one in alerts)


def _meaning(item: Item) -> str:
    """The alert's own words where they are plain, and its expression."""
    words = (" ".join(str(item.get(name) or "").split()) for name in ("description", "summary"))
    text = next((one for one in words if one and not _TEMPLATE.search(one)), "TODO: what it means")
    expr = str(item.get("expr") or "").strip()
    return f"{text}\n" + (f"\n```promql\n{expr}\n```\n" if expr and "```" not in expr else "")


def title_of(name: str) -> str:
    """`shop-requests`: ShopRequests."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name) if part)
