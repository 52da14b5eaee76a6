"""The shapes of a fix: a diff, hunk by hunk, and what is said beside it; and of its request on a forge.

For `GET …/fix`, `POST simulate` and the routes of fix pull requests.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from webargs.fields import DelimitedList

from app.api import schemas
from app.api.queries import PageQuery
from app.api.result_schemas import Told
from app.lib.times import format_instant
from app.store.proposed import STATES, FixRequest


class FixedFile(Told):
    path = fields.String()
    new = fields.Boolean()


class FixHunk(Told):
    path = fields.String()
    line = fields.Integer(metadata={"description": "where it changes the new file"})
    checks = fields.List(fields.String(), metadata={"description": "the steps it belongs to"})
    why = fields.List(fields.String())
    text = fields.String()


class FixStep(Told):
    check = fields.String()
    title = fields.String()
    level = fields.String()
    weight = fields.Integer()
    kind = fields.String(metadata={"description": "fix, or skeleton: a person must fill it"})
    outcome = fields.String(metadata={"description": "of the check, scored with the change"})
    reason = fields.String()
    why = fields.String()
    source = fields.String()
    effort = fields.String()
    files = fields.List(fields.String())


class FixQuestion(Told):
    check = fields.String()
    key = fields.String(metadata={"description": "answer with set=key=value"})
    text = fields.String()
    suggestions = fields.List(fields.String())


class FixRefusal(Told):
    check = fields.String()
    path = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True)
    why = fields.String()


class FixNote(Told):
    check = fields.String()
    text = fields.String()


class Unfixed(Told):
    check = fields.String()
    why = fields.String()


class FixBody(Told):
    """A fix and what is said beside it."""

    diff = fields.String(metadata={"description": "for `git apply`; empty when nothing can be mended"})
    files = fields.List(fields.Nested(FixedFile))
    hunks = fields.List(fields.Nested(FixHunk))
    steps = fields.List(fields.Nested(FixStep))
    questions = fields.List(fields.Nested(FixQuestion))
    refusals = fields.List(fields.Nested(FixRefusal))
    notes = fields.List(fields.Nested(FixNote))
    unfixed = fields.List(fields.Nested(Unfixed))


class FixRequestBody(Schema):
    checks = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        load_default=[],
        metadata={"description": "only these; none named: all that can be mended now, and no others later"},
    )
    set = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 200)),
        values=fields.String(validate=validate.Length(1, 2000)),
        load_default={},
        metadata={"description": "answers to questions"},
    )


class FixRequestAnswer(Schema):
    entity = fields.String(required=True)
    state = fields.String(metadata={"description": "opened, updated, unchanged, closed, nothing or taken over"})
    url = fields.String(allow_none=True)
    number = fields.Integer(allow_none=True)


class FixRequestQuery(PageQuery):
    state = DelimitedList(
        fields.String(validate=validate.OneOf(STATES)),
        validate=validate.Length(1, len(STATES)),
        metadata={"description": "any of; open and taken over unless asked otherwise"},
    )
    owner = fields.String(
        validate=validate.Length(1, 300), metadata={"description": "of what this entityRef and groups below it own"}
    )


class FixRequestItem(Told):
    """A request as it was when it was last looked at."""

    entity = fields.String()
    repository = fields.String()
    forge = fields.String()
    branch = fields.String()
    number = fields.Integer(allow_none=True)
    url = fields.String(allow_none=True)
    state = fields.String(
        validate=validate.OneOf(STATES),
        metadata={"description": "closed: by us, as moot; merged, dismissed, taken over: by a person; lost: given up"},
    )
    reason = fields.String(allow_none=True, metadata={"description": "why it stands so"})
    checks = fields.List(fields.String(), metadata={"description": "asked for; never more are mended"})
    set = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "as answered"})
    mends = fields.List(fields.String(), metadata={"description": "of the checks, those that its diff is for now"})
    commit = fields.String(allow_none=True, metadata={"description": "what its diff was made for"})
    asked_by = fields.String()
    asked_at = fields.DateTime()
    changed_at = fields.DateTime(metadata={"description": "when its forge was last told something new"})
    next_look_at = fields.DateTime(allow_none=True)
    error = fields.String(allow_none=True, metadata={"description": "why the last look failed"})


class FixRequestDetail(FixRequestItem, schemas.Fresh):
    """The request of one entity, whatever became of it."""


class FixRequestPage(schemas.Paged):
    items = fields.List(fields.Nested(FixRequestItem))


def fix_request_json(one: FixRequest) -> dict[str, Any]:
    return {
        "entity": str(one.entity),
        "repository": one.repository,
        "forge": one.forge,
        "branch": one.branch,
        "number": one.number or None,
        "url": one.url or None,
        "state": one.state,
        "reason": one.reason or None,
        "checks": list(one.checks),
        "set": dict(one.answers),
        "mends": list(one.mends),
        "commit": one.commit or None,
        "asked_by": one.asked_by,
        "asked_at": format_instant(one.asked_at),
        "changed_at": format_instant(one.changed_at),
        "next_look_at": one.due_at and format_instant(one.due_at),
        "error": one.error or None,
    }
