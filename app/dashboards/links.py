"""Where things are on our pages, and on the forge."""

from __future__ import annotations

from typing import Any

from flask import url_for

from app.api.reading import pipeline
from app.catalog.model import EntityRef
from app.lib.forge_urls import forge_of, line_url


def entity(ref: EntityRef | str) -> str:
    """An entity's page; a group's is its team page."""
    found = EntityRef.parse(ref) if isinstance(ref, str) else ref
    if found.kind == "group":
        return url_for("dashboards.group", namespace=found.namespace, name=found.name)
    return url_for("dashboards.entity", kind=found.kind, namespace=found.namespace, name=found.name)


def check(check_id: str) -> str:
    return url_for("dashboards.check", check_id=check_id)


def listed(**filters: Any) -> str:
    """The list of services with these filters."""
    return url_for("dashboards.services", **{name: value for name, value in filters.items() if value})


def source(place: dict[str, Any]) -> str:
    """The line at its commit on the forge, or a link of its own; "" where no forge is known to show it."""
    repository, commit, path = (place.get(name) or "" for name in ("repository", "commit", "path"))
    forges = pipeline().forges
    if place.get("url") or not forge_of(repository, forges):
        return place.get("url") or ""
    return line_url(repository, commit, path, place.get("line") or 0, forges)


def named(ref: str) -> str:
    """A reference as short as it stays clear: `team` for group:default/team."""
    try:
        found = EntityRef.parse(ref)
    except ValueError:
        return ref
    return found.name if found.namespace == "default" else f"{found.namespace}/{found.name}"
