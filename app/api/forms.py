"""Proof that a form was ours: where the browser says it came from, and a token that only our pages can write."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

from flask import abort, current_app, g, request
from markupsafe import Markup

from app.api import sessions
from app.api.reading import clock
from app.identity.access import Access

FIELD = "csrf_token"
_LIFE = timedelta(hours=12)


def _access() -> Access:
    found: Access = current_app.extensions["access"]
    return found


def csrf_token() -> str:
    return _access().signer.sign("form", _holder(), clock()())


def csrf_field() -> Markup:
    """A hidden input for every form that posts: `{{ csrf_field() }}`."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def check_origin() -> None:
    """Refuses (403) what a browser says another site asked for. A program that sends neither header passes."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = {request.host.lower(), _access().public_netloc} - {""}  # an opaque origin has no name
    try:
        foreign = origin is not None and urlsplit(origin).netloc.lower() not in ours
    except ValueError:
        foreign = True
    if foreign or (site is not None and site not in ("same-origin", "none")):
        abort(403, "This can only be asked for from these pages.")


def check_form() -> None:
    """Refuses (403) a form that is not from one of our pages, shown to the same person."""
    check_origin()
    opened = _access().signer.open("form", request.form.get(FIELD, ""), clock()(), _LIFE)
    if opened != _holder():
        abort(403, "This form is too old or not ours: open the page again.")


def _holder() -> str:
    """What a form token is bound to: the session, or else who asks."""
    session = sessions.text_of(request, _access())
    return hashlib.sha256(session.encode()).hexdigest() if session else str(g.identity.subject)
