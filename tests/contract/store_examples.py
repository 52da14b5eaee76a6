"""Small makers of rows for the store's contract suites."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.catalog.model import Entity, EntityRef, Relation
from app.facts.model import FactSet, Read
from app.store.model import InventoryRows, JudgementRows, ObjectRow, RepositoryClaim, RepositorySource, ResultRow
from app.store.store import Store

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
URL = "https://git.example.org/shop/payments"
OTHER = "https://git.example.org/shop/alerts"


def ref(name: str, kind: str = "component") -> EntityRef:
    return EntityRef(kind, "default", name)


def entity(name: str, *, repository: str = URL, owner: str = "", kind: str = "component", **more: Any) -> Entity:
    own = ref(name, kind)
    relations = (Relation(own, "ownedBy", EntityRef.parse(owner)),) if owner else ()
    document = {"kind": kind.title(), "metadata": {"name": name}, "spec": {"type": "service", **more.pop("spec", {})}}
    return Entity(
        ref=own,
        kind=kind.title(),
        name=name,
        namespace="default",
        document=document,
        repository=repository,
        path="catalog-info.yaml",
        line=1,
        relations=relations,
        **more,
    )


def object_row(path: str, line: int = 1, *names: str, name: str = "HighErrorRate", **more: Any) -> ObjectRow:
    refs = tuple(ref(owner) for owner in names)
    return ObjectRow(path=path, line=line, kind="alert_rule", body={"name": name}, refs=refs, why="label", **more)


def inventory(tip: str = "a" * 40, **more: Any) -> InventoryRows:
    return InventoryRows(**{"tip": tip, "branch": "main", "paths": {}, **more})


def add_repositories(store: Store, *urls: str, provider: str = "git", now: datetime = NOW) -> None:
    store.repositories.sync(provider, [RepositorySource(url) for url in urls], now)


def claim(store: Store, url: str = URL, now: datetime = NOW, owner: str = "worker-1") -> RepositoryClaim:
    """Claims exactly this repository, as a hint would have it."""
    store.claims.hint(url, now, interactive=True)
    found = store.claims.claim_due(now, owner, MINUTE)
    assert [item.url for item in found] == [url]
    return found[0]


def save(store: Store, url: str = URL, now: datetime = NOW, **rows: Any) -> None:
    """One whole refresh of a repository."""
    taken = claim(store, url, now)
    store.inventories.save(taken, inventory(**rows), now)
    assert store.claims.finish(taken, now=now, next_due=now + 60 * MINUTE)


def result(scorecard: str = "sre-maturity", level: str = "bronze", rank: int = 1, **more: Any) -> ResultRow:
    values: dict[str, Any] = {
        "scorecard": scorecard,
        "level": level,
        "level_rank": rank,
        "level_possible": "gold",
        "raw_level": level,
        "target_level": "silver",
        "meets_target": rank >= 2,
        "score": rank / 3,
        "coverage": 1.0,
        "valid_until": None,
        "as_of": NOW,
        "commit": "a" * 40,
        "policy_version": "p1",
        "body": b'{"level":"%s"}' % level.encode(),
        "etag": f"etag-{level}-{rank}",
    }
    return ResultRow(**{**values, **more})


def fact_set(retriever: str = "alerting", *places: tuple[str, str], **more: Any) -> FactSet:
    values: dict[str, Any] = {"values": {f"{retriever}.count": len(places)}, "collected_at": NOW, "version": 1}
    reads = tuple(Read(repository, "a" * 40, path) for repository, path in places)
    return FactSet(**{**values, "retriever": retriever, "reads": reads, **more})


def due_names(store: Store, now: datetime = NOW) -> list[str]:
    """Names of the entities that are due; claiming them, so that the next call tells only what came since."""
    return sorted(item.ref.name for item in store.due.claim(now, limit=1000, lease=60 * MINUTE))


def judge(store: Store, name: str, now: datetime = NOW, **rows: Any) -> bool:
    """Claims and saves a judging of one entity (which must be due)."""
    (taken,) = (item for item in store.due.claim(now, limit=1000) if item.ref.name == name)
    return store.judgements.save(taken.ref, taken.generation, JudgementRows(**rows), now)
