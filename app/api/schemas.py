"""Shapes of `/api/v1`, for validation of what comes in and the OpenAPI document of what goes out."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.plan_schemas import PlanShape
from app.api.result_schemas import KeptScorecard, Told


class Standing(Told):
    scorecard = fields.String(required=True)
    level = fields.String(required=True)
    target_level = fields.String(allow_none=True)
    meets_target = fields.Boolean(allow_none=True)
    score = fields.Float(allow_none=True, metadata={"description": "0..1; null when nothing was judged"})
    coverage = fields.Float(allow_none=True, metadata={"description": "0..1; share of the weight that was judged"})
    as_of = fields.DateTime(allow_none=True)
    commit = fields.String(allow_none=True)


class EntityItem(Schema):
    """One line of a list of entities; `fields` may leave parts of it out."""

    ref = fields.String(metadata={"description": "kind:namespace/name"})
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


class ByPolicy(Told):
    """What policy alone says."""

    policy_version = fields.String(metadata={"description": "of the scorecards in force"})


class Fresh(ByPolicy):
    """How fresh an answer is; see docs/api.md, Freshness."""

    as_of = fields.DateTime(allow_none=True, metadata={"description": "when the newest of this answer was seen"})
    oldest_fact = fields.DateTime(allow_none=True, metadata={"description": "when its oldest was seen"})


class OfOne(Fresh):
    """How fresh an answer about one entity is."""

    commit = fields.String(allow_none=True, metadata={"description": "the commit that was read"})


class Paged(Fresh):
    next_cursor = fields.String(allow_none=True, metadata={"description": "null on the last page"})
    total = fields.Integer(metadata={"description": "of the whole list"})


class EntityPage(Paged):
    items = fields.List(fields.Nested(EntityItem))


class EntityList(Fresh):
    items = fields.List(
        fields.Nested(EntityItem, allow_none=True), metadata={"description": "in the order asked; null for the unknown"}
    )


class Source(Told):
    """Where an entity's descriptor stands, and how it is known."""

    repository = fields.String(allow_none=True)
    path = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True)
    root = fields.String(metadata={"description": "the folder that is its own; empty for the whole repository"})
    provisional = fields.Boolean(metadata={"description": "it has no descriptor: we made one"})
    orphan = fields.Boolean(metadata={"description": "no source tells of it any more"})


class RelationShape(Told):
    type = fields.String(metadata={"description": "as in Backstage: ownedBy, partOf …"})
    target_ref = fields.String()
    known = fields.Boolean(metadata={"description": "whether the target is in the catalog"})


class ProblemShape(Told):
    """Something wrong with a descriptor."""

    path = fields.String()
    line = fields.Integer()
    code = fields.String()
    message = fields.String()


class EntityDetail(OfOne):
    ref = fields.String()
    entity = fields.Dict(metadata={"description": "The descriptor, in Backstage's spelling, without secrets"})
    source = fields.Nested(Source)
    relations = fields.List(
        fields.Nested(RelationShape),
        metadata={"description": "in both directions: what it states, then up to 1,000 that others state of it"},
    )
    problems = fields.List(fields.Nested(ProblemShape))
    scorecards = fields.List(fields.Nested(Standing))


class Results(OfOne):
    """An entity's results, as stored; `policy_version` is the one that they were judged by."""

    entity = fields.String()
    scorecards = fields.List(fields.Nested(KeptScorecard))


class Report(Told):
    """What another tool told of the entity (`POST /facts`)."""

    group = fields.String()
    source = fields.String()
    by = fields.String()
    observed_at = fields.DateTime()
    expires_at = fields.DateTime()
    commit = fields.String(allow_none=True)
    url = fields.String(allow_none=True)


class Facts(OfOne):
    entity = fields.String()
    facts = fields.Dict(metadata={"description": "group → fact → value; see `roadworthy facts --schema`"})
    reports = fields.List(fields.Nested(Report))


class HistoryRow(Told):
    scorecard = fields.String()
    at = fields.DateTime()
    level = fields.String()
    score = fields.Float(allow_none=True)
    coverage = fields.Float(allow_none=True)
    reason = fields.String(metadata={"description": "code, policy, data source, waiver, scope, time, or first seen"})


class History(OfOne):
    entity = fields.String()
    items = fields.List(fields.Nested(HistoryRow))


