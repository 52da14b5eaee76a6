"""The schema of `notifications`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.settings.notifications import KINDS, REASONS, WHAT, Notifications, NotificationTarget
from app.settings.parts import Base, DurationField, SecretSchema


def _words(words: tuple[str, ...], description: str) -> fields.List[Any]:
    one = fields.String(validate=validate.OneOf(words, error=f"must be one of {', '.join(words)}"))
    return fields.List(one, metadata={"description": description})


class NotificationTargetSchema(Base):
    into = NotificationTarget
    name = fields.String(
        required=True,
        validate=validate.Regexp(re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z"), error="is lower case, digits and dashes"),
        metadata={"description": "Names the place in lists; a new name begins at the newest change."},
    )
    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS, error="must be slack or webhook"),
        metadata={"description": "`slack` (its incoming webhooks, and those alike) or `webhook` (signed JSON)."},
    )
    url = fields.Nested(
        SecretSchema, required=True, metadata={"description": "The address, by variable or file: it is a secret."}
    )
    secret = fields.Nested(
        SecretSchema, metadata={"description": "What `webhook` signs with (Standard Webhooks, `whsec_…`)."}
    )
    owners = fields.List(
        fields.String(validate=validate.Regexp(re.compile(r"(group:)?([^:/\s]+/)?[^:/\s]+\Z"), error="is a group")),
        metadata={"description": "Groups whose entities are told, with the groups below them; empty: all."},
    )
    scorecards = fields.List(fields.String(), metadata={"description": "Scorecards that are told; empty: all."})
    what = _words(WHAT, "`level` (a level turned) and `outcome` (a check began or stopped to fail).")
    reasons = _words(REASONS, "Why it changed; by default not for a new policy or a source that fails.")
    window = DurationField(
        metadata={
            "description": "How long changes are gathered into one message an owner; what comes and goes is none."
        }
    )

    @validates_schema
    def _signed(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("kind") == "webhook" and not data.get("secret"):
            raise ValidationError("is needed: a webhook is signed", "secret")


class NotificationsSchema(Base):
    into = Notifications
    targets = fields.List(fields.Nested(NotificationTargetSchema), metadata={"description": "Places that are told."})

    @validates_schema
    def _apart(self, data: dict[str, Any], **_: Any) -> None:
        names = [one.name for one in data.get("targets", ())]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValidationError(f"{twice} is named twice", "targets")
