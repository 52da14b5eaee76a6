"""Shapes of a plan: what `/next-steps` and `roadworthy check --format json` tell of the way to a level. Only shown."""

from __future__ import annotations

from marshmallow import fields, validate

from app.api.result_schemas import Step, Told

_EFFORT = "such as 2h30m"


class Need(Told):
    """One check that one scorecard needs for the goal."""

    scorecard = fields.String()
    check = fields.String()
    level = fields.String()
    weight = fields.Integer()


class Offer(Told):
    """What is made for it."""

    kind = fields.String(validate=validate.OneOf(("fix", "skeleton")))
    command = fields.String(metadata={"description": "shows it, in the repository; `GET …/fix?check=` does here"})


class PlanStep(Step):
    """One piece of work. `check`, `scorecard`, `level` and `weight` are of the first that it serves."""

    towards = fields.String(metadata={"description": "the level that needs it first, if for what it opens"})
    checks = fields.List(fields.String(), metadata={"description": "all that it mends"})
    serves = fields.List(fields.Nested(Need))
    waits_for = fields.List(
        fields.String(),
        metadata={"description": "checks of earlier steps; once they pass, this one may pass by itself"},
    )
    fix = fields.Nested(Offer, allow_none=True)


class PlanUnseen(Told):
    """What must be seen to pass; what that takes is not known, so no effort is told."""

    check = fields.String()
    title = fields.String()
    reason = fields.String()
    reason_code = fields.String(allow_none=True)
    serves = fields.List(fields.Nested(Need))
    waits_for = fields.List(fields.String())


class GoalShape(Told):
    """What a scorecard is to reach."""

    scorecard = fields.String()
    title = fields.String()
    level = fields.String(metadata={"description": "now"})
    goal = fields.String(allow_none=True, metadata={"description": "null: no level is above"})
    reached = fields.Boolean()
    steps = fields.Integer(metadata={"description": "how many serve it"})
    unseen = fields.Integer(metadata={"description": "how many must be seen for it"})
    why = fields.String(metadata={"description": "why it can't be reached; else empty"})


class PlanShape(Told):
    """With all of `items` and `unseen` passing every goal is reached, and nothing of them is needless."""

    goal = fields.String(metadata={"description": "as asked: a level, `next`, `target` or `top`"})
    goals = fields.List(fields.Nested(GoalShape))
    effort = fields.String(metadata={"description": f"of what waits for nothing, {_EFFORT}"})
    effort_at_most = fields.String(metadata={"description": f"with all that waits, {_EFFORT}"})
    items = fields.List(fields.Nested(PlanStep), metadata={"description": "in the order to work in"})
    unseen = fields.List(fields.Nested(PlanUnseen))


class GroupStep(Told):
    """One check before the goal of some of a group's entities."""

    check = fields.String()
    title = fields.String()
    area = fields.String()
    effort = fields.String(metadata={"description": f"for each entity, {_EFFORT}"})
    entities = fields.Integer(metadata={"description": "before how many it stands, each counted once"})
    alone = fields.Integer(metadata={"description": "how many nothing else keeps from the goal"})
    scorecards = fields.List(fields.String(), metadata={"description": "that ask it"})
    fix = fields.Nested(Offer, allow_none=True)


class GroupPlan(Told):
    """What serves most entities, first. Counted after judging, seconds behind."""

    group = fields.String()
    goal = fields.String(metadata={"description": "`next` or `target`"})
    items = fields.List(fields.Nested(GroupStep))
    total = fields.Integer(metadata={"description": "of all checks before the goal"})
    as_of = fields.DateTime(allow_none=True)
    oldest_fact = fields.DateTime(allow_none=True)
    policy_version = fields.String()
