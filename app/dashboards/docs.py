"""The API in words, from its own OpenAPI document: grouped, each operation with a request to copy."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import current_app, g, render_template, request

from app.dashboards.blueprint import blueprint
from app.identity.model import ANONYMOUS

_METHODS = ("get", "post", "put", "delete")
_EXAMPLES = {
    "kind": "component",
    "namespace": "default",
    "name": "payments",
    "scorecard_id": "sre-maturity",
    "check_id": "owner-is-team",
}


@blueprint.get("/docs")
def docs() -> str:
    document = current_app.extensions["openapi"].spec.to_dict()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in sorted(document["paths"].items()):
        for method in (name for name in _METHODS if name in methods):
            groups.setdefault(_group(path), []).append(_operation(document, path, method, methods[method]))
    return render_template(
        "docs.html", groups=groups, base=request.host_url.rstrip("/"), signed=g.identity is not ANONYMOUS
    )


def _group(path: str) -> str:
    parts = [part for part in path.split("/") if part and part not in ("api", "v1")]
    return parts[0].replace("-", " ").capitalize() if parts else "Service"


def _operation(document: dict[str, Any], path: str, method: str, said: dict[str, Any]) -> dict[str, Any]:
    parameters = [_resolved(document, one) for one in (*said.get("parameters", []),)]
    return {
        "id": f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        "method": method.upper(),
        "path": path,
        "summary": said.get("summary", ""),
        "description": said.get("description", ""),
        "parameters": [_parameter(one) for one in parameters],
        "answers": [
            {"code": code, "text": _resolved(document, answer).get("description", "")}
            for code, answer in said.get("responses", {}).items()
            if code != "default"
        ],
        "body": "requestBody" in said,
        "try": f"{request.host_url.rstrip('/')}{_example(path, parameters)}",
    }


def _resolved(document: dict[str, Any], node: Any) -> dict[str, Any]:
    """What a `$ref` within the document leads to."""
    if isinstance(node, str):  # flask-smorest names common responses
        return dict(document.get("components", {}).get("responses", {}).get(node, {}))
    reference = node.get("$ref")
    if not reference:
        return dict(node)
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {})
    return dict(found)


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    schema = one.get("schema") or {}
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return {
        "name": one.get("name", ""),
        "place": one.get("in", ""),
        "required": bool(one.get("required")),
        "type": schema.get("type", ""),
        "choices": schema.get("enum", []),
        "limits": " ".join(limits),
        "default": schema.get("default"),
        "text": one.get("description") or schema.get("description") or "",
    }


def _example(path: str, parameters: list[dict[str, Any]]) -> str:
    needed = {one["name"] for one in parameters if one.get("in") == "query" and one.get("required")}
    for name, value in _EXAMPLES.items():
        path = path.replace("{" + name + "}", quote(value))
    return path + (f"?{urlencode(dict.fromkeys(sorted(needed), '…'))}" if needed else "")
