"""Shapes of `/api/v1`, for validation of what comes in and the OpenAPI document of what goes out."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class Ref(fields.String):
    """An entity reference in canonical form."""


class Standing(Schema):
    scorecard = fields.String(required=True)
    level = fields.String(required=True)
    target_level = fields.String(allow_none=True)
    meets_target = fields.Boolean(allow_none=True)
    score = fields.Float(allow_none=True, metadata={"description": "0..1; null when nothing was judged"})
    coverage = fields.Float(allow_none=True, metadata={"description": "0..1; share of the weight that was judged"})
    as_of = fields.DateTime(allow_none=True)


class EntityItem(Schema):
    ref = fields.String(required=True, metadata={"description": "kind:namespace/name"})
    title = fields.String()
    type = fields.String()
    lifecycle = fields.String()
    tier = fields.String()
    owner = fields.String(allow_none=True)
    system = fields.String(allow_none=True)
    repository = fields.String(allow_none=True)
    path = fields.String(allow_none=True)
    provisional = fields.Boolean()
    orphaned_at = fields.DateTime(allow_none=True)
    judged_at = fields.DateTime(allow_none=True)
    scorecards = fields.List(fields.Nested(Standing))


class Paged(Schema):
    next_cursor = fields.String(allow_none=True, metadata={"description": "null on the last page"})
    total = fields.Integer(metadata={"description": "of the whole list"})
    policy_version = fields.String()


class EntityPage(Paged):
    items = fields.List(fields.Nested(EntityItem))


class EntityDetail(Schema):
    ref = fields.String(required=True)
    entity = fields.Dict(metadata={"description": "The descriptor, in Backstage's spelling, without secrets"})
    source = fields.Dict(metadata={"description": "repository, path, line, root; how it is known"})
    relations = fields.List(fields.Dict())
    problems = fields.List(fields.Dict())
    scorecards = fields.List(fields.Nested(Standing))
    as_of = fields.DateTime(allow_none=True)
    commit = fields.String(allow_none=True)
    policy_version = fields.String()


class Results(Schema):
    entity = fields.String(required=True)
    scorecards = fields.List(fields.Dict(), metadata={"description": "See docs/api.md: a result"})


class Facts(Schema):
    entity = fields.String(required=True)
    facts = fields.Dict(metadata={"description": "group → fact → value; see `roadworthy facts --schema`"})
    as_of = fields.DateTime(allow_none=True)
    policy_version = fields.String()
    commit = fields.String(allow_none=True)


class HistoryRow(Schema):
    scorecard = fields.String()
    at = fields.DateTime()
    level = fields.String()
    score = fields.Float(allow_none=True)
    coverage = fields.Float(allow_none=True)
    reason = fields.String(metadata={"description": "code, policy, data source, waiver, scope, time, or first seen"})


class History(Schema):
    entity = fields.String()
    items = fields.List(fields.Nested(HistoryRow))
    policy_version = fields.String()


class NextSteps(Schema):
    entity = fields.String()
    items = fields.List(fields.Dict())
    policy_version = fields.String()


class Accepted(Schema):
    entity = fields.String()
    repository = fields.String()
    due = fields.Boolean(metadata={"description": "whether the repository was pulled forward"})


class ScorecardItem(Schema):
    id = fields.String()
    title = fields.String()
    description = fields.String()
    owner = fields.String()
    levels = fields.List(fields.Dict())
    targets = fields.Dict()


class ScorecardList(Schema):
    items = fields.List(fields.Nested(ScorecardItem))
    policy_version = fields.String()


class ScorecardDetail(ScorecardItem):
    checks = fields.List(fields.Dict())
    policy_version = fields.String()


class Summary(Schema):
    group = fields.String()
    groups = fields.List(fields.String(), metadata={"description": "the group and all below it"})
    scorecards = fields.List(fields.Dict(), metadata={"description": "levels, on_target, with_target"})
    policy_version = fields.String()


class ChangeItem(Schema):
    cursor = fields.Integer()
    at = fields.DateTime()
    entity = fields.String()
    scorecard = fields.String()
    what = fields.String()
    before = fields.String()
    after = fields.String()
    reason = fields.String()
    detail = fields.Dict()


class ChangePage(Schema):
    items = fields.List(fields.Nested(ChangeItem))
    cursor = fields.Integer(metadata={"description": "ask again with after=cursor"})
    policy_version = fields.String()


class SourceList(Schema):
    providers = fields.List(fields.Dict())
    repositories = fields.List(fields.Dict())
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()
    policy_version = fields.String()
    policy_problem = fields.String(allow_none=True)


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    errors = fields.Dict()
    retry_after = fields.Integer(metadata={"description": "seconds to wait, as the header says; with 429 and 503"})


LIMIT = validate.Range(1, 1000, error="must be from 1 to 1000")


class PageQuery(Schema):
    limit = fields.Integer(load_default=100, validate=LIMIT)
    cursor = fields.String(validate=validate.Length(max=2000))


class EntityQuery(PageQuery):
    kind = fields.String(validate=validate.Length(max=63))
    type = fields.String(validate=validate.Length(max=200))
    lifecycle = fields.String(validate=validate.Length(max=200))
    tier = fields.String(validate=validate.Length(max=63))
    owner = fields.String(metadata={"description": "an entityRef; groups below it count too"})
    system = fields.String(metadata={"description": "an entityRef"})
    level = fields.String(validate=validate.Length(max=63))
    scorecard = fields.String(load_default="sre-maturity", validate=validate.Length(max=63))
    q = fields.String(validate=validate.Length(max=200), metadata={"description": "part of a name or title"})
    orphans = fields.Boolean(load_default=False)
    sort = fields.String(
        load_default="ref", validate=validate.OneOf(("ref", "name", "level", "-level", "score", "-score"))
    )


class ChangeQuery(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62))
    limit = fields.Integer(load_default=100, validate=LIMIT)
