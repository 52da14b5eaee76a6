"""What API contracts and gateway definitions say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.formats.model import Finding, Object


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    """One method of one path. `unknown`: field → why it can't be told (a reference to another file).

    `error_model`: problem (RFC 9457), shared (the schema that most errors of the API share), other, or none (no body).
    """

    name: str
    """`GET /orders/{id}`."""
    line: int
    client_error: bool = False
    server_error: bool = False
    error_model: str = "none"
    limited: bool = False
    """It declares a 429."""
    limit_headers: tuple[str, ...] = ()
    """Headers of that answer, in lower case."""
    secured: bool = False
    deprecated: bool = False
    announced: bool = False
    """A deprecated one says so in a `Deprecation` or `Sunset` header."""
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDefinition(Object):
    """One OpenAPI or Swagger document. `version` is the specification's, `api_version` the API's own.

    `versioning`: styles it shows: path, header, media_type, query. `digest` is of the whole text, by which an API
    entity finds the file that its definition was taken from. `findings`: where the document breaks its specification.
    """

    kind: ClassVar[str] = "api_definition"
    format: str
    version: str
    title: str = ""
    api_version: str = ""
    description_words: int = 0
    contact: bool = False
    versioning: tuple[str, ...] = ()
    operations: tuple[ApiOperation, ...] = ()
    external: int = 0
    """References to other files, which are not followed."""
    digest: str = ""
    labels: Mapping[str, str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayApi(Object):
    """One API as a gateway is told to serve it. `unknown`: field → why it can't be told.

    `format`: tyk-oas, tyk-classic, kong, istio or ingress. `authenticates`: callers are known; `limits`: requests are.
    `partial`: it only adds to what another definition says (Istio, an ingress), so what it lacks is no fault.
    """

    kind: ClassVar[str] = "gateway_api"
    format: str
    name: str
    listen_path: str = ""
    active: bool = True
    authenticates: bool = False
    limits: bool = False
    limits_by_key: bool = False
    """Callers have keys, which may carry limits of their own."""
    timeouts: bool = False
    circuit_breaker: bool = False
    health_checks: bool = False
    versioning: tuple[str, ...] = ()
    partial: bool = False
    namespace: str = ""
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPolicy(Object):
    """Limits that keys get: Tyk's SecurityPolicy. `apis`: names of the definitions it opens."""

    kind: ClassVar[str] = "gateway_policy"
    name: str
    apis: tuple[str, ...]
    limits: bool = False
    namespace: str = ""
    labels: Mapping[str, str]
    object_annotations: Mapping[str, str]
