"""The shapes of a fix: a diff, hunk by hunk, and what is said beside it. For `GET …/fix` and `POST simulate`."""

from __future__ import annotations

from marshmallow import fields

from app.api.result_schemas import Told


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
