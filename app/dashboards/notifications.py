"""The page of what we told the world: each message, how it went, and sending it once more."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.guard import require
from app.api.reading import audited, pipeline
from app.dashboards.deliveries import blueprint
from app.identity.model import ADMIN

__all__ = ["blueprint"]
_PAGE = 50


@blueprint.get("/notifications")
@require(ADMIN)
def notifications() -> str:
    """Messages, newest first."""
    cursor = request.args.get("cursor", "")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        abort(422, "That is no place in this list.")
    page = pipeline().store.outgoing.page(before=int(cursor) if cursor else None, limit=_PAGE)
    following = page.next_cursor and url_for(".notifications", cursor=page.next_cursor)
    return render_template("notifications.html", messages=page.items, next_href=following)


@blueprint.post("/notifications/<int:notification_id>/resend")
@require(ADMIN)
def resend(notification_id: int) -> Response:
    """Makes a message that ended due once more, then shows the list again."""
    if notification_id >= 2**63 or not pipeline().store.outgoing.send_again(notification_id, pipeline().clock()):
        abort(404, "There is no such message that has ended.")
    audited("notification.resend", f"notification:{notification_id}")
    return redirect(url_for(".notifications"), 303)
