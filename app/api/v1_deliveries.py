"""`/api/v1/deliveries`: what forges told us, what it caused, and how often something was refused."""

from __future__ import annotations

from typing import Any

from flask import Response, abort
from flask.views import MethodView
from marshmallow import RAISE, fields, validate

from app.api.queries import PageQuery
from app.api.reading import aged, dumped, pipeline
from app.api.result_schemas import Told
from app.api.schemas import Paged
from app.api.v1 import problems
from app.api.v1_whole import blueprint
from app.api.webhooks import write_refusals
from app.lib.times import format_instant
from app.store.gates import Gate
from app.store.inbound import Delivery, Refusals

__all__ = ["blueprint"]
STATES = ("accepted", "ignored", "done", "failed")


class DeliveryQuery(PageQuery):
    source = fields.String(validate=validate.Length(max=100))
    state = fields.String(validate=validate.OneOf(STATES))
    repository = fields.String(validate=validate.Length(max=2000), metadata={"description": "as it is crawled"})


class Caused(Told):
    """What a delivery led to."""

    at = fields.DateTime(allow_none=True)
    commit = fields.String(allow_none=True, metadata={"description": "the commit that was read"})
    entities_due = fields.Integer(metadata={"description": "how many were judged again for it"})


class DeliveryItem(Told):
    id = fields.Integer()
    source = fields.String()
    forge = fields.String()
    delivery = fields.String(metadata={"description": "the forge's own id; sha256:… of the body where it sends none"})
    event = fields.String()
    action = fields.String()
    repository = fields.String(allow_none=True)
    branch = fields.String(allow_none=True)
    commit = fields.String(allow_none=True, metadata={"description": "as the payload says"})
    state = fields.String(
        metadata={"description": "accepted: a refresh is due; done, failed: it ended; ignored: nothing was due"}
    )
    reason = fields.String(allow_none=True)
    received_at = fields.DateTime()
    tries = fields.Integer(metadata={"description": "how often it was taken: more than once only after a failure"})
    caused = fields.Nested(Caused, allow_none=True)


class RefusalItem(Told):
    source = fields.String()
    forge = fields.String(metadata={"description": "empty for what was counted before forges were told apart"})
    reason = fields.String()
    count = fields.Integer()
    first_at = fields.DateTime()
    last_at = fields.DateTime()


class ProposedItem(Told):
    """A pull or merge request that was handed to the gate."""

    repository = fields.String()
    forge = fields.String()
    number = fields.Integer()
    head = fields.String(metadata={"description": "the commit that was judged; before that, as the payload says"})
    branch = fields.String(metadata={"description": "what it is meant for"})
    state = fields.String(metadata={"description": "waiting, told, or failed: it was given up"})
    title = fields.String(allow_none=True, metadata={"description": "what was told: `1 worse, 2 better`"})
    error = fields.String(allow_none=True)
    judged_at = fields.DateTime(allow_none=True)


class DeliveryPage(Paged):
    items = fields.List(fields.Nested(DeliveryItem))
    proposed = fields.List(fields.Nested(ProposedItem), metadata={"description": "the fifty asked for last"})
    refused = fields.List(fields.Nested(RefusalItem))


@blueprint.route("/deliveries")
class Deliveries(MethodView):
    @problems
    @blueprint.arguments(DeliveryQuery, location="query", unknown=RAISE)
    @blueprint.response(200, DeliveryPage)
    def get(self, query: dict[str, Any]) -> Response:
        """Recent webhook deliveries, newest first, what each caused, pull requests judged, counts of those refused."""
        cursor = query.get("cursor")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            abort(422, "The cursor is not one of this list.")
        write_refusals()
        inbound = pipeline().store.inbound
        page = inbound.page(
            before=int(cursor) if cursor else None,
            limit=query["limit"],
            source=query.get("source", ""),
            state=query.get("state", ""),
            repository=query.get("repository", ""),
        )
        return dumped(
            {
                "items": [delivery_json(one) for one in page.items],
                "next_cursor": page.next_cursor,
                "total": page.total,
                "proposed": [proposed_json(one) for one in pipeline().store.gates.latest()],
                "refused": [refusal_json(one) for one in inbound.refusals()],
                **aged([one.received_at for one in page.items]),
                "policy_version": pipeline().policy.version,
            }
        )


def delivery_json(one: Delivery) -> dict[str, Any]:
    caused = one.done_at and {
        "at": format_instant(one.done_at),
        "commit": one.read_commit or None,
        "entities_due": one.entities_due,
    }
    return {
        "id": one.id,
        "source": one.source,
        "forge": one.forge,
        "delivery": one.delivery,
        "event": one.event,
        "action": one.action,
        "repository": one.repository or None,
        "branch": one.branch or None,
        "commit": one.commit or None,
        "state": one.state,
        "reason": one.reason or None,
        "received_at": format_instant(one.received_at),
        "tries": one.tries,
        "caused": caused,
    }


def proposed_json(one: Gate) -> dict[str, Any]:
    return {
        "repository": one.repository,
        "forge": one.forge,
        "number": one.number,
        "head": one.verdict.get("head") or one.head,
        "branch": one.branch,
        "state": state_of(one),
        "title": one.verdict.get("title"),
        "error": one.error or None,
        "judged_at": one.judged_at and format_instant(one.judged_at),
    }


def state_of(one: Gate) -> str:
    """Whether a change is still to be told, was told, or was given up."""
    if one.due_at is not None:
        return "waiting"
    return "failed" if one.error else "told"


def refusal_json(one: Refusals) -> dict[str, Any]:
    forge, _, name = one.source.rpartition("/")
    return {
        "source": name,
        "forge": forge,
        "reason": one.reason,
        "count": one.count,
        "first_at": format_instant(one.first_at),
        "last_at": format_instant(one.last_at),
    }
