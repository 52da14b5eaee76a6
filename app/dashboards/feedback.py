"""“This helped” and “still stuck”, asked at each failing check: so that SREs see which guidance is worth mending."""

from __future__ import annotations

from datetime import timedelta

from flask import abort, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.api.guard import require
from app.api.reading import entity_of, pipeline
from app.catalog.model import EntityRef
from app.dashboards import links
from app.dashboards.blueprint import blueprint
from app.errors import NotFoundError
from app.identity.model import ANONYMOUS, READ
from app.store.feedback import NOTE_LENGTH, Feedback

AN_HOUR, MOST_AN_HOUR = timedelta(hours=1), 60


def author() -> str:
    """Who speaks: "" where nobody signs in."""
    return "" if g.identity is ANONYMOUS else str(g.identity.subject)


@blueprint.post("/checks/<check_id>/feedback")
@require(READ)
def feedback(check_id: str) -> BaseResponse:
    """Keeps one voice, and shows the check on the entity's page again. A later voice replaces an earlier one."""
    one = pipeline()
    if check_id not in one.policy.checks:
        raise NotFoundError(f"There is no check {check_id}.")
    said, note = request.form.get("said", ""), request.form.get("note", "").strip()
    if said not in ("helped", "stuck"):
        abort(422, "Say whether this helped or you are still stuck.")
    if len(note) > NOTE_LENGTH:
        abort(422, f"A note may have {NOTE_LENGTH:,} characters; this one has {len(note):,}.")
    entity = entity_of(_ref(request.form.get("entity", "")))
    now, who = one.clock(), author()
    if one.store.feedback.given(who, now - AN_HOUR) >= MOST_AN_HOUR:
        abort(429, f"{MOST_AN_HOUR} voices an hour are heard; come back later.")
    voice = Feedback(
        check=check_id,
        entity=str(entity.ref),
        author=who,
        helped=said == "helped",
        note=note,
        at=now,
        policy_version=one.policy.version,
    )
    one.store.feedback.give(voice)
    return redirect(f"{links.entity(entity.ref)}?thanks={check_id}#{check_id}", 303)


def _ref(text: str) -> EntityRef:
    try:
        return EntityRef.parse(text)
    except ValueError as error:
        abort(422, f"{error}.")
