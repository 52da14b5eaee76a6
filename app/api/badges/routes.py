"""`/badges/{kind}/{namespace}/{name}/{scorecard}.svg`, and `.json` for shields.io. Never an error: what is not known,
or not for whoever asks, is "unknown".
"""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, current_app, request

from app.api.badges.badge import STANDS, Badge, badge_of
from app.api.badges.drawing import svg
from app.api.guard import openable
from app.api.reading import kept, pipeline, ref_of
from app.identity.access import Access

blueprint = Blueprint("badges", __name__, url_prefix="/badges")
_SECONDS = 300
_NAMED = "/<kind>/<namespace>/<name>/<scorecard>"


@blueprint.get(f"{_NAMED}.svg")
@openable("badges")
def picture(kind: str, namespace: str, name: str, scorecard: str) -> Response:
    """A flat badge."""
    badge = _badge(kind, namespace, name, scorecard)
    return _sent(svg(badge.label, badge.message, badge.colour), "image/svg+xml")


@blueprint.get(f"{_NAMED}.json")
@openable("badges")
def endpoint(kind: str, namespace: str, name: str, scorecard: str) -> Response:
    """The same as shields.io's endpoint badges want it (schema version 1)."""
    badge = _badge(kind, namespace, name, scorecard)
    body = {
        "schemaVersion": 1,
        "label": badge.label,
        "message": badge.message,
        "color": badge.colour.removeprefix("#"),
        "cacheSeconds": _SECONDS,
    }
    return _sent(json.dumps(body, ensure_ascii=False), "application/json")


def _badge(kind: str, namespace: str, name: str, scorecard: str) -> Badge:
    one, ref = pipeline(), ref_of(kind, namespace, name)
    card = one.policy.scorecards.get(scorecard)
    if one.store.sight.is_limited and not one.store.entities.known([ref]):
        return badge_of(card, None, scorecard)
    return badge_of(card, kept().one(STANDS, ref).get(scorecard), scorecard)


def _sent(text: str, mimetype: str) -> Response:
    data = text.encode(errors="replace")
    response = Response(data, mimetype=mimetype)
    response.set_etag(hashlib.blake2b(data, digest_size=12).hexdigest())
    access: Access = current_app.extensions["access"]
    whose = "public" if "badges" in access.public or not access.is_on else "private"
    response.headers["Cache-Control"] = f"{whose}, max-age={_SECONDS}"
    response.make_conditional(request)
    return response
