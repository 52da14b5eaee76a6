"""Shapes of `/api/v1`, for validation of what comes in and the OpenAPI document of what goes out."""

from __future__ import annotations

from marshmallow import Schema, fields


class Standing(Schema):
    scorecard = fields.String(required=True)
    level = fields.String(required=True)
    target_level = fields.String(allow_none=True)
    meets_target = fields.Boolean(allow_none=True)
    score = fields.Float(allow_none=True, metadata={"description": "0..1; null when nothing was judged"})
    coverage = fields.Float(allow_none=True, metadata={"description": "0..1; share of the weight that was judged"})
    as_of = fields.DateTime(allow_none=True)
    commit = fields.String(allow_none=True)


class EntityItem(Schema):
    ref = fields.String(required=True, metadata={"description": "kind:namespace/name"})
    kind = fields.String()
    namespace = fields.String()
    name = fields.String()
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


class Fresh(Schema):
    as_of = fields.DateTime(allow_none=True, metadata={"description": "when the newest facts of this answer were seen"})
    oldest_fact = fields.DateTime(allow_none=True, metadata={"description": "when its oldest facts were seen"})
    policy_version = fields.String()


class Paged(Schema):
    next_cursor = fields.String(allow_none=True, metadata={"description": "null on the last page"})
    total = fields.Integer(metadata={"description": "of the whole list"})
    policy_version = fields.String()


class EntityPage(Paged, Fresh):
    items = fields.List(fields.Nested(EntityItem))


class EntityList(Fresh):
    items = fields.List(
        fields.Nested(EntityItem, allow_none=True), metadata={"description": "in the order asked; null for the unknown"}
    )


class EntityDetail(Fresh):
    ref = fields.String(required=True)
    entity = fields.Dict(metadata={"description": "The descriptor, in Backstage's spelling, without secrets"})
    source = fields.Dict(metadata={"description": "repository, path, line, root; how it is known"})
    relations = fields.List(fields.Dict())
    problems = fields.List(fields.Dict())
    scorecards = fields.List(fields.Nested(Standing))
    commit = fields.String(allow_none=True)


class Results(Schema):
    entity = fields.String(required=True)
    scorecards = fields.List(fields.Dict(), metadata={"description": "See docs/api.md: a result"})


class Report(Schema):
    """What another tool told of the entity (`POST /facts`)."""

    group = fields.String()
    source = fields.String()
    by = fields.String()
    observed_at = fields.DateTime()
    expires_at = fields.DateTime()
    commit = fields.String(allow_none=True)
    url = fields.String(allow_none=True)


class Facts(Fresh):
    entity = fields.String(required=True)
    facts = fields.Dict(metadata={"description": "group → fact → value; see `roadworthy facts --schema`"})
    reports = fields.List(fields.Nested(Report))
    commit = fields.String(allow_none=True)


class HistoryRow(Schema):
    scorecard = fields.String()
    at = fields.DateTime()
    level = fields.String()
    score = fields.Float(allow_none=True)
    coverage = fields.Float(allow_none=True)
    reason = fields.String(metadata={"description": "code, policy, data source, waiver, scope, time, or first seen"})


class History(Fresh):
    entity = fields.String()
    items = fields.List(fields.Nested(HistoryRow))
    commit = fields.String(allow_none=True)


class Step(Schema):
    scorecard = fields.String()
    check = fields.String()
    title = fields.String()
    level = fields.String()
    weight = fields.Float()
    effort = fields.String(metadata={"description": "such as 15m"})
    remediation = fields.String()
    opens = fields.List(fields.String(), metadata={"description": "checks that it blocks"})


class NextSteps(Fresh):
    entity = fields.String()
    items = fields.List(fields.Nested(Step))
    commit = fields.String(allow_none=True)


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


class Distribution(Schema):
    scorecard = fields.String()
    title = fields.String()
    level_order = fields.List(fields.Dict(), metadata={"description": "id and title of each level, lowest first"})
    levels = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "level → how many entities"}
    )
    on_target = fields.Integer(metadata={"description": "of those with a target, how many reach it"})
    with_target = fields.Integer()


class Summary(Fresh):
    group = fields.String()
    groups = fields.List(fields.String(), metadata={"description": "the group and all below it"})
    scorecards = fields.List(fields.Nested(Distribution))


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
    newest = fields.Integer(metadata={"description": "the newest cursor of all: begin here to see only what comes"})
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
