"""The page of webhook deliveries: what forges told us, what it caused, why something was refused."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from app.api.reading import pipeline
from app.api.v1_deliveries import state_of
from app.api.webhooks import write_refusals
from app.dashboards.pages import blueprint

__all__ = ["blueprint"]
_PAGE = 50


@blueprint.get("/deliveries")
def deliveries() -> str:
    """Recent deliveries, newest first."""
    cursor = request.args.get("cursor", "")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        abort(422, "That is no place in this list.")
    write_refusals()
    inbound = pipeline().store.inbound
    state = request.args.get("state", "")[:20]
    page = inbound.page(before=int(cursor) if cursor else None, limit=_PAGE, state=state)
    following = page.next_cursor and url_for(".deliveries", cursor=page.next_cursor, state=state or None)
    return render_template(
        "deliveries.html",
        deliveries=page.items,
        proposed=[(one, state_of(one)) for one in pipeline().store.gates.latest()],
        refused=inbound.refusals(),
        state=state,
        next_href=following,
    )
