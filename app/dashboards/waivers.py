"""Waiving a failing check on an entity's page, and ending a waiver there: the forms of `/api/v1/waivers`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import abort, g, redirect, request
from werkzeug.wrappers import Response

from app.api.guard import require
from app.api.reading import pipeline, ref_of
from app.catalog.model import EntityRef
from app.dashboards import links
from app.dashboards.blueprint import blueprint
from app.identity.model import WAIVERS_WRITE
from app.lib.times import parse_instant
from app.pipeline.waive import WaiverError, end_waiver, waive


def bounds(now: datetime, longest: timedelta) -> dict[str, Any] | None:
    """The first and the last day that a waiver may hold until; None where policy allows none."""
    first, last = (now + timedelta(days=1)).date(), (now + longest).date()
    return {"first": first.isoformat(), "last": last.isoformat()} if first <= last else None


@blueprint.post("/entities/<kind>/<namespace>/<name>/waivers")
@require(WAIVERS_WRITE)
def grant_waiver(kind: str, namespace: str, name: str) -> Response:
    """Grants what the form asks, then shows the check again."""
    ref, form = ref_of(kind, namespace, name), request.form
    try:
        until = parse_instant(form.get("until", ""))
        waive(pipeline(), ref, form.get("check", ""), form.get("reason", ""), until, g.identity.subject)
    except WaiverError as error:
        abort(422, f"{error} {'; '.join(f'{name}: {why}' for name, told in error.problems.items() for why in told)}.")
    except ValueError:
        abort(422, "Say until which day it holds.")
    return _back(ref, form.get("check", ""))


@blueprint.post("/entities/<kind>/<namespace>/<name>/waivers/<int:waiver_id>/end")
@require(WAIVERS_WRITE)
def end_waiver_form(kind: str, namespace: str, name: str, waiver_id: int) -> Response:
    """Ends a waiver before its time, then shows its check again."""
    if waiver_id >= 2**63:
        abort(404, "There is no such waiver.")
    ended = end_waiver(pipeline(), waiver_id, "ended on the entity's page", g.identity.subject)
    return _back(ended.entity, ended.check)


def _back(ref: EntityRef, check: str) -> Response:
    """The check again, which says that it is judged anew: nothing has to be read for that."""
    return redirect(f"{links.entity(ref)}?judging={check}#{check}", 303)
