"""The OpenAPI document made exact: what the guard, the limits and the cache answer stands on every route."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from apispec import APISpec
from flask import Flask

from app.api.guard import scope_of
from app.api.schemas import Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_ALWAYS = {
    "401": "Not signed in, or the credentials are not accepted; the answer never says why.",
    "403": "The scope is missing, or a browser says that another site asked.",
    "421": "Sign-in is off, and this name of the server is not answered.",
    "429": "Too many requests: `retry_after` says when to come back.",
    "503": "Who asks can't be checked now: `retry_after` says when to come back.",
}
_WAITS = ("429", "503")
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
INFO = {
    "title": "Roadworthy",
    "version": version("roadworthy"),
    "summary": "SRE maturity scorecards for a developer portal.",
    "description": (
        "Levels, scores, facts and history of every catalog entity, and the place behind each verdict. "
        "The version of the API stands in its paths; the one above is the software's."
    ),
    "contact": {"name": "Roadworthy maintainers", "email": "roadworthy@example.org"},
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_WITH_BODY = {"400": "The body is no JSON.", "413": "The body is too large."}
_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `roadworthy token create`, or one of the portal's. Not needed while sign-in is off.",
    }
}


def complete(app: Flask, spec: APISpec) -> None:
    """Adds to a document whose routes are all registered."""
    spec.options["info"] = INFO
    for name, scheme in _SECURITY.items():
        spec.components.security_scheme(name, scheme)
    spec.components.responses.pop("DEFAULT_ERROR", None)
    spec.components.schemas.pop("Error", None)
    spec.components.schemas.pop("PaginationMetadata", None)
    scopes = _scopes(app)
    for path, operations in spec._paths.items():  # the document itself; apispec has no other way to it
        for method in _METHODS:
            if method in operations:
                _complete(operations[method], method, scopes.get((path, method), ""))


def _complete(operation: dict[str, Any], method: str, scope: str) -> None:
    responses = operation["responses"]
    responses.pop("default", None)
    wanted = {**_ALWAYS, **(_WITH_BODY if "requestBody" in operation else {})}
    for status, description in wanted.items():
        responses.setdefault(status, {"description": description, "content": _PROBLEM})
    for status in _WAITS:
        responses[status].setdefault("headers", _RETRY_AFTER)
    if method == "get":
        responses.setdefault("422", {"description": "A query that it does not know.", "content": _PROBLEM})
        responses.setdefault("304", {"description": "The client's copy is current (`If-None-Match`)."})
    operation["security"] = [{"bearer": []}]
    if scope:
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
        operation["x-required-scope"] = scope


_PROBLEM = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}


def _scopes(app: Flask) -> dict[tuple[str, str], str]:
    """(path as the document spells it, method) → the scope it needs."""
    found = {}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}")
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}:
            scope = scope_of(app, rule.endpoint, method)
            if scope:
                found[path, method.lower()] = scope
    return found
