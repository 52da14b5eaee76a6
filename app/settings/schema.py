"""The settings file's schema: what is accepted, and one sentence for each setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.settings.access import Auth, is_loopback
from app.settings.access_schema import AuthSchema, origin
from app.settings.forges_schema import ForgeHostSchema, ForgeSourceSchema
from app.settings.gate_schema import GatingSchema
from app.settings.model import (
    EVIDENCE,
    BackstageSource,
    Credential,
    Database,
    EvidenceRepository,
    Mirrors,
    Policy,
    Polling,
    Serving,
    Settings,
    Sources,
    Transport,
)
from app.settings.notifications_schema import NotificationsSchema
from app.settings.parts import Base, DurationField, SecretSchema
from app.settings.portal_schema import TechInsightsSchema
from app.settings.running_schema import RedisSchema, WorkSchema
from app.settings.webhooks_schema import WebhooksSchema


def _at_least(least: int) -> validate.Range:
    return validate.Range(min=least, error=f"must be at least {least}")


class DatabaseSchema(Base):
    into = Database
    url = fields.String(metadata={"description": "SQLAlchemy URL of the database. SQLite needs no server."})
    connections = fields.Integer(
        validate=_at_least(1), metadata={"description": "Connections a process keeps to PostgreSQL; twice in a rush."}
    )


class MirrorsSchema(Base):
    into = Mirrors
    path = fields.String(metadata={"description": "Folder of the bare partial mirrors."})
    concurrency = fields.Integer(validate=_at_least(1), metadata={"description": "Repositories read at once."})
    timeout = DurationField(metadata={"description": "Longest time for one git command."})
    max_file_size = fields.Integer(validate=_at_least(1), metadata={"description": "Bytes; a larger file is not read."})
    max_files = fields.Integer(validate=_at_least(1), metadata={"description": "Files a repository may have."})
    max_total_size = fields.Integer(validate=_at_least(1), metadata={"description": "Bytes read of one repository."})
    max_depth = fields.Integer(validate=_at_least(1), metadata={"description": "Deepest folder that is read."})
    history = DurationField(metadata={"description": "How far back history is fetched to date a file's last change."})


class TransportSchema(Base):
    into = Transport
    hosts = fields.List(fields.String(), metadata={"description": "Hosts that may be asked (globs); empty: any."})
    allow_file = fields.Boolean(metadata={"description": "Allow local repositories (file URLs and directories)."})
    allow_http = fields.Boolean(metadata={"description": "Allow http; only to loopback unless allow_private."})
    allow_git = fields.Boolean(metadata={"description": "Allow git; only to loopback unless allow_private."})
    allow_private = fields.Boolean(metadata={"description": "Allow private addresses for http and git."})


class CredentialSchema(Base):
    into = Credential
    host = fields.String(required=True, metadata={"description": "The host it is for, never sent elsewhere."})
    username = fields.String(metadata={"description": "User name; many forges take any."})
    token = fields.Nested(SecretSchema, metadata={"description": "Token or password, by variable or file."})
    ssh_key_file = fields.String(metadata={"description": "Private key for ssh URLs."})


class BackstageSchema(Base):
    into = BackstageSource
    name = fields.String(load_default="backstage", metadata={"description": "Name of this source in lists."})
    url = fields.Url(
        required=True, require_tld=False, metadata={"description": "Base URL of the catalog: https://…/api/catalog."}
    )
    token = fields.Nested(SecretSchema, metadata={"description": "Bearer token, by variable or file."})


class SourcesSchema(Base):
    into = Sources
    repositories = fields.List(fields.String(), metadata={"description": "Git URLs to crawl."})
    directories = fields.List(
        fields.String(), metadata={"description": "Local folders: a working tree, or a folder of repositories."}
    )
    backstage = fields.List(fields.Nested(BackstageSchema), metadata={"description": "Backstage catalogs to read."})
    forges = fields.List(
        fields.Nested(ForgeSourceSchema), metadata={"description": "Forges whose repositories are discovered."}
    )
    hosts = fields.List(
        fields.Nested(ForgeHostSchema),
        metadata={"description": "Which forge a host is, where no forge or webhook source says so."},
    )

    @validates_schema
    def _apart(self, data: dict[str, Any], **_: Any) -> None:
        """What one lists and the other leaves out would come and go with every round."""
        named = [(one.forge, one.owner.lower(), one.url.rstrip("/")) for one in data.get("forges", ())]
        twice = next((one for one in named if named.count(one) > 1), None)
        if twice:
            raise ValidationError(f"{twice[0]} {twice[1]} is named twice: join its include and exclude", "forges")


class EvidenceSchema(Base):
    into = EvidenceRepository
    url = fields.String(required=True, metadata={"description": "A repository that serves many services."})
    provides = fields.List(
        fields.String(validate=validate.OneOf(EVIDENCE, error=f"must be one of {', '.join(EVIDENCE)}")),
        metadata={"description": "What it holds for others."},
    )


class PolicySchema(Base):
    into = Policy
    path = fields.String(metadata={"description": "Folder of scorecards; empty: the ones that come with Roadworthy."})


class PollingSchema(Base):
    into = Polling
    interval = DurationField(metadata={"description": "How often each repository is asked for its tip."})
    discover_interval = DurationField(metadata={"description": "How often providers list what exists."})


class ServingSchema(Base):
    into = Serving
    host = fields.String(metadata={"description": "Address to listen on; other than loopback only with auth.mode on."})
    port = fields.Integer(validate=validate.Range(0, 65535), metadata={"description": "Port; 0 picks a free one."})
    threads = fields.Integer(validate=_at_least(1), metadata={"description": "Requests answered at once."})
    processes = fields.Integer(
        validate=validate.Range(0, 64),
        metadata={"description": "Web processes (Granian, for production); 0: one, embedded (waitress)."},
    )
    public_url = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        metadata={"description": "Where people reach these pages: links lead there, cookies are for it alone."},
    )
    hosts = fields.List(
        fields.String(),
        metadata={"description": "Names it may be asked by while sign-in is off, beside loopback: by these, everyone."},
    )
    cors_origins = fields.List(
        fields.String(validate=origin),
        metadata={"description": "Origins whose scripts may call the API with a bearer token, such as the portal's."},
    )
    frame_ancestors = fields.List(
        fields.String(validate=origin),
        metadata={"description": "Origins that may frame widgets and badges."},
    )


class SettingsSchema(Base):
    into = Settings
    organisation = fields.String(metadata={"description": "The name shown on pages."})
    database = fields.Nested(DatabaseSchema)
    mirrors = fields.Nested(MirrorsSchema)
    transport = fields.Nested(TransportSchema)
    credentials = fields.List(fields.Nested(CredentialSchema))
    sources = fields.Nested(SourcesSchema)
    evidence_repositories = fields.List(fields.Nested(EvidenceSchema))
    policy = fields.Nested(PolicySchema)
    polling = fields.Nested(PollingSchema)
    serve = fields.Nested(ServingSchema)
    tech_insights = fields.Nested(TechInsightsSchema)
    auth = fields.Nested(AuthSchema)
    redis = fields.Nested(RedisSchema)
    worker = fields.Nested(WorkSchema)
    webhooks = fields.Nested(WebhooksSchema)
    gate = fields.Nested(GatingSchema)
    notifications = fields.Nested(NotificationsSchema)

    @validates_schema
    def _no_strangers(self, data: dict[str, Any], **_: Any) -> None:
        host = data.get("serve", Serving()).host
        if data.get("auth", Auth()).mode == "off" and not is_loopback(host):
            sentence = f"{host} is not loopback: set auth.mode to on, or serve on 127.0.0.1"
            raise ValidationError({"serve": {"host": [sentence]}})


def describe(schema: Schema | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(dotted name, sentence) of every setting, for the docs and their test."""
    for name, field_ in (schema or SettingsSchema()).fields.items():
        inner = field_.inner if isinstance(field_, fields.List) else field_
        if isinstance(inner, fields.Nested) and not isinstance(inner.schema, SecretSchema):
            yield from describe(inner.schema, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(field_.metadata.get("description", ""))
