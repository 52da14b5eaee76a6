"""What the catalog says: health, owner, tier, relations, and whether it leads to the code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.model import Place, Reason, Unknown
from app.facts.seen import Item, Seen, entity_place, unreadable_items, words
from app.facts.tiers import declared_tier
from app.facts.world import World, commit_of
from app.lib import forge_urls

REFERENCES = ("ownedBy", "partOf", "dependsOn", "consumesApi", "providesApi")


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    commit = commit_of(entity, world)
    seen.looked_at(entity.repository, commit, entity.path)
    _descriptor(seen, entity, commit, world)
    _owner(seen, entity, commit, world)
    _relations(seen, entity, commit, world)
    _source(seen, entity, world)
    places = world.unreadable(entity.ref, "catalog")
    seen.found(places)
    seen.values["catalog.unreadable"] = unreadable_items(places)
    return seen


def _descriptor(seen: Seen, entity: Entity, commit: str, world: World) -> None:
    description = entity.metadata.get("description")
    registered = not entity.provisional
    values = {
        "problems": [_problem(entity, commit, problem.path, problem) for problem in entity.problems],
        "problem_count": len(entity.problems),
        "registered": registered,
        "orphan": entity.orphan,
        "healthy": registered and entity.valid and not entity.orphan,
        "tier": declared_tier(entity, world.parameters),
        "lifecycle": entity.spec_text("lifecycle"),
        "type": entity.spec_text("type"),
        "title_given": bool(entity.metadata.get("title")),
        "description_words": words(description) if isinstance(description, str) else 0,
    }
    seen.values.update({f"catalog.{name}": value for name, value in values.items()})
    keys = {
        "healthy": (),
        "registered": (),
        "orphan": (),
        "problem_count": (),
        "tier": ("metadata", "labels"),
        "lifecycle": ("spec", "lifecycle"),
        "type": ("spec", "type"),
        "owner_exists": ("spec", "owner"),
        "owner_kind": ("spec", "owner"),
        "system": ("spec", "system"),
        "description_words": ("metadata", "description"),
        "source_state": ("metadata", "annotations"),
    }
    for name, path in keys.items():
        seen.evidence[f"catalog.{name}"] = Place(**entity_place(entity, commit, *path))
    if entity.problems:
        first = entity.problems[0]
        place = Place(entity.repository, commit, first.path, first.line)
        seen.evidence["catalog.healthy"] = seen.evidence["catalog.problem_count"] = place


def _problem(entity: Entity, commit: str, path: str, problem: object) -> Item:
    return {
        "code": getattr(problem, "code", ""),
        "message": getattr(problem, "message", ""),
        "repository": entity.repository,
        "commit": commit,
        "path": path,
        "line": getattr(problem, "line", 0),
    }


def _owner(seen: Seen, entity: Entity, commit: str, world: World) -> None:
    catalog, ref = world.catalog, world.catalog.owner(entity.ref)
    owner = catalog.get(ref) if ref else None
    seen.values["catalog.owner"] = str(ref or "")
    seen.values["catalog.owner_kind"] = ref.kind if ref else ""
    if ref and owner is None and (why := _invisible(ref, world)):
        for name in ("owner_exists", "owner_members", "owner_contacts"):
            seen.unseen(f"catalog.{name}", Reason.NOT_CONNECTED, why)
        return
    seen.values["catalog.owner_exists"] = owner is not None
    seen.values["catalog.owner_contacts"] = _contacts(owner, world) if owner else []
    seen.values["catalog.owner_members"] = 0
    if owner is None:
        return
    seen.looked_at(owner.repository, "", owner.path)
    members, at = _members(owner, catalog), commit_of(owner, world)
    seen.values["catalog.owner_members"] = len(members)
    seen.evidence["catalog.owner_contacts"] = Place(**entity_place(owner, at, "spec", "profile"))
    seen.evidence["catalog.owner_members"] = Place(**entity_place(owner, at, "spec", "members"))
    if not members and not (world.catalog_complete and "user" in catalog.kinds):
        seen.unseen("catalog.owner_members", Reason.NOT_CONNECTED, "no source of users is connected")


def _invisible(ref: EntityRef, world: World) -> str:
    """Why an absent entity may exist all the same, or "" when its absence is proven."""
    if not world.catalog_complete:
        return "only this repository's entities are known here"
    if ref.kind in ("group", "user") and not world.catalog.kinds & {"group", "user"}:
        return "no source of groups and users is connected"
    return ""


def _members(owner: Entity, catalog: Catalog) -> set[EntityRef]:
    if owner.ref.kind == "user":
        return {owner.ref}
    return {user for group in catalog.group_tree(owner.ref) for user in catalog.related(group, "hasMember")}


def _contacts(owner: Entity, world: World) -> list[str]:
    """Kinds of contact only: an address is nobody else's business."""
    profile = owner.spec.get("profile")
    email = profile.get("email") if isinstance(profile, Mapping) else None
    found = ["email"] if isinstance(email, str) and "@" in email else []
    if any(owner.annotations.get(key, "").strip() for key in world.parameters.contact_annotations):
        found.append("chat")
    if any(has_words(link, world.parameters.contact_words) for link in links_of(owner)):
        found.append("link")
    return found


def links_of(entity: Entity) -> list[dict[str, str]]:
    """metadata.links as plain text, leaving out what is of another shape; `url` is always there."""
    value = entity.metadata.get("links")
    entries = value if isinstance(value, list) else []
    texts = [{k: v for k, v in e.items() if isinstance(v, str)} for e in entries if isinstance(e, Mapping)]
    return [link for link in texts if link.get("url")]


def has_words(link: Mapping[str, str], wanted: tuple[str, ...]) -> bool:
    """The link's type or title names one of the words."""
    text = f"{link.get('type', '')} {link.get('title', '')}".lower()
    return any(word in text for word in wanted)


def _relations(seen: Seen, entity: Entity, commit: str, world: World) -> None:
    items = []
    for relation in entity.relations:
        if relation.type not in REFERENCES:
            continue
        target = world.catalog.get(relation.target)
        item = entity_place(entity, commit) | {"type": relation.type, "target": str(relation.target), "exists": True}
        item["line"] = relation.line or item["line"]
        if target is None:
            item["exists"] = False
            if why := _invisible(relation.target, world):
                del item["exists"]
                item["unknown"] = {"exists": why}
        items.append(item)
    seen.values["catalog.relations"] = items
    system = next((r.target for r in entity.relations if r.type == "partOf" and r.target.kind == "system"), None)
    seen.values["catalog.system"] = str(system or "")
    seen.values["catalog.dependencies"] = sum(r.type in ("dependsOn", "consumesApi") for r in entity.relations)


def _source(seen: Seen, entity: Entity, world: World) -> None:
    written = entity.annotations.get("backstage.io/source-location", "") or entity.source_location
    seen.values["catalog.source_location"] = written
    repository, path = entity.repository, entity.root
    if written:
        place = forge_urls.repository_of(written.removeprefix("url:"))
        if place is None:
            seen.unseen(
                "catalog.source_state",
                Reason.NOT_CONNECTED,
                f"{written} is no address of a repository that we can tell",
            )
            return
        repository, path = place.repository, place.path
    if not repository:
        seen.values["catalog.source_state"] = "none"
        return
    view = world.repository(repository)
    if isinstance(view, Unknown):
        seen.looked_at(repository, "", "")
        seen.unseen("catalog.source_state", view.reason, view.message)
        return
    seen.looked_at(repository, view.commit, path)
    seen.values["catalog.source_state"] = "resolved" if view.has(path) else "missing_path"
