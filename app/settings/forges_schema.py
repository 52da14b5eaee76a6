"""The schema of `sources.forges`."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.settings.forges import ForgeHost, ForgeSource, GitHubApp
from app.settings.parts import Base, DurationField, SecretSchema
from app.settings.webhooks import FORGES

_OWN_ADDRESS = ("gitea", "forgejo", "bitbucket-server")


class GitHubAppSchema(Base):
    into = GitHubApp
    id = fields.String(required=True, metadata={"description": "The App's id, or its client id."})
    installation = fields.String(required=True, metadata={"description": "The installation's id in the organisation."})
    private_key = fields.Nested(
        SecretSchema, required=True, metadata={"description": "The App's private key (PEM), by variable or file."}
    )


class ForgeHostSchema(Base):
    into = ForgeHost
    host = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9.-]+(:\d+)?\Z", error="is a host name, with a port where there is one"),
        metadata={"description": "Host that repositories lie at: git.acme.example, or with its port."},
    )
    forge = fields.String(
        required=True,
        validate=validate.OneOf(FORGES, error=f"must be one of {', '.join(FORGES)}"),
        metadata={"description": "Which forge it is, so that links lead to its pages."},
    )


class ForgeSourceSchema(Base):
    into = ForgeSource
    forge = fields.String(
        required=True,
        validate=validate.OneOf(FORGES, error=f"must be one of {', '.join(FORGES)}"),
        metadata={"description": "Which forge it is."},
    )
    owner = fields.String(
        required=True,
        validate=validate.Length(1),
        metadata={"description": "The organisation, group (with those below it), workspace, project key or user."},
    )
    url = fields.Url(
        require_tld=False,
        schemes={"http", "https"},
        metadata={"description": "The API's address; the public one where there is one. Private needs allow_private."},
    )
    token = fields.Nested(SecretSchema, metadata={"description": "A token that may list and read repositories."})
    app = fields.Nested(GitHubAppSchema, metadata={"description": "A GitHub App instead of a token."})
    include = fields.List(fields.String(), metadata={"description": "Globs over group/name; empty: all."})
    exclude = fields.List(  # type: ignore[assignment]  # a schema's own `exclude` is set on its instances
        fields.String(), metadata={"description": "Globs over group/name that are left out."}
    )
    interval = DurationField(
        metadata={"description": "How often its repositories are looked at; by default as polling.interval says."}
    )
    archived = fields.Boolean(metadata={"description": "Archived repositories as well."})
    forks = fields.Boolean(metadata={"description": "Forks as well."})

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("forge") in _OWN_ADDRESS and not data.get("url"):
            raise ValidationError("is needed: this forge has no public address", "url")
        if data.get("app") and data.get("forge") != "github":
            raise ValidationError("is GitHub's", "app")
        if data.get("app") and data.get("token"):
            raise ValidationError("name a token or an App, not both", "app")
