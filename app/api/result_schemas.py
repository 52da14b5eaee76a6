"""Shapes of a result: what `/results`, `simulate` and `roadworthy check --format json` tell, field by field.

They are only shown, in the OpenAPI document: results are stored as they are served, and a test holds both together.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.policy.model import Outcome

_SHARE = "0..1, of the weight"
_COMMIT = "the commit that was read"


class Told(Schema):
    """A shape of what we answer: every field of it is always there."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = True


class Placed(Told):
    """Where something was seen: repository, path and line, or a URL."""

    repository = fields.String(allow_none=True)
    path = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True, metadata={"description": "from 1", "minimum": 1})
    commit = fields.String(allow_none=True, metadata={"description": _COMMIT})
    url = fields.String(allow_none=True)


class Evidence(Placed):
    """One fact that an outcome rests on."""

    fact = fields.String(metadata={"description": "see `roadworthy facts --schema`"})
    expected = fields.String(metadata={"description": "the rule"})
    observed = fields.Raw(
        allow_none=True,
        metadata={"description": "the fact's value, of any type; null: not seen. Long lists and texts are cut"},
    )
    given_by = fields.String(allow_none=True, metadata={"description": "the entity that it was inherited from"})


class Offender(Placed):
    """One thing that fails the rule."""

    name = fields.String()
    observed = fields.String(metadata={"description": "what was seen of it, in words"})


class WaiverShape(Told):
    """The exception in force for this check, or for the one that blocks it."""

    reason = fields.String()
    until = fields.DateTime(metadata={"description": "when it ends by itself"})
    approved_by = fields.String()
    check = fields.String(metadata={"description": "the check that is waived"})
    id = fields.Integer(allow_none=True, metadata={"description": "of `/waivers`; null for one of policy's file"})


def _outcome(description: str) -> fields.String:
    return fields.String(validate=validate.OneOf(tuple(Outcome)), metadata={"description": description})


class CheckShape(Told):
    """One check on this entity."""

    id = fields.String()
    title = fields.String()
    area = fields.String()
    level = fields.String(metadata={"description": "the level that it stands at"})
    weight = fields.Integer()
    outcome = _outcome("what counts")
    raw_outcome = _outcome("without waivers")
    enforced = fields.Boolean(metadata={"description": "false: shown, but does not count yet"})
    reason = fields.String(metadata={"description": "why, in words; empty for a pass"})
    reason_code = fields.String(allow_none=True, metadata={"description": "why it is unknown, for machines"})
    blocked_by = fields.String(allow_none=True, metadata={"description": "the prerequisite that decided"})
    evidence = fields.List(fields.Nested(Evidence))
    offenders = fields.List(fields.Nested(Offender), metadata={"description": "at most 50"})
    offenders_total = fields.Integer()
    remediation = fields.String()
    effort = fields.String(metadata={"description": "such as 15m"})
    help_url = fields.String(allow_none=True)
    waiver = fields.Nested(WaiverShape, allow_none=True)


class Step(Told):
    """What to do next for a level."""

    scorecard = fields.String()
    check = fields.String()
    title = fields.String()
    level = fields.String()
    weight = fields.Integer()
    effort = fields.String(metadata={"description": "such as 15m"})
    remediation = fields.String()
    opens = fields.List(fields.String(), metadata={"description": "checks that it blocks"})


class JudgedScorecard(Told):
    """One scorecard's result."""

    id = fields.String()
    title = fields.String()
    level = fields.String(metadata={"description": "a level's id; `none` below the first, `not_rated`"})
    level_possible = fields.String(metadata={"description": "with all that is unknown taken as passed"})
    raw_level = fields.String(metadata={"description": "without waivers"})
    target_level = fields.String(allow_none=True, metadata={"description": "of its tier"})
    meets_target = fields.Boolean(allow_none=True)
    score = fields.Float(allow_none=True, metadata={"description": f"{_SHARE} judged; null when nothing was"})
    coverage = fields.Float(allow_none=True, metadata={"description": f"{_SHARE} that applies"})
    as_of = fields.DateTime(allow_none=True, metadata={"description": "nothing in it was seen earlier"})
    valid_until = fields.DateTime(allow_none=True, metadata={"description": "when time alone turns something"})
    commit = fields.String(allow_none=True, metadata={"description": _COMMIT})
    policy_version = fields.String()
    checks = fields.List(fields.Nested(CheckShape))


class KeptScorecard(JudgedScorecard):
    """One scorecard's result as kept."""

    next_steps = fields.List(fields.Nested(Step), metadata={"description": "the cheapest, in the order to work in"})
