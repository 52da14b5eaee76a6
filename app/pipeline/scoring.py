"""From a world to results: collects facts and judges them. Shared by the service and by `check`; no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.attribution.attribute import Attributor
from app.attribution.model import PROVIDES, RESOURCE_TYPES, Rules
from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.collect import collect
from app.facts.inventory import Found
from app.facts.model import Facts, FactSet
from app.facts.parameters import Parameters
from app.facts.tiers import tier_of
from app.facts.unseen import UnreadablePlace
from app.facts.world import World
from app.policy.evaluate import applies, evaluate
from app.policy.model import Policy, Scorecard, ScorecardResult, Subject, Waiver


@dataclass(frozen=True, slots=True)
class Judged:
    """One entity at one moment: what was seen, and what each scorecard that applies says of it."""

    entity: Entity
    subject: Subject
    fact_sets: tuple[FactSet, ...]
    results: tuple[ScorecardResult, ...]
    waivers: tuple[Waiver, ...] = ()
    """Those granted beside policy's own."""


def subject_of(entity: Entity, catalog: Catalog, parameters: Parameters) -> Subject:
    """The entity as rules see it."""
    owner = catalog.owner(entity.ref)
    systems = [ref for ref in catalog.related(entity.ref, "partOf") if ref.kind == "system"]
    return Subject(
        ref=str(entity.ref),
        kind=entity.ref.kind,
        type=entity.spec_text("type"),
        lifecycle=entity.spec_text("lifecycle"),
        tier=tier_of(entity, parameters),
        namespace=entity.ref.namespace,
        name=entity.name,
        owner=str(owner) if owner else "",
        system=str(systems[0]) if systems else "",
        tags=tuple(entity.tags),
        api_types=_api_types(entity, catalog),
        labels=entity.labels,
        annotations=entity.annotations,
    )


def _api_types(entity: Entity, catalog: Catalog) -> tuple[str, ...]:
    if entity.ref.kind == "api":
        return (entity.spec_text("type"),)
    provided = (catalog.get(ref) for ref in catalog.related(entity.ref, "providesApi"))
    return tuple(sorted({one.spec_text("type") for one in provided if one is not None}))


@dataclass(frozen=True, slots=True)
class Looked:
    """One entity at one moment: which scorecards are for it, and what was seen of it."""

    entity: Entity
    subject: Subject
    scorecards: tuple[Scorecard, ...]
    fact_sets: tuple[FactSet, ...]
    waivers: tuple[Waiver, ...] = ()
    """Those granted beside policy's own."""


def look(policy: Policy, entity: Entity, world: World, now: datetime, waivers: Sequence[Waiver] = ()) -> Looked:
    """Collects one entity's facts; without a scorecard that applies, nothing is collected."""
    subject = subject_of(entity, world.catalog, world.parameters)
    scorecards = tuple(card for card in policy.scorecards.values() if applies(card, subject))
    seen = tuple(collect(entity, world, now)) if scorecards else ()
    return Looked(entity, subject, scorecards, seen, tuple(waivers))


def judge(policy: Policy, looked: Looked, now: datetime, *, commit: str = "") -> Judged:
    """What every scorecard says of what was seen."""
    facts = Facts.merge(looked.fact_sets, now)
    cards, subject = looked.scorecards, looked.subject
    granted = looked.waivers
    results = tuple(evaluate(policy, card, subject, facts, now, commit=commit, granted=granted) for card in cards)
    return Judged(looked.entity, subject, looked.fact_sets, results, granted)


def rejudge(
    policy: Policy,
    entity: Entity,
    subject: Subject,
    fact_sets: Sequence[FactSet],
    now: datetime,
    *,
    commit: str = "",
    waivers: Sequence[Waiver] = (),
) -> Judged:
    """Judges facts that were collected before."""
    cards = tuple(card for card in policy.scorecards.values() if applies(card, subject))
    return judge(policy, Looked(entity, subject, cards, tuple(fact_sets), tuple(waivers)), now, commit=commit)


def score(
    policy: Policy, entity: Entity, world: World, now: datetime, *, commit: str = "", waivers: Sequence[Waiver] = ()
) -> Judged:
    """Collects and judges one entity."""
    return judge(policy, look(policy, entity, world, now, waivers), now, commit=commit)


