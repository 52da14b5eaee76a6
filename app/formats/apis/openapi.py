"""Reader of OpenAPI 3 and Swagger 2 documents. A gateway's part of one (`x-tyk-api-gateway`) is read by `tyk`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.formats.apis import structure, tyk
from app.formats.apis.model import ApiDefinition
from app.formats.apis.operations import operations_of
from app.formats.apis.references import is_external, resolved
from app.formats.model import Finding, Parsed
from app.lib import documents
from app.lib.documents import Document

NAME = "openapi"
_VERSION = re.compile(r"3\.\d+(\.\d+)?(-\w+)?|2\.0")
_IN_PATH = re.compile(r"/v\d+([._-]\d+)*(?=/|$)", re.IGNORECASE)
_IN_MEDIA = re.compile(r"/[^;]*[.+-]v\d|;\s*v(ersion)?\s*=", re.IGNORECASE)
_HEADER = re.compile(r"(x-)?(api-|accept-)?version|api-version", re.IGNORECASE)
_MOST_PATHS = 1_000


def recognises(document: Document) -> bool:
    value = document.value
    return (
        isinstance(value, dict) and ("openapi" in value or "swagger" in value) and ("info" in value or "paths" in value)
    )


def read(document: Document) -> Parsed:
    definition = read_definition(document.value, document.line)
    return Parsed((definition, *tyk.read_extension(document)))


def read_definition(value: Mapping[str, Any], first_line: int, digest: str = "") -> ApiDefinition:
    """One document as an object."""
    swagger = "openapi" not in value
    version = str(value.get("openapi", value.get("swagger", "")))
    found = list(structure.findings(value, swagger=swagger, old=version.startswith("3.0")))
    if not _VERSION.fullmatch(version):
        found.insert(0, Finding(first_line, "openapi-version", f"“{version[:20]}” is no version of OpenAPI"))
    info = value.get("info")
    info = info if isinstance(info, dict) else {}
    description = info.get("description")
    return ApiDefinition(
        line=first_line,
        format="swagger" if swagger else "openapi",
        version=version[:20],
        title=str(info.get("title") or "")[:200],
        api_version=str(info.get("version") or "")[:60],
        description_words=len(description.split()) if isinstance(description, str) else 0,
        contact=_is_contact(info.get("contact")),
        versioning=tuple(sorted(set(_versioning(value)))),
        operations=operations_of(value),
        external=_external(value),
        digest=digest,
        labels={"title": str(info.get("title") or "")[:100]},
        findings=tuple(found),
    )


@lru_cache(maxsize=128)
def digest_of(text: str) -> str:
    """By this a definition is found again: white space around it does not count."""
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()


@lru_cache(maxsize=256)
def read_text(text: str, first_line: int) -> ApiDefinition | None:
    """The definition that an entity holds as text; None when the text is no OpenAPI document."""
    loaded = documents.load_all(text, first_line=first_line, last_wins=True)
    value = next((one.value for one in loaded if one.error is None and recognises(one)), None)
    return None if value is None else read_definition(value, first_line, digest_of(text))


def _is_contact(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(value.get(key), str) and value[key] for key in ("url", "email"))


def _external(root: Any) -> int:
    """How many references leave the document, up to a bound."""
    stack, count = [root], 0
    seen: set[int] = set()
    while stack and len(seen) < 200_000:
        value = stack.pop()
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        count += is_external(value)
        stack.extend(value.values() if isinstance(value, dict) else value)
    return count


def _versioning(root: Mapping[str, Any]) -> Iterator[str]:
    """Where a caller names the version: in the path, a header, a media type or the query."""
    servers = root.get("servers")
    urls = [str(one.get("url", "")) for one in servers if isinstance(one, dict)] if isinstance(servers, list) else []
    paths = root.get("paths")
    names = list(paths)[:_MOST_PATHS] if isinstance(paths, dict) else []
    bases = [*urls, str(root.get("basePath", ""))]
    if any(map(_IN_PATH.search, bases)) or (names and all(map(_IN_PATH.search, names))):
        yield "path"
    for name in names:
        yield from _in_item(resolved(paths.get(name), root) if isinstance(paths, dict) else None, root)


def _in_item(item: Any, root: Mapping[str, Any]) -> Iterator[str]:
    for key, operation in item.items() if isinstance(item, dict) else ():
        yield from _in_parameters(operation if key == "parameters" else _part(operation, "parameters"), root)
        responses = _part(operation, "responses")
        for written in responses.values() if isinstance(responses, dict) else ():
            content = _part(resolved(written, root), "content")
            if isinstance(content, dict) and any(_IN_MEDIA.search(str(kind)) for kind in content):
                yield "media_type"


def _in_parameters(parameters: Any, root: Mapping[str, Any]) -> Iterator[str]:
    for written in parameters if isinstance(parameters, list) else ():
        parameter = resolved(written, root)
        place = _part(parameter, "in")
        if place in ("header", "query") and _HEADER.fullmatch(str(_part(parameter, "name"))):
            yield str(place)


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
