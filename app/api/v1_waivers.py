"""`/api/v1/waivers`: agreed exceptions, granted for a while by who has the scope, beside those of policy's file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, abort, g, json
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import UnprocessableEntity

from app.api.guard import require
from app.api.lists import owners_of, parsed_ref
from app.api.queries import Instant, PageQuery
from app.api.reading import aged, dumped, pipeline
from app.api.result_schemas import Told
from app.api.schemas import ByPolicy, Paged
from app.api.v1 import problems
from app.api.v1_fix_requests import blueprint
from app.catalog.model import EntityRef
from app.errors import NotFoundError
from app.identity.model import WAIVERS_WRITE
from app.lib.times import format_duration, format_instant
from app.pipeline.waive import LONGEST_REASON, WaiverError, end_waiver, waive
from app.policy.model import Waiver
from app.store.waivers import STATES, Granted

__all__ = ["blueprint"]
_REASON = validate.Length(1, LONGEST_REASON)


class WaiverQuery(PageQuery):
    entity = fields.String(validate=validate.Length(1, 300), metadata={"description": "of this entityRef only"})
    owner = fields.String(
        validate=validate.Length(1, 300), metadata={"description": "of what this entityRef and groups below it own"}
    )
    check = fields.String(validate=validate.Length(1, 100))
    state = fields.String(validate=validate.OneOf(STATES))


class NewWaiver(Schema):
    entity = fields.String(required=True, validate=validate.Length(1, 300), metadata={"description": "an entityRef"})
    check = fields.String(required=True, validate=validate.Length(1, 100), metadata={"description": "that it may miss"})
    reason = fields.String(required=True, validate=_REASON, metadata={"description": "shown beside the check"})
    until = Instant(required=True, metadata={"description": "when it ends by itself; within policy's longest"})


class Ending(Schema):
    reason = fields.String(required=True, validate=_REASON, metadata={"description": "why it ends before its time"})


class WaiverItem(Told):
    id = fields.Integer()
    entity = fields.String()
    check = fields.String()
    reason = fields.String()
    granted_by = fields.String(metadata={"description": "who asked, as the audit names them"})
    granted_at = fields.DateTime()
    until = fields.DateTime()
    state = fields.String(validate=validate.OneOf(STATES))
    ended_at = fields.DateTime(allow_none=True, metadata={"description": "when it was ended before its time"})
    ended_by = fields.String(allow_none=True)
    end_reason = fields.String(allow_none=True)


class WrittenWaiver(Told):
    """One of policy's file: it ends there, by review."""

    entity = fields.String()
    check = fields.String()
    reason = fields.String()
    approved_by = fields.String()
    until = fields.DateTime()


class WaiverPage(Paged):
    items = fields.List(fields.Nested(WaiverItem), metadata={"description": "granted over the API, newest first"})
    in_policy = fields.List(
        fields.Nested(WrittenWaiver), metadata={"description": "those of waivers.yaml that are in force"}
    )
    longest = fields.String(metadata={"description": "how long one that is granted here may hold, such as 90d"})


class WaiverDetail(WaiverItem, ByPolicy):
    """One that was granted."""


