"""Signing in on the pages, with a token; and out again."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.api import forms, sessions
from app.api.guard import public, require
from app.api.reading import audited, clock
from app.errors import CredentialsError, UncheckableError
from app.identity.access import Access
from app.identity.model import NOBODY, READ

blueprint = Blueprint("login", __name__)
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x7e]*")


@blueprint.get("/login")
@public
def form() -> BaseResponse:
    """The form. Whoever needs none, or is signed in already, goes on."""
    following = _next(request.args.get("next"))
    if g.identity is not NOBODY:
        return redirect(following, 303)
    return _shown(following)


@blueprint.post("/login")
@public
def enter() -> BaseResponse:
    """A token becomes a session. A wrong one gets the form again, whatever was wrong with it."""
    forms.check_form()
    access: Access = current_app.extensions["access"]
    following = _next(request.form.get("next"))
    if access.authenticator is None:
        return redirect(following, 303)
    try:
        identity = access.authenticator.bearer(request.form.get("token", "").strip())
    except CredentialsError:
        return _shown(following, "This token is not accepted. It may be mistyped, expired or revoked.", 401)
    except UncheckableError as error:
        return _shown(following, str(error), 503)
    if not identity.may(READ):
        return _shown(following, "This token can't read, so there is nothing to show.", 403)
    g.identity = identity
    audited("session.begin", identity.subject)
    answer = redirect(following, 303)
    sessions.begin(answer, access, access.authenticator, identity)
    return answer


@blueprint.post("/logout")
@require(READ)
def leave() -> BaseResponse:
    """Ends this session, wherever its cookie was copied to. To end a token everywhere, revoke it."""
    access: Access = current_app.extensions["access"]
    answer = redirect(url_for(".form"), 303)
    sessions.end(request, answer, access, clock()())
    audited("session.end", g.identity.subject)
    return answer


def _shown(following: str, problem: str = "", status: int = 200) -> Response:
    values: dict[str, Any] = {"next": following, "problem": problem}
    answer = make_response(render_template("login.html", **values), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _next(asked: str | None) -> str:
    """A path of ours to go on to; anything else is the front page."""
    return asked if asked and _LOCAL.fullmatch(asked) else url_for("dashboards.organisation")
