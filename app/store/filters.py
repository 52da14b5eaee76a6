"""Which entities a list or a distribution is about, as conditions over the tables. For `listing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, Text, and_, cast, func, or_, select

from app.catalog.model import EntityRef
from app.store.sql import lives
from app.store.tables import entities, outcomes, results

_AT = entities.c


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFilter:
    """Which entities; every part given must hold, of a tuple any one. `text` is looked for in name and title.

    `domain`: what is part of it, of its subdomains, or of their systems. `check` has one of `outcomes` there.
    """

    kinds: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    types: Sequence[str] = ()
    lifecycles: Sequence[str] = ()
    tiers: Sequence[str] = ()
    owners: Sequence[EntityRef] = ()
    systems: Sequence[EntityRef] = ()
    domain: EntityRef | None = None
    text: str = ""
    scorecard: str = ""
    levels: Sequence[str] = ()
    meets_target: bool | None = None
    check: str = ""
    outcomes: Sequence[str] = ()
    orphans: bool = False


def source(where: EntityFilter) -> FromClause:
    """The tables to ask: results too where a scorecard is named."""
    if not where.scorecard:
        return entities
    on = and_(results.c.entity == _AT.ref, results.c.scorecard == where.scorecard)
    return entities.join(results, on, isouter=not filters_results(where))


def filters_results(where: EntityFilter) -> bool:
    """Whether an entity without a result is left out."""
    return bool(where.scorecard) and bool(where.levels or where.meets_target is not None)


def conditions(where: EntityFilter) -> list[ColumnElement[bool]]:
    """What must hold of a row of `source`. Raises ValueError for a level or an outcome without its scorecard."""
    lists: list[tuple[ColumnElement[str], Sequence[object]]] = [
        (_AT.kind, where.kinds),
        (_AT.namespace, where.namespaces),
        (_AT.type, where.types),
        (_AT.lifecycle, where.lifecycles),
        (_AT.tier, where.tiers),
        (_AT.owner, where.owners),
        (_AT.system, where.systems),
    ]
    found: list[ColumnElement[bool]] = [column.in_([str(v) for v in values]) for column, values in lists if values]
    if not where.orphans:
        few = where.owners or where.systems
        found.append(lives(_AT.orphaned_at) if few else _AT.orphaned_at.is_(None))
    if where.text:
        name, title = func.lower(_AT.name), func.lower(_AT.title)
        text = where.text.lower()
        found.append(or_(name.contains(text, autoescape=True), title.contains(text, autoescape=True)))
    if not where.scorecard and (where.levels or where.meets_target is not None):
        raise ValueError("a level or a target is one of a scorecard: name it")
    if where.levels:
        found.append(results.c.level.in_(list(where.levels)))
    if where.meets_target is not None:
        found.append(results.c.meets_target.is_(where.meets_target))
    if where.domain is not None:
        found.append(_in_domain(where.domain))
    if where.check:
        found.append(_has_outcome(where))
    return found


def _in_domain(domain: EntityRef) -> ColumnElement[bool]:
    """The column `system` of a system holds its domain, that of a domain the one above it."""
    part = entities.alias().c
    tree = select(cast(str(domain), Text).label("ref")).cte("tree", recursive=True)
    tree = tree.union(select(part.ref).where(part.kind == "domain", part.system == tree.c.ref))
    domains = select(tree.c.ref)
    systems = select(part.ref).where(part.kind == "system", part.system.in_(domains))
    return or_(_AT.system.in_(domains), _AT.system.in_(systems))


def _has_outcome(where: EntityFilter) -> ColumnElement[bool]:
    if not where.scorecard:
        raise ValueError("an outcome is one of a scorecard: name it")
    at = outcomes.c
    meant = (at.scorecard == where.scorecard, at.check == where.check, at.outcome.in_(list(where.outcomes)))
    return _AT.ref.in_(select(at.entity).where(*meant))
