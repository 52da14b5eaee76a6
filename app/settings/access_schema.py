"""The schema of `auth`: sign-in, who is believed, and who sees what."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate, validates_schema

from app.settings.access import OPENABLE, SCOPES, Auth, BackstageTokens, Limits, Session, TrustedProxy, is_loopback
from app.settings.parts import Base, DurationField, SecretSchema

_ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA")
_NOT_NEGATIVE = validate.Range(min=0, error="must be 0 or more")
_HEADER = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.IGNORECASE)
_PLUGIN = re.compile(r"[A-Za-z0-9_-]+")
_REF = re.compile(r"(user|group):[^/\s]+/[^/\s]+", re.IGNORECASE)


def _words(words: tuple[str, ...], description: str) -> fields.List[Any]:
    one = fields.String(validate=validate.OneOf(words, error=f"must be one of {', '.join(words)}"))
    return fields.List(one, metadata={"description": description})


def _matches(pattern: re.Pattern[str], sentence: str) -> Any:
    def check(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValidationError(sentence)

    return check


def _safe(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValidationError("must be https: whoever stands between could sign anyone in")


def origin(value: str) -> None:
    """An origin as browsers write it: scheme, host and port, nothing else."""
    if not _ORIGIN.fullmatch(value):
        raise ValidationError("is an origin such as https://portal.example.org, without a path")


def _network(value: str) -> None:
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValidationError(f"{error}; write 10.1.2.3 or 10.1.2.0/24") from None
    if network.prefixlen == 0:
        raise ValidationError("that is everyone: name the proxy's own address")


class SessionSchema(Base):
    into = Session
    lifetime = DurationField(metadata={"description": "How long a sign-in on the pages lasts."})
    secret = fields.Nested(
        SecretSchema,
        metadata={"description": "At least 32 characters, by variable or file, the same for every web process."},
    )


class ProxySchema(Base):
    into = TrustedProxy
    header = fields.String(
        validate=_matches(_HEADER, "is a header's name, such as X-Forwarded-User"),
        metadata={"description": "The header that names the signed-in user: a name, reference or email address."},
    )
    addresses = fields.List(
        fields.String(validate=_network),
        required=True,
        validate=validate.Length(1, error="name at least one address"),
        metadata={"description": "The proxy's addresses or networks; from any other peer the header is ignored."},
    )
    scopes = _words(SCOPES, "What people signed in by the proxy may do.")


class BackstageTokensSchema(Base):
    into = BackstageTokens
    url = fields.Url(
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        validate=_safe,
        metadata={"description": "The portal's public backend URL; its tokens name <url>/api/auth as their issuer."},
    )
    internal_url = fields.Url(
        require_tld=False,
        schemes={"http", "https"},
        metadata={
            "description": "Where keys are fetched, if that is another address; http only in a network you trust."
        },
    )
    algorithms = _words(_ALGORITHMS, "Signatures that are believed; never a shared secret.")
    leeway = DurationField(metadata={"description": "How far clocks may differ."})
    user_scopes = _words(SCOPES, "What the portal's users may do.")
    plugins = fields.List(
        fields.String(validate=_matches(_PLUGIN, "is a plugin's id, such as catalog")),
        metadata={"description": "Plugins of the portal whose own tokens are believed."},
    )
    plugin_scopes = _words(SCOPES, "What these plugins may do when they act for nobody.")
    audiences = fields.List(
        fields.String(validate=validate.Length(1)),
        validate=validate.Length(1, error="name at least one audience"),
        metadata={"description": "Target plugin ids a plugin token may be meant for; add tech-insights to replace it."},
    )


class LimitsSchema(Base):
    into = Limits
    reads = fields.Integer(
        validate=_NOT_NEGATIVE, metadata={"description": "Reads a minute for each identity; 0: no limit."}
    )
    writes = fields.Integer(
        validate=_NOT_NEGATIVE, metadata={"description": "Changes a minute for each identity; 0: no limit."}
    )
    failures = fields.Integer(
        validate=_NOT_NEGATIVE,
        metadata={"description": "Refused credentials a minute from each address before it is told to wait."},
    )


class AuthSchema(Base):
    into = Auth
    mode = fields.String(
        validate=validate.OneOf(("off", "on"), error="must be off or on"),
        metadata={"description": "Whether one must sign in: off only on loopback."},
    )
    visibility = fields.String(
        validate=validate.OneOf(("all", "owners"), error="must be all or owners"),
        metadata={"description": "What people see: all entities, or those their groups (and groups below) own."},
    )
    admins = fields.List(
        fields.String(validate=_matches(_REF, "is a reference such as group:default/sre")),
        metadata={"description": "Users, and groups whose direct members hold every scope and see everything."},
    )
    public = _words(OPENABLE, "What anyone may see without signing in.")
    session = fields.Nested(SessionSchema)
    proxy = fields.Nested(ProxySchema)
    backstage = fields.List(fields.Nested(BackstageTokensSchema))
    limits = fields.Nested(LimitsSchema)

    @validates_schema
    def _not_half(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("mode", "off") == "off" and (data.get("proxy") or data.get("backstage")):
            raise ValidationError({"mode": ["is off, but someone is to be believed: set it to on"]})
