"""The operations of an OpenAPI (or Swagger) document: errors, limits, security, deprecation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.formats.apis.model import ApiOperation
from app.formats.apis.references import is_external, line, resolved

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MOST_OPERATIONS = 500
_PROBLEM = re.compile(r"application/problem\+(json|xml)", re.IGNORECASE)
_ELSEWHERE = "an answer of it stands in another file, which is not followed"
_ANNOUNCES = ("deprecation", "sunset")
_FEW = 0.9
"""Share of error answers that one schema must have to be the API's own."""


def operations_of(root: Mapping[str, Any]) -> tuple[ApiOperation, ...]:
    """Every operation, in order; `shared` errors are those of the one schema that most of them have."""
    found: list[tuple[ApiOperation, list[str]]] = []
    for path, item, method, operation in walk(root):
        found.append(_operation(f"{method.upper()} {path}", line(item, method), operation, root))
        if len(found) >= MOST_OPERATIONS:
            break
    counts = Counter(model for _, models in found for model in models)
    common, count = next(iter(counts.most_common(1)), ("", 0))
    shared = common if common and count >= _FEW * sum(counts.values()) else ""
    return tuple(_modelled(operation, models, shared) for operation, models in found)


def walk(root: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]]:
    """(path, path item, method, operation) of all that is shaped like one."""
    paths = root.get("paths")
    for path, written in paths.items() if isinstance(paths, dict) else ():
        item = resolved(written, root)
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield path, item, method, operation


def _operation(
    name: str, at: int, operation: Mapping[str, Any], root: Mapping[str, Any]
) -> tuple[ApiOperation, list[str]]:
    """The operation, and the schema of each of its errors."""
    responses = operation.get("responses")
    responses = responses if isinstance(responses, dict) else {}
    answers = {str(code).upper(): resolved(answer, root) for code, answer in responses.items()}
    hidden = any(is_external(answer) for answer in responses.values())
    errors = [answer for code, answer in answers.items() if code == "DEFAULT" or code[:1] in ("4", "5")]
    limit = next((answer for code, answer in answers.items() if code == "429"), None)
    headers = [name for answer in answers.values() for name in _headers(answer, root)]
    made = ApiOperation(
        name=name[:200],
        line=at,
        client_error=any(code == "DEFAULT" or code.startswith("4") for code in answers),
        server_error=any(code == "DEFAULT" or code.startswith("5") for code in answers),
        limited="429" in answers or "4XX" in answers,
        limit_headers=tuple(_headers(limit, root))[:10],
        secured=_is_secured(operation, root),
        deprecated=operation.get("deprecated") is True,
        announced=any(header in _ANNOUNCES for header in headers),
        unknown=dict.fromkeys(("error_model", "limit_headers", "announced"), _ELSEWHERE) if hidden else {},
    )
    produces = operation.get("produces", root.get("produces"))
    return made, [_model(error, produces) for error in errors]


def _headers(answer: Any, root: Mapping[str, Any]) -> list[str]:
    headers = resolved(answer, root).get("headers") if isinstance(resolved(answer, root), dict) else None
    return [str(name).lower()[:80] for name in headers] if isinstance(headers, dict) else []


def _model(answer: Any, produces: Any) -> str:
    """How an error's body is described: "problem", its schema's reference, "inline" or "none"."""
    if not isinstance(answer, dict):
        return "none"
    content = answer.get("content")
    if isinstance(content, dict):
        if any(_PROBLEM.match(str(kind)) for kind in content):
            return "problem"
        schemas = [media.get("schema") for media in content.values() if isinstance(media, dict)]
        return _named(schemas[0]) if schemas else "none"
    if answer.get("schema") is not None:  # Swagger 2 names media types beside the answers
        return "problem" if isinstance(produces, list) and any(map(_is_problem, produces)) else _named(answer["schema"])
    return "none"


def _is_problem(kind: Any) -> bool:
    return _PROBLEM.match(str(kind)) is not None


def _named(schema: Any) -> str:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    return reference if isinstance(reference, str) else "inline"


def _modelled(operation: ApiOperation, models: list[str], shared: str) -> ApiOperation:
    if not models:
        return operation
    if all(model == "problem" for model in models):
        return replace(operation, error_model="problem")
    if shared not in ("", "none", "inline") and all(model == shared for model in models):
        return replace(operation, error_model="shared")
    return replace(operation, error_model="none" if all(model == "none" for model in models) else "other")


def _is_secured(operation: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """A security requirement holds that an empty one (`{}`) does not make optional."""
    required = operation.get("security", root.get("security"))
    return isinstance(required, list) and bool(required) and all(isinstance(one, dict) and one for one in required)
