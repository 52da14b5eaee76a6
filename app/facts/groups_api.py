"""The facts about HTTP APIs: their contracts, operation by operation, and the gateways before them."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

DEFINITION = {
    "name": Field("string", "Title of the API, or the name of its entity"),
    "api": Field("string", "Reference of the API entity"),
    "format": Field("string", "openapi, swagger, or empty where the definition is neither"),
    "version": Field("string", "Version of the specification, such as 3.1.0"),
    "api_version": Field("string", "The API's own version, or empty"),
    "semantic_version": Field("bool", "That version is a semantic one (1.4.0)"),
    "description_words": Field("int", "Words of its description", "words"),
    "contact": Field("bool", "It names an address of whoever keeps it"),
    "problems": Field("strings", "Where it breaks its specification, each as line: sentence"),
    "versioning": Field("strings", "Where callers name the version: path, header, media_type, query"),
    "operation_count": Field("int", "Operations it describes", "operations"),
    "deprecated_silently": Field("int", "Deprecated operations without a Deprecation or Sunset header", "operations"),
    "limits_documented_ratio": Field("double", "Share of operations whose 429 carries headers", "ratio 0..1"),
    "limit_headers": Field("strings", "Headers of those answers, in lower case"),
    "limits_enforced": Field("bool", "A gateway limits requests"),
    "secured": Field("bool", "Every operation requires one of its security schemes"),
    "authenticated": Field("bool", "Its contract or its gateway knows who calls"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}
OPERATION = {
    "name": Field("string", "Method and path, such as GET /orders/{id}"),
    "api": Field("string", "Reference of the API entity"),
    "client_error": Field("bool", "It declares a 4xx answer (or a default one)"),
    "server_error": Field("bool", "It declares a 5xx answer (or a default one)"),
    "error_model": Field("string", "problem (RFC 9457), shared (the API's one schema), other, or none (no body)"),
    "limited": Field("bool", "It declares a 429 answer"),
    "limit_headers": Field("strings", "Headers of that answer, in lower case"),
    "secured": Field("bool", "It requires a security scheme"),
    "deprecated": Field("bool", "It is deprecated"),
    "announced": Field("bool", "Its answers carry a Deprecation or Sunset header"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}
GATEWAY = {
    "name": Field("string", "Name of the definition"),
    "format": Field("string", "tyk-oas, tyk-classic, kong, istio, ingress"),
    "listen_path": Field("string", "Path it listens on, or empty"),
    "active": Field("bool", "It is switched on"),
    "authenticates": Field("bool", "Callers are known"),
    "limits": Field("bool", "Requests are limited; absent where keys may carry limits that are kept elsewhere"),
    "timeouts": Field("bool", "A slow upstream is given up on in time"),
    "circuit_breaker": Field("bool", "A failing upstream is left alone for a while"),
    "health_checks": Field("bool", "Upstreams are checked, and unhealthy ones left out"),
    "versioning": Field("strings", "Where callers name the version, as the gateway is told"),
    "partial": Field("bool", "It only adds to what another definition says"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

API = Group(
    "api",
    1,
    "The contracts of the API that the entity is, or that it provides, and the gateways before them.",
    {
        "definitions": Fact("items", "Contracts, one an API.", fields=DEFINITION),
        "operations": Fact("items", "Operations of those contracts.", fields=OPERATION),
        "gateways": Fact("items", "Gateway definitions of those APIs.", fields=GATEWAY),
        "timeouts": Fact("bool", "A gateway gives up on a slow upstream"),
        "failures_isolated": Fact("bool", "A gateway breaks the circuit to, or leaves out, a failing upstream"),
        "unreadable": unreadable("contracts"),
    },
)
