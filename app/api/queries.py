"""What `/api/v1` takes in queries: validated here, documented in the OpenAPI document from here."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from webargs.fields import DelimitedList

from app.api.schemas import EntityItem
from app.lib.times import parse_instant
from app.store.listing import SORTS

LIMIT = validate.Range(1, 1000, error="must be from 1 to 1000")
OUTCOMES = ("pass", "fail", "unknown", "not_applicable", "waived", "error")
_WORD = fields.String(validate=validate.Length(1, 200))


class Instant(fields.DateTime):
    """A date or time as ISO 8601; without a zone it is UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return parse_instant(value)
        except (ValueError, AttributeError):
            raise ValidationError("is not an ISO 8601 date or time") from None


def words(description: str) -> Any:
    """Several words with commas between them, any of which may hold."""
    return DelimitedList(_WORD, validate=validate.Length(1, 50), metadata={"description": f"{description}; any of"})


class PageQuery(Schema):
    limit = fields.Integer(load_default=100, validate=LIMIT)
    cursor = fields.String(validate=validate.Length(max=2000))


class PlanQuery(Schema):
    level = fields.String(
        load_default="next",
        validate=validate.Length(1, 100),
        metadata={"description": "a level's id, or `next`, `target` (of its tier), `top`"},
    )


class GroupPlanQuery(Schema):
    level = fields.String(
        load_default="next",
        validate=validate.OneOf(("next", "target")),
        metadata={"description": "the next level of each entity, or the one of its tier"},
    )
    limit = fields.Integer(load_default=20, validate=LIMIT)


class TableQuery(PageQuery):
    fields_ = DelimitedList(
        fields.String(validate=validate.OneOf(tuple(EntityItem().fields), error="must be one of: {choices}")),
        data_key="fields",
        validate=validate.Length(1, 50),
        metadata={"description": "only these parts of each item, with commas between them"},
    )
    format = fields.String(
        validate=validate.OneOf(("json", "csv")),
        metadata={"description": "csv: as a table (so does `Accept: text/csv`), of every page unless limit is given"},
    )


class FilterQuery(TableQuery):
    kind = words("kind, such as component")
    namespace = words("namespace")
    type = words("spec.type, such as service")
    lifecycle = words("lifecycle")
    tier = words("tier")
    owner = fields.String(
        validate=validate.Length(1, 300), metadata={"description": "an entityRef; groups below it count too"}
    )
    system = fields.String(validate=validate.Length(1, 300), metadata={"description": "an entityRef"})
    domain = fields.String(
        validate=validate.Length(1, 300), metadata={"description": "an entityRef; its systems and subdomains count too"}
    )
    level = words("level reached")
    meets_target = fields.Boolean(metadata={"description": "whether it reaches its target level"})
    check = fields.String(validate=validate.Length(1, 100), metadata={"description": "a check's id, with outcome"})
    outcome = DelimitedList(
        fields.String(validate=validate.OneOf(OUTCOMES)),
        validate=validate.Length(1, 6),
        metadata={"description": "outcome of that check; any of"},
    )
    q = fields.String(validate=validate.Length(max=200), metadata={"description": "part of a name or title"})
    orphans = fields.Boolean(load_default=False, metadata={"description": "also those that no source tells of now"})
    sort = fields.String(
        load_default="ref",
        validate=validate.OneOf(SORTS),
        metadata={"description": "`-` in front: from the highest; level and score are those of the scorecard"},
    )

    @validates_schema
    def _together(self, data: dict[str, Any], **_: Any) -> None:
        if ("check" in data) != ("outcome" in data):
            raise ValidationError({"check": ["check and outcome are asked for together"]})


class EntityQuery(FilterQuery):
    scorecard = fields.String(
        validate=validate.Length(1, 63),
        metadata={"description": "the scorecard that level, score, check and target mean; the first by default"},
    )


class ScorecardResultsQuery(FilterQuery):
    sort = fields.String(
        load_default="level",
        validate=validate.OneOf(SORTS),
        metadata={"description": "`-` in front: from the highest"},
    )


class ByRefs(Schema):
    refs = fields.List(
        fields.String(validate=validate.Length(1, 300)),
        required=True,
        validate=validate.Length(max=1000, error="at most 1000 references in a call"),
        metadata={"description": "entityRefs, at most 1,000"},
    )
    fields_ = fields.List(
        fields.String(validate=validate.OneOf(tuple(EntityItem().fields), error="must be one of: {choices}")),
        data_key="fields",
        metadata={"description": "only these parts of each item"},
    )


class HistoryQuery(Schema):
    scorecard = fields.String(validate=validate.Length(1, 63))
    since = Instant(metadata={"description": "nothing older"})
    limit = fields.Integer(load_default=1000, validate=LIMIT, metadata={"description": "the newest so many"})


class ChangeQuery(Schema):
    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 2**62),
        metadata={"description": "the cursor of an earlier answer"},
    )
    limit = fields.Integer(load_default=100, validate=LIMIT)
    entity = fields.String(validate=validate.Length(1, 300), metadata={"description": "of this entityRef only"})
    owner = fields.String(
        validate=validate.Length(1, 300), metadata={"description": "of what this entityRef and groups below it own"}
    )
