"""Widgets for other pages: the script, a page that shows how to use them, and one widget alone for an iframe.

The script and the frame tell nothing by themselves, so they need no sign-in; what they ask for does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from flask import Response, current_app, render_template, request

from app.api.guard import public
from app.api.reading import pipeline
from app.catalog.model import EntityRef
from app.dashboards import asked
from app.dashboards.blueprint import blueprint
from app.identity.access import Access
from app.store.standing_rows import LineFilter

_KEPT_SECONDS = 600
_SCORECARD = re.compile(r"[a-z0-9-]{1,63}")
_PART = re.compile(r"[A-Za-z0-9_.-]{1,63}")


@cache
def _script() -> tuple[bytes, str]:
    data = (Path(__file__).parent / "static" / "widgets.js").read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:20]


@blueprint.get("/widgets/roadworthy.js")
@public
def script() -> Response:
    """All widgets, as one script of our own."""
    data, etag = _script()
    response = Response(data, mimetype="text/javascript")
    response.set_etag(etag)
    response.headers["Cache-Control"] = f"public, max-age={_KEPT_SECONDS}"
    response.make_conditional(request)
    return response


@blueprint.get("/widgets/")
def widgets() -> str:
    """How to use them, shown with an entity of the catalog."""
    wanted = asked.text("entity")
    entity = _entity(wanted)
    item = pipeline().store.listing.by_refs([entity]).get(entity) if entity else None
    entity = entity if item else None
    team = item.owner if item and item.owner.startswith("group:") else ""
    return render_template(
        "widgets.html",
        entity=str(entity or ""),
        wanted=wanted,
        path=_path(entity) if entity else "",
        team=team,
        team_path=_path(EntityRef.parse(team)) if team else "",
        scorecard=_first([one.scorecard for one in item.standings]) if item else "",
        base=_base(),
    )


def _path(ref: EntityRef) -> str:
    return "/".join((ref.kind, ref.namespace, ref.name))


def _base() -> str:
    """Our address for others to copy: the settings' one, since the name that we are asked by is a stranger's word."""
    access: Access = current_app.extensions["access"]
    return (access.public_url or request.host_url).rstrip("/")


def _first(scorecards: Sequence[str]) -> str:
    """The one that pages show first."""
    return next((card.id for card in asked.cards() if card.id in scorecards), "")


def _entity(wanted: str) -> EntityRef | None:
    """The entity that was named, or else one that stands well; it may not be there, or not for whoever asks."""
    try:
        if wanted:
            return EntityRef.parse(wanted, kind="component")
    except ValueError:
        return None
    store = pipeline().store
    best = store.standings.lines(LineFilter(scorecard=asked.cards()[0].id), sort="-level", limit=1)
    return EntityRef.parse(best[0].entity) if best else next(iter(store.served.refs(limit=1)), None)


@blueprint.get("/widgets/frame/<kind>/<namespace>/<name>")
@public
def frame(kind: str, namespace: str, name: str) -> str:
    """One widget alone: a team's for a group, else an entity's scorecards."""
    parts = (kind, namespace, name)
    ref = f"{kind}:{namespace}/{name}".lower() if all(map(_PART.fullmatch, parts)) else ""
    card, theme = asked.text("scorecard"), asked.text("theme")
    return render_template(
        "widget_frame.html",
        ref=ref,
        widget="roadworthy-team" if ref.startswith("group:") else "roadworthy-scorecard",
        scorecard=card if _SCORECARD.fullmatch(card) else "",
        theme=theme if theme in ("dark", "light") else "",
        only_failing=asked.text("only_failing") == "true",
    )