def attribution_rules(policy: Policy, evidence: Mapping[str, Iterable[str]]) -> Rules:
    """Rules of attribution from policy, and evidence repositories (URL → what they provide) from settings."""
    stated: Any = policy.settings.get("attribution")
    stated = stated if isinstance(stated, dict) else {}
    kinds = {url: frozenset(kind for name in names for kind in PROVIDES[name]) for url, names in evidence.items()}
    default = Rules()
    groups: Any = policy.settings.get("types")
    unscored = frozenset(str(one).lower() for one in (groups.get("unscored") or ())) if isinstance(groups, dict) else ()
    return Rules(
        keys=tuple(stated.get("keys", default.keys)),
        labels=tuple(stated.get("labels", default.labels)),
        evidence=kinds,
        types=resource_types(policy),
        unscored=frozenset(unscored),
    )


def resource_types(policy: Policy) -> Mapping[str, frozenset[str]]:
    """Object kind → types of Resources that such an object is, as policy.yaml says them (`types.databases` …)."""
    stated: Any = policy.settings.get("types")
    stated = stated if isinstance(stated, dict) else {}
    given = {kind: frozenset(map(str.lower, stated.get(name) or ())) for kind, name in _TYPES.items()}
    return {kind: types or RESOURCE_TYPES[kind] for kind, types in given.items()}


_TYPES = {kind: "databases" if "database" in types else "clusters" for kind, types in RESOURCE_TYPES.items()}
"""Object kind → the list of types in policy.yaml."""


def parameters_of(policy: Policy) -> Parameters:
    """The keys and words by which facts are found, as policy.yaml says them; the rest by default."""
    said = policy.settings
    sections = (
        "contacts",
        "runbooks",
        "oncall",
        "proofs",
        "recovery",
        "pipelines",
        "alertmanager",
        "end_of_life",
        "clusters",
    )
    parts = {name: said[name] for name in sections if isinstance(said.get(name), dict)}
    given: dict[str, Any] = {
        "tiers": _tuple(said.get("tiers")),
        "default_tier": said.get("default_tier"),
        "tier_keys": _tuple(said.get("tier_keys")),
        "tier_aliases": {str(t): tuple(map(str, n)) for t, n in (said.get("tier_aliases") or {}).items()},
        "contact_annotations": _tuple(parts.get("contacts", {}).get("annotations")),
        "contact_words": _tuple(parts.get("contacts", {}).get("link_words")),
        "runbook_annotations": _tuple(parts.get("runbooks", {}).get("annotations")),
        "runbook_words": _tuple(parts.get("runbooks", {}).get("link_words")),
        "load_test_keys": _tuple(parts.get("proofs", {}).get("load_test")),
        "restore_test_keys": _tuple(parts.get("proofs", {}).get("restore_test")),
        "recovery_test_keys": _tuple(parts.get("proofs", {}).get("recovery_test")),
        "pipeline_annotations": _tuple(parts.get("pipelines", {}).get("annotations")),
        "rto_keys": _tuple(parts.get("recovery", {}).get("rto")),
        "rpo_keys": _tuple(parts.get("recovery", {}).get("rpo")),
        "required_cluster_alerts": _tuple(parts.get("clusters", {}).get("required_alerts")),
        "end_of_life": parts.get("end_of_life", {}).get("versions"),
        "end_of_life_source": parts.get("end_of_life", {}).get("source"),
        "paging_tools": parts.get("oncall", {}).get("annotations"),
        "paging_secrets": parts.get("oncall", {}).get("secret"),
        "paging_receivers": _tuple(parts.get("alertmanager", {}).get("paging")),
        "opaque_receivers": _tuple(parts.get("alertmanager", {}).get("opaque")),
    }
    return Parameters(**{name: value for name, value in given.items() if value})


def _tuple(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


class Owner:
    """Whose an object or an unreadable place is, as a `MemoryWorld` asks."""

    def __init__(self, attributor: Attributor) -> None:
        self.attributor = attributor

    def __call__(self, placed: Found | UnreadablePlace) -> tuple[EntityRef, ...]:
        if isinstance(placed, Found):
            return self.attributor.of(placed).refs
        return self.attributor.of_unreadable(placed.repository, placed.path, placed.group).refs
