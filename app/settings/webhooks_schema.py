"""The schema of `webhooks`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.settings.parts import Base, SecretSchema
from app.settings.webhooks import FORGES, Webhooks, WebhookSource


class WebhookSourceSchema(Base):
    into = WebhookSource
    name = fields.String(
        required=True,
        validate=validate.Regexp(re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z"), error="is lower case, digits and dashes"),
        metadata={"description": "Names the source in its path: /webhooks/FORGE/NAME."},
    )
    forge = fields.String(
        required=True,
        validate=validate.OneOf(FORGES, error=f"must be one of {', '.join(FORGES)}"),
        metadata={"description": "Whose webhooks these are."},
    )
    secrets = fields.List(
        fields.Nested(SecretSchema),
        required=True,
        validate=validate.Length(1, 2, error="name one secret, or two while rotating"),
        metadata={"description": "What the forge signs with (GitLab: its secret token or signing token)."},
    )
    url = fields.Url(
        require_tld=False,
        schemes={"http", "https"},
        metadata={"description": "The forge's address as repositories are crawled; needed for bitbucket-server."},
    )

    @validates_schema
    def _reachable(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("forge") == "bitbucket-server" and not data.get("url"):
            raise ValidationError("is needed: Bitbucket Data Center names no address in its webhooks", "url")


class WebhooksSchema(Base):
    into = Webhooks
    sources = fields.List(fields.Nested(WebhookSourceSchema), metadata={"description": "Forges that may call."})
    max_body = fields.Integer(
        validate=validate.Range(min=1024, error="must be at least 1024"),
        metadata={"description": "Bytes; a larger delivery is refused (GitHub sends up to 25 MB)."},
    )
    at_once = fields.Integer(
        validate=validate.Range(min=1, error="must be at least 1"),
        metadata={"description": "Deliveries recorded at once; beyond it forges are told to come back (503)."},
    )

    @validates_schema
    def _apart(self, data: dict[str, Any], **_: Any) -> None:
        names = [(one.forge, one.name) for one in data.get("sources", ())]
        twice = next((name for _, name in names if names.count((_, name)) > 1), None)
        if twice:
            raise ValidationError(f"{twice} is named twice", "sources")
