"""Runbooks: the entity's own documents, those its descriptor names, and the pages its alerts link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.retrievers.catalog import has_words, links_of
from app.facts.rollbacks import rollbacks, unseen
from app.facts.runbook_links import Landing, land
from app.facts.seen import Item, Seen, due_at, entity_place, place_of, unreadable_items
from app.facts.world import World, commit_of
from app.formats import kinds
from app.formats.model import AlertRule, Runbook
from app.lib.times import format_instant, parse_instant

SCHEMA_TOPICS = frozenset(("meaning", "impact", "diagnosis", "mitigation"))
OF_A_SERVICE = frozenset(("overview", "dependencies", "escalation", "rollback"))
CAMEL_CASE = re.compile(r"[A-Za-z]+[a-z0-9][A-Z][A-Za-z0-9]*")


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    alerts = [f for f in world.objects(entity.ref, AlertRule.kind) if isinstance(f.object, AlertRule) and not f.ignored]
    names = frozenset(f.object.name.lower() for f in alerts if isinstance(f.object, AlertRule))
    documents: dict[tuple[str, str], Item] = {}
    own = world.objects(entity.ref, Runbook.kind)
    pages = [found for found in own if is_runbook(found)]
    for found in pages:
        documents[found.repository, found.path] = document_item(found, role_of(found, names))
    for item, page in _declared(entity, world, seen):
        documents[item["repository"], item["path"] + item.get("url", "")] = item
        pages += [page] if page is not None else []
    for landing in _linked(alerts, world, seen):
        if landing.page is not None:
            page = landing.page
            documents.setdefault((page.repository, page.path), document_item(page, role_of(page, names, "alert")))
    places = world.unreadable(entity.ref, "runbooks")
    seen.found([*own, *places])
    seen.values["runbooks.documents"] = list(documents.values())
    seen.values["runbooks.rollbacks"] = [*rollbacks(pages, own), *unseen(documents.values())]
    seen.values["runbooks.unreadable"] = unreadable_items(places)
    return seen


def is_runbook(found: Found) -> bool:
    """Judged by place and content together; other pages are only the targets of links.

    A runbook may hold the error-budget policy as one of its sections, and is then both.
    """
    page = found.object
    if not isinstance(page, Runbook):
        return False
    kind = kinds.runbook_kind(found.path, page)
    if kind == "error-budget-policy" and "polic" not in page.title.lower():
        kind = kinds.runbook_kind(found.path, replace(page, document_type="document"))
    return kind == "runbook"


def role_of(found: Found, alerts: frozenset[str], default: str = "service") -> str:
    """`alert` for a page named after an alert, or of the four-part alert schema; else `service`, or the default.

    In a repository of runbooks the alerts are not at hand: a page whose file and title are one name in camel case is an
    alert's, unless it speaks of more than one thing that only a service has.
    """
    page = found.object
    assert isinstance(page, Runbook)
    stem, title = PurePosixPath(found.path).stem, page.title.strip("`# ")
    if stem.lower() in alerts or title.lower() in alerts:
        return "alert"
    top = {topic for section in page.sections if section.level <= 2 for topic in section.topics}
    named = CAMEL_CASE.fullmatch(stem) and re.sub(r"\W", "", title).lower() == stem.lower()
    if len(top & OF_A_SERVICE) > bool(named):
        return default
    return "alert" if named or len(top & SCHEMA_TOPICS) >= 3 else default


def document_item(found: Found, role: str) -> Item:
    page = found.object
    assert isinstance(page, Runbook)
    item = place_of(found) | {
        "title": page.title,
        "role": role,
        "url": "",
        "sections": [
            {
                "title": s.title,
                "level": s.level,
                "line": s.line,
                "anchor": s.anchor,
                "topics": list(s.topics),
                "words": s.words,
            }
            for s in page.sections
        ],
        "topics": list(page.topics),
        "words": page.words,
        "stub": page.stub,
        "reviewed_at": page.reviewed_at,
        "review_by": page.review_by,
        "contacts": list(page.contacts),
    }
    return item | due_at(page.review_by) | _attended(found, page)


def _instant(text: str) -> datetime | None:
    """A stated date, or None where there is none that can be read: history then decides."""
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None


def _attended(found: Found, page: Runbook) -> Item:
    """A stated review wins over the last change, even an older one: someone said when it was last read with care."""
    changed = found.changed
    seen: Item = {"changed_at": format_instant(changed.at) if changed else ""}
    if reviewed := _instant(page.reviewed_at):
        return seen | {"attended_at": reviewed, "attended_exact": True}
    if changed is None:
        return seen | {"unknown": {"attended_at": "it has no history here", "attended_exact": "it has no history here"}}
    return seen | {"attended_at": changed.at.astimezone(UTC), "attended_exact": changed.exact}


def _declared(entity: Entity, world: World, seen: Seen) -> Iterable[tuple[Item, Found | None]]:
    """Runbooks that the descriptor links or annotates: real pages where crawled, else pages we can't see."""
    wanted = [
        (entity.annotations[key], key) for key in world.parameters.runbook_annotations if entity.annotations.get(key)
    ]
    wanted += [
        (link["url"], link.get("title", ""))
        for link in links_of(entity)
        if has_words(link, world.parameters.runbook_words)
    ]
    for value, title in wanted:
        landing = land(value.strip(), repository=entity.repository, path=entity.path, world=world, seen=seen)
        if landing.page is not None:
            yield document_item(landing.page, "service"), landing.page
        elif landing.state in ("external", "not_crawled", "templated"):
            yield _unseen_page(entity, commit_of(entity, world), title, value, landing), None


def _unseen_page(entity: Entity, commit: str, title: str, value: str, landing: Landing) -> Item:
    why = landing.message or "the page lies outside the crawled repositories"
    fields = ("topics", "words", "stub", "reviewed_at", "review_by", "attended_at", "attended_exact", "contacts")
    return entity_place(entity, commit, "metadata") | {
        "title": title,
        "role": "service",
        "url": landing.url or value,
        "sections": [],
        "changed_at": "",
        "ignored": "",
        "unknown": dict.fromkeys(fields, why),
    }


def _linked(alerts: Iterable[Found], world: World, seen: Seen) -> Iterable[Landing]:
    for found in alerts:
        if isinstance(found.object, AlertRule) and found.object.runbook.value:
            value = found.object.runbook.value
            yield land(value, repository=found.repository, path=found.path, world=world, seen=seen)
