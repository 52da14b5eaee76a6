"""All pages on one blueprint; each module below registers its own."""

from __future__ import annotations

from app.dashboards import (
    docs,
    entity,
    feedback,
    fixes,
    organisation,
    plan,
    platform,
    scorecards,
    search,
    services,
    team,
    waivers,
    widgets,
)
from app.dashboards.blueprint import blueprint

__all__ = [
    "blueprint",
    "docs",
    "entity",
    "feedback",
    "fixes",
    "organisation",
    "plan",
    "platform",
    "scorecards",
    "search",
    "services",
    "team",
    "waivers",
    "widgets",
]
