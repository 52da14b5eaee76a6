"""Fixes of OpenAPI contracts: one form of errors, 429, contact and description, announced ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, Refusal, each

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}
_ANSWER: dict[str, Any] = {
    "description": "What went wrong, as a problem.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_LIMITED: dict[str, Any] = {
    "description": "Too many requests: come back later.",
    "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}
_LIMIT = re.compile(r"(\d+)/(\d+(?:s|m|h))")
_NUMBERS = re.compile(r"v?(\d+)(?:\.(\d+))?")


def errors(case: Case) -> Iterator[Answer]:
    """A 4xx and a default answer of one form for each operation that lacks them."""
    yield from _in_files(case, case.items, _error_model)


def _error_model(case: Case, path: str, items: Sequence[Item]) -> Iterator[Answer]:
    text, root = _contract(case, path)
    wanted = {str(item["name"]) for item in items}
    bodies = {name: _error_bodies(operation, root) for name, operation in _operations(root)}
    form, content = _form(bodies, case.params.get("models", ("problem",)))
    edits: list[Splice] = []
    left: list[str] = []
    for name, operation in _operations(root):
        responses = operation.get("responses")
        if name not in wanted or responses is None:
            continue
        if any(kind not in ("", form) for kind, _ in bodies[name]):
            left.append(name)
            continue
        for kind, body in bodies[name]:
            edits += text.put(body, ["content"], content) if not kind else []
        if responses.get("default") is None:
            edits += text.put(responses, ["default"], {"$ref": "#/components/responses/Problem"})
    if edits:
        schemas = {"schemas": {"Problem": PROBLEM}} if form == "problem" else {}
        answer = {"description": _ANSWER["description"], "content": content}
        edits += _components(text, root, {"responses": {"Problem": answer}, **schemas})
        said = "problems (RFC 9457)" if form == "problem" else f"of the schema that others have, {form}"
        yield Edit(path, tuple(edits), f"errors are {said}, declared once and named by each operation")
        yield Note("Errors are now declared in one form: see that the service answers so.")
    for name in left:
        yield Refusal(path, 0, f"{name} has errors of another form: changing what clients read is for people to decide")


def _error_bodies(operation: Node, root: Node) -> list[tuple[str, Node]]:
    """Each error answer that stands in an operation: how its body is described ("" not at all), and where."""
    responses = operation.get("responses")
    found = []
    for key, body in responses.pairs if responses is not None and responses.kind == "mapping" else ():
        if _is_error(key.value) and body.kind == "mapping":
            found.append((_described_as(body, root), body))
    return found


def _described_as(body: Node, root: Node) -> str:
    reference = body.get("$ref")
    if reference is not None:
        target = root.at(*reference.value[2:].split("/")) if reference.value.startswith("#/") else None
        return _described_as(target, root) if target is not None and target.get("$ref") is None else "elsewhere"
    content = body.get("content")
    if content is None:
        return ""
    if any(key.value.startswith("application/problem+") for key, _ in content.pairs):
        return "problem"
    schema = content.pairs[0][1].at("schema", "$ref") if content.pairs else None
    return schema.value if schema is not None else "inline"


def _form(bodies: Mapping[str, Sequence[tuple[str, Node]]], models: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    """The form that errors get: the one schema that they have already where there is just one, else problems."""
    known = {kind: body for found in bodies.values() for kind, body in found if kind not in ("", "inline", "elsewhere")}
    if len(known) == 1 and "shared" in models:
        ((kind, body),) = known.items()
        content = body.get("content")
        if kind != "problem" and content is not None:
            return kind, {key.value: {"schema": {"$ref": kind}} for key, _ in content.pairs}
    return "problem", _ANSWER["content"]


def limits(case: Case) -> Iterator[Answer]:
    """A 429 with `Retry-After` for every operation, and the limit in the gateway.

    How many requests are allowed is asked for; until a limit is known no contract promises its answer.
    """
    said = _LIMIT.fullmatch(case.answer("rate_limit"))

    def mend(item: Item) -> Iterator[Answer]:
        enforced = item.get("limits_enforced")
        if not enforced and said is None:
            unseen = "" if enforced is False else " No limit can be seen from here."
            text_ = f"How many requests may a client make to {item['name']} (such as 100/1s)?{unseen}"
            yield Question("rate_limit", text_)
            return
        text, root = _contract(case, str(item["path"]))
        edits: list[Splice] = []
        bodies = {name: _error_bodies(operation, root) for name, operation in _operations(root)}
        form, content = _form(bodies, ("problem", "shared"))
        for _, operation in _operations(root):
            responses = operation.get("responses")
            if responses is not None and responses.get("429") is None:
                edits += text.put(responses, ["429"], {"$ref": "#/components/responses/TooManyRequests"})
        if edits:
            parts: dict[str, dict[str, Any]] = {"responses": {"TooManyRequests": {**_LIMITED, "content": content}}}
            parts |= {"schemas": {"Problem": PROBLEM}} if form == "problem" else {}
            edits += _components(text, root, parts)
            yield Edit(str(item["path"]), tuple(edits), "clients can see that they are limited, and when to come back")
            yield Note("A 429 is now declared for each operation: see that the gateway answers so.")
        if enforced is False and said is not None:
            yield from _enforced(case, said)

    yield from each(case, case.items, mend)


def _enforced(case: Case, said: re.Match[str]) -> Iterator[Answer]:
    """The limit itself, in a Tyk definition of this repository."""
    gateways = [one for one in case.own("api.gateways") if one.get("format") == "tyk-oas" and not one.get("partial")]
    if not gateways:
        yield Refusal("", 0, "no Tyk definition stands in this repository: set the limit where its gateway is")
        return
    for gateway in gateways:
        text = case.yaml(str(gateway["path"]))
        root = text.document_at(int(gateway["line"]))
        value = {"enabled": True, "rate": int(said[1]), "per": said[2]}
        edits = text.put(root, ["x-tyk-api-gateway", "upstream", "rateLimit"], value)
        yield Edit(str(gateway["path"]), tuple(edits), f"the gateway allows {said[0]}")


def contract(case: Case) -> Iterator[Answer]:
    """Contact and description as the catalog has them, and a version of three numbers."""

    def mend(item: Item) -> Iterator[Answer]:
        text, root = _contract(case, str(item["path"]))
        info = root.get("info")
        if info is None or info.kind != "mapping":
            raise Uneditable("it has no info", root.line)
        edits: list[Splice] = []
        if not item.get("description_words"):
            known = "" if case.entity.provisional else str(case.entity.metadata.get("description") or "").strip()
            said = case.answer("api_description") or known
            if said:
                edits += text.put(info, ["description"], " ".join(said.split()))
            else:
                yield Question("api_description", "What is the API for, in one sentence?")
        if case.params.get("contact_required", True) and not item.get("contact"):
            contact = _contact(case)
            if contact:
                edits += text.put(info, ["contact"], contact)
            else:
                yield Question("contact", "Whom do callers of the API ask (an address or a URL)?")
        if case.params.get("semantic_version_required") and not item.get("semantic_version"):
            version = info.get("version")
            match = _NUMBERS.fullmatch(version.value) if version is not None else None
            number = case.answer("api_version") or (f"{match[1]}.{match[2] or 0}.0" if match else "")
            if number:
                edits += text.put(info, ["version"], number)
            else:
                yield Question("api_version", "Which version is the API (three numbers, such as 1.0.0)?")
        for problem in list(item.get("problems", ()))[:10]:
            line, _, message = str(problem).partition(": ")
            yield Refusal(str(item["path"]), int(line) if line.isdigit() else 0, message)
        if edits:
            yield Edit(str(item["path"]), tuple(edits), f"{item['name']} says what it is and whom to ask")

    yield from each(case, case.items, mend)


def _contact(case: Case) -> Mapping[str, str]:
    said = case.answer("contact")
    if said:
        return {"url": said} if "://" in said else {"email": said}
    ref = case.world.catalog.owner(case.entity.ref)
    owner = case.world.catalog.get(ref) if ref else None
    profile = owner.spec.get("profile") if owner is not None else None
    email = profile.get("email") if isinstance(profile, dict) else None
    return {"name": owner.title, "email": email} if owner is not None and isinstance(email, str) else {}


def secured(case: Case) -> Iterator[Answer]:
    """Where the contract declares exactly one scheme, every operation requires it."""

    def mend(item: Item) -> Iterator[Answer]:
        text, root = _contract(case, str(item["path"]))
        schemes = root.at("components", "securitySchemes")
        names = [key.value for key, _ in schemes.pairs] if schemes is not None and schemes.kind == "mapping" else []
        scheme = case.answer("security_scheme") or (names[0] if len(names) == 1 else "")
        if scheme not in names:
            yield Question("security_scheme", f"Which scheme must callers of {item['name']} use?", tuple(names))
            return
        if root.get("security") is not None or any(op.get("security") is not None for _, op in _operations(root)):
            raise Uneditable("some operations say so themselves: whether they are meant to be open is yours", root.line)
        edits = text.put(root, ["security"], [{scheme: []}], after="info")
        yield Edit(str(item["path"]), tuple(edits), f"every operation requires {scheme}, the scheme that it declares")
        yield Note(f"{scheme} is now required of every operation of {item['name']}: see that its gateway agrees.")

    yield from each(case, case.items, mend)


def deprecations(case: Case) -> Iterator[Answer]:
    """Headers that announce the end of deprecated operations; where a version stands is for people to choose."""

    def mend(item: Item) -> Iterator[Answer]:
        text, root = _contract(case, str(item["path"]))
        edits: list[Splice] = []
        header = {"description": "When it was deprecated (RFC 9745).", "schema": {"type": "string"}}
        for _, operation in _operations(root):
            old = operation.get("deprecated")
            responses = operation.get("responses")
            if old is None or old.value != "true" or responses is None:
                continue
            for code, answer in responses.pairs:
                if code.value.startswith("2") and answer.kind == "mapping" and answer.get("$ref") is None:
                    edits += text.put(answer, ["headers", "Deprecation"], header)
        if edits:
            yield Edit(str(item["path"]), tuple(edits), "deprecated operations say so in their answers")
        styles = set(case.params.get("styles", ()))
        if not styles & set(item.get("versioning", ())):
            why = f"callers can't name a version: choose {' or '.join(sorted(styles))}, which changes what they call"
            yield Refusal(str(item["path"]), int(item["line"]), why)

    yield from each(case, case.items, mend)


def _in_files(case: Case, items: Sequence[Item], mend: Any) -> Iterator[Answer]:
    for path in dict.fromkeys(str(item["path"]) for item in items):
        try:
            yield from list(mend(case, path, [item for item in items if item["path"] == path]))
        except Uneditable as refused:
            yield Refusal(path, refused.line, refused.why)


def _contract(case: Case, path: str) -> tuple[YamlText, Node]:
    text = case.yaml(path)
    root = next((one for one in text.roots if one.kind == "mapping" and one.get("openapi") is not None), None)
    if root is None:
        raise Uneditable("it is no OpenAPI 3 document of its own (the text of an entity, or Swagger 2)")
    return text, root


def _operations(root: Node) -> Iterator[tuple[str, Node]]:
    paths = root.get("paths")
    for path, item in paths.pairs if paths is not None and paths.kind == "mapping" else ():
        for method, operation in item.pairs if item.kind == "mapping" else ():
            if method.value in METHODS and operation.kind == "mapping":
                yield f"{method.value.upper()} {path.value}", operation


def _is_error(code: str) -> bool:
    return code.lower() == "default" or code[:1] in ("4", "5")


def _components(text: YamlText, root: Node, wanted: Mapping[str, Mapping[str, Any]]) -> list[Splice]:
    """What operations now name, where it is not there yet."""
    there = root.get("components")
    if there is None or there.is_null:
        return text.put(root, ["components"], dict(wanted))
    edits: list[Splice] = []
    for group, parts in wanted.items():
        known = there.get(group)
        missing = {name: part for name, part in parts.items() if known is None or known.get(name) is None}
        if missing and (known is None or known.is_null):
            edits += text.put(there, [group], missing)
        for name, part in missing.items():
            if known is None or known.is_null:
                break
            edits += text.put(known, [name], part)
    return edits
