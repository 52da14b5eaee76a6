"""`/api/v1/notifications`: what we told the world, how each attempt went, and telling it again."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, json
from flask.views import MethodView
from marshmallow import RAISE, fields, validate

from app.api.guard import require
from app.api.queries import PageQuery
from app.api.reading import aged, audited, dumped, pipeline
from app.api.result_schemas import Told
from app.api.schemas import Fresh, Paged
from app.api.v1 import problems
from app.api.v1_deliveries import blueprint
from app.errors import NotFoundError
from app.identity.model import ADMIN
from app.lib.times import format_instant
from app.store.outgoing import Attempt, Message

__all__ = ["blueprint"]
STATES = ("waiting", "sent", "moot", "dead")


class NotificationQuery(PageQuery):
    target = fields.String(validate=validate.Length(max=100))
    state = fields.String(validate=validate.OneOf(STATES))


class NotifiedChange(Told):
    """A change as a message tells it."""

    cursor = fields.Integer(metadata={"description": "its place in `/changes`"})
    at = fields.DateTime()
    entity = fields.String()
    scorecard = fields.String()
    what = fields.String()
    before = fields.String()
    after = fields.String()
    reason = fields.String()
    check = fields.String(metadata={"description": "the check that turned; empty when a level did"})


class AttemptItem(Told):
    """One try to deliver it."""

    at = fields.DateTime()
    status = fields.Integer(allow_none=True, metadata={"description": "of HTTP; null when there was no answer"})
    error = fields.String(allow_none=True)
    milliseconds = fields.Integer()


class NotificationItem(Told):
    id = fields.Integer()
    target = fields.String()
    owner = fields.String(allow_none=True, metadata={"description": "whose entities it is about"})
    state = fields.String(metadata={"description": "waiting, sent, moot (all was taken back), dead (given up)"})
    reason = fields.String(allow_none=True)
    created_at = fields.DateTime()
    next_at = fields.DateTime(allow_none=True, metadata={"description": "when it is sent or tried again"})
    ended_at = fields.DateTime(allow_none=True)
    tries = fields.Integer()
    changes = fields.List(fields.Nested(NotifiedChange))


class NotificationPage(Paged):
    items = fields.List(fields.Nested(NotificationItem))


class NotificationDetail(NotificationItem, Fresh):
    attempts = fields.List(fields.Nested(AttemptItem), metadata={"description": "oldest first"})


class SentAgain(Told):
    id = fields.Integer()


@blueprint.route("/notifications")
class Notifications(MethodView):
    @require(ADMIN)
    @problems
    @blueprint.arguments(NotificationQuery, location="query", unknown=RAISE)
    @blueprint.response(200, NotificationPage)
    def get(self, query: dict[str, Any]) -> Response:
        """Messages about changed scores, newest first."""
        cursor = query.get("cursor")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            abort(422, "The cursor is not one of this list.")
        page = pipeline().store.outgoing.page(
            before=int(cursor) if cursor else None,
            limit=query["limit"],
            state=query.get("state", ""),
            target=query.get("target", ""),
        )
        items = [message_json(one) for one in page.items]
        ages = aged([one.created_at for one in page.items])
        body = {"items": items, "next_cursor": page.next_cursor, "total": page.total, **ages}
        return dumped({**body, "policy_version": pipeline().policy.version})


@blueprint.route("/notifications/<int:notification_id>")
class NotificationById(MethodView):
    @require(ADMIN)
    @problems
    @blueprint.response(200, NotificationDetail)
    def get(self, notification_id: int) -> Response:
        """One message with every attempt to deliver it."""
        found = pipeline().store.outgoing.get(_known(notification_id))
        if found is None:
            raise NotFoundError(f"There is no notification {notification_id}.")
        tries = pipeline().store.outgoing.attempts(found.id)
        ages = aged([found.created_at, *(one.at for one in tries)])
        body = {**message_json(found), "attempts": [attempt_json(one) for one in tries]}
        return dumped({**body, **ages, "policy_version": pipeline().policy.version})


@blueprint.route("/notifications/<int:notification_id>/resend")
class NotificationResend(MethodView):
    @require(ADMIN)
    @problems
    @blueprint.response(202, SentAgain)
    def post(self, notification_id: int) -> Response:
        """Send a message that was sent or given up once more."""
        if not pipeline().store.outgoing.send_again(_known(notification_id), pipeline().clock()):
            raise NotFoundError(f"There is no notification {notification_id} that has ended.")
        audited("notification.resend", f"notification:{notification_id}")
        return Response(json.dumps({"id": notification_id}), 202, mimetype="application/json")


def _known(number: int) -> int:
    if number >= 2**63:
        raise NotFoundError(f"There is no notification {number}.")
    return number


def message_json(one: Message) -> dict[str, Any]:
    return {
        "id": one.id,
        "target": one.target,
        "owner": one.owner or None,
        "state": one.state,
        "reason": one.reason or None,
        "created_at": format_instant(one.created_at),
        "next_at": format_instant(one.next_at) if one.state == "waiting" else None,
        "ended_at": one.ended_at and format_instant(one.ended_at),
        "tries": one.tries,
        "changes": [dict(change) for change in one.changes],
    }


def attempt_json(one: Attempt) -> dict[str, Any]:
    return {
        "at": format_instant(one.at),
        "status": one.status,
        "error": one.error or None,
        "milliseconds": one.milliseconds,
    }