@blueprint.route("/waivers")
class Waivers(MethodView):
    @problems
    @blueprint.arguments(WaiverQuery, location="query", unknown=RAISE)
    @blueprint.response(200, WaiverPage)
    def get(self, query: dict[str, Any]) -> Response:
        """Waivers that were granted here, the newest first, and those of policy's file that are in force."""
        cursor = query.get("cursor")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            abort(422, "The cursor is not one of this list.")
        here, now = pipeline(), pipeline().clock()
        entity = parsed_ref(query["entity"], "component") if "entity" in query else None
        owners = owners_of(parsed_ref(query["owner"], "group")) if "owner" in query else ()
        page = here.store.waivers.page(
            now,
            before=int(cursor) if cursor else None,
            limit=query["limit"],
            entity=entity,
            owners=owners,
            check=query.get("check", ""),
            state=query.get("state"),
        )
        written = [] if query.get("state") in ("expired", "ended") else _in_policy(entity, owners, query, now)
        return dumped(
            {
                "items": [waiver_json(one, now) for one in page.items],
                "in_policy": [written_json(one) for one in written],
                "longest": format_duration(here.policy.longest_waiver),
                "next_cursor": page.next_cursor,
                "total": page.total,
                **aged([one.granted_at for one in page.items]),
                "policy_version": here.policy.version,
            }
        )

    @require(WAIVERS_WRITE)
    @problems
    @blueprint.arguments(NewWaiver, unknown=RAISE)
    @blueprint.response(201, WaiverDetail)
    def post(self, body: dict[str, Any]) -> Response:
        """Let an entity miss a check for a while. It is judged again at once; a waiver that holds is replaced."""
        ref = parsed_ref(body["entity"], "component")
        try:
            granted = waive(pipeline(), ref, body["check"], body["reason"], body["until"], g.identity.subject)
        except WaiverError as error:
            raise _unfit(error) from None
        return _one(granted, 201)


@blueprint.route("/waivers/<int:waiver_id>")
class WaiverById(MethodView):
    @problems
    @blueprint.response(200, WaiverDetail)
    def get(self, waiver_id: int) -> Response:
        """One waiver, whatever became of it."""
        found = pipeline().store.waivers.get(_known(waiver_id))
        if found is None:
            raise NotFoundError(f"There is no waiver {waiver_id}.")
        return _one(found)


@blueprint.route("/waivers/<int:waiver_id>/end")
class WaiverEnd(MethodView):
    @require(WAIVERS_WRITE)
    @problems
    @blueprint.arguments(Ending, unknown=RAISE)
    @blueprint.response(200, WaiverDetail)
    def post(self, body: dict[str, Any], waiver_id: int) -> Response:
        """End a waiver before its time. Its entity is judged again at once; the record stays."""
        return _one(end_waiver(pipeline(), _known(waiver_id), body["reason"], g.identity.subject))


def _in_policy(
    entity: EntityRef | None, owners: tuple[EntityRef, ...], query: dict[str, Any], now: datetime
) -> list[Waiver]:
    """Those of the file that hold, for entities that the reader sees."""
    here = pipeline()
    wanted = [one for one in here.policy.waivers if one.until > now and query.get("check", one.check) == one.check]
    refs = {one.entity: EntityRef.parse(one.entity) for one in wanted}
    items = here.store.listing.by_refs(list(refs.values()))
    owned = {str(owner) for owner in owners}
    return [
        one
        for one in wanted
        if (item := items.get(refs[one.entity])) is not None
        and entity in (None, item.ref)
        and (not owners or item.owner in owned)
    ]


def _one(granted: Granted, status: int = 200) -> Response:
    here = pipeline()
    body = {**waiver_json(granted, here.clock()), "policy_version": here.policy.version}
    return dumped(body) if status == 200 else Response(json.dumps(body), status, mimetype="application/json")


def waiver_json(one: Granted, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "entity": str(one.entity),
        "check": one.check,
        "reason": one.reason,
        "granted_by": one.granted_by,
        "granted_at": format_instant(one.granted_at),
        "until": format_instant(one.until),
        "state": one.state(now),
        "ended_at": one.ended_at and format_instant(one.ended_at),
        "ended_by": one.ended_by or None,
        "end_reason": one.end_reason or None,
    }


def written_json(one: Waiver) -> dict[str, Any]:
    return {
        "entity": one.entity,
        "check": one.check,
        "reason": one.reason,
        "approved_by": one.approved_by,
        "until": format_instant(one.until),
    }


def _known(number: int) -> int:
    if number >= 2**63:
        raise NotFoundError(f"There is no waiver {number}.")
    return number


def _unfit(error: WaiverError) -> UnprocessableEntity:
    told = UnprocessableEntity(str(error))
    told.data = {"errors": dict(error.problems)}  # type: ignore[attr-defined]
    return told