class NextSteps(OfOne, PlanShape):
    entity = fields.String()


class Accepted(Told):
    entity = fields.String()
    repository = fields.String()
    due = fields.Boolean(metadata={"description": "whether the repository was pulled forward"})


class LevelShape(Told):
    id = fields.String()
    title = fields.String()


class ScorecardItem(Told):
    id = fields.String()
    title = fields.String()
    description = fields.String()
    owner = fields.String()
    levels = fields.List(fields.Nested(LevelShape), metadata={"description": "lowest first"})
    targets = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "tier → the level it should reach"}
    )


class ScorecardList(ByPolicy):
    items = fields.List(fields.Nested(ScorecardItem))


class AskedCheck(Told):
    """A check as a scorecard asks it."""

    id = fields.String()
    title = fields.String()
    area = fields.String()
    level = fields.String()
    weight = fields.Integer()
    why = fields.String()
    source = fields.String()
    owner = fields.String()
    rule = fields.String(metadata={"description": "in CEL, as a person reads it"})
    remediation = fields.String()
    effort = fields.String(metadata={"description": "such as 15m"})
    requires = fields.List(fields.String(), metadata={"description": "checks that must hold first"})


class ScorecardDetail(ScorecardItem, ByPolicy):
    checks = fields.List(fields.Nested(AskedCheck))


class Distribution(Told):
    scorecard = fields.String()
    title = fields.String()
    level_order = fields.List(fields.Nested(LevelShape), metadata={"description": "lowest first"})
    levels = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "level → how many entities"}
    )
    on_target = fields.Integer(metadata={"description": "of those with a target, how many reach it"})
    with_target = fields.Integer()


class Summary(Fresh):
    group = fields.String()
    groups = fields.List(fields.String(), metadata={"description": "the group and all below it"})
    scorecards = fields.List(fields.Nested(Distribution))


class ChangeDetail(Schema):
    """What else is told of a change."""

    check = fields.String(metadata={"description": "the check that turned; absent when a level did"})


class ChangeItem(Told):
    cursor = fields.Integer()
    at = fields.DateTime(metadata={"description": "when it was judged"})
    entity = fields.String()
    scorecard = fields.String()
    what = fields.String(validate=validate.OneOf(("level", "outcome")))
    before = fields.String()
    after = fields.String()
    reason = fields.String(metadata={"description": "code, policy, data source, waiver, scope or time"})
    commit = fields.String(allow_none=True, metadata={"description": "the commit it was judged at"})
    detail = fields.Nested(ChangeDetail)


class ChangePage(Fresh):
    items = fields.List(fields.Nested(ChangeItem))
    cursor = fields.Integer(metadata={"description": "ask again with after=cursor"})
    newest = fields.Integer(metadata={"description": "the newest cursor of all: begin here to see only what comes"})


class ProviderItem(Told):
    name = fields.String()
    listed_at = fields.DateTime(allow_none=True, metadata={"description": "when it last answered"})
    error = fields.String(allow_none=True)
    repositories = fields.Integer(metadata={"description": "how many it tells of"})


class RepositoryItem(Told):
    url = fields.String()
    branch = fields.String()
    commit = fields.String(allow_none=True, metadata={"description": "the commit that was read"})
    checked_at = fields.DateTime(allow_none=True, metadata={"description": "when it was last looked at"})
    read_at = fields.DateTime(allow_none=True, metadata={"description": "when something new was last read"})
    due_at = fields.DateTime(metadata={"description": "when it is looked at next"})
    failures = fields.Integer(metadata={"description": "in a row"})
    error = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "of the error, for machines"})
    parked = fields.String(allow_none=True, metadata={"description": "why it is not tried by itself"})
    orphaned = fields.Boolean(metadata={"description": "no source tells of it any more"})


class SourceList(Paged):
    providers = fields.List(fields.Nested(ProviderItem))
    repositories = fields.List(fields.Nested(RepositoryItem))
    policy_problem = fields.String(
        allow_none=True, metadata={"description": "why a newer policy was refused; the last good one is in force"}
    )


class Problem(Schema):
    """RFC 9457."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    errors = fields.Dict()
    retry_after = fields.Integer(metadata={"description": "seconds to wait, as the header says; with 429 and 503"})
