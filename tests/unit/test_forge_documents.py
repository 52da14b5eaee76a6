"""`forge_shapes.yaml` against the forges' own API documents, where they are at hand.

They are large and belong to the forges, so they are not kept here: put them in a folder as `github.json`,
`gitlab.yaml`, `gitea.json` and `bitbucket.json`, and name it by FORGE_DOCUMENTS.
"""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from forge_shapes import operation, shapes, wrong

FOLDER = Path(os.environ.get("FORGE_DOCUMENTS", "/nonexistent"))
DOCUMENTS = {path.stem: path for path in sorted(FOLDER.glob("*.[jy]*")) if path.stem in shapes()}
# What the documents leave out, each as the forge's prose documentation has it.
EVERY_COLLECTION = {"bitbucket": {"pagelen", "page", "q", "sort"}}  # "Pagination", "Filter and sort API objects"
NOT_NEEDED = {"bitbucket": {"type"}}  # the discriminator of every object of the document
UNDESCRIBED = {"gitlab": re.compile("notes|hooks")}  # in the prose documentation alone
LINES = [
    (forge, line, shape)
    for forge, lines in shapes().items()
    for line, shape in lines.items()
    if line != "prefix" and forge in DOCUMENTS and not (forge in UNDESCRIBED and UNDESCRIBED[forge].search(line))
]


class Document:
    """An OpenAPI 3 or Swagger 2 document, asked for one operation's parts."""

    def __init__(self, path):
        text = path.read_text("utf-8")
        self.whole = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            found = self.whole
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found.get(name.replace("~1", "/").replace("~0", "~"), {})
            node = found
        return node

    def operation(self, method, template, prefix):
        wanted = re.sub(r"\{\w+\+?\}", "{}", template)
        for path, item in self.whole["paths"].items():
            if re.sub(r"\{[\w-]+\}", "{}", path.removeprefix(prefix)) == wanted and method.lower() in item:
                shared = item.get("parameters", [])
                own = item[method.lower()]
                return {**own, "parameters": [self.resolved(one) for one in [*shared, *own.get("parameters", [])]]}
        return None

    def sends(self, found):
        content = self.resolved(found.get("requestBody", {})).get("content", {})
        for one in content.values():
            return one["schema"]
        form = [one for one in found["parameters"] if one["in"] == "formData"]
        if form:
            required = [one["name"] for one in form if one.get("required")]
            return {"properties": {one["name"]: one for one in form}, "required": required}
        return next((one["schema"] for one in found["parameters"] if one["in"] == "body"), {})

    def answer(self, found, status):
        response = self.resolved(found["responses"].get(str(status), {}))
        for one in response.get("content", {}).values():
            return one.get("schema", {})
        return response.get("schema")

    def parts(self, schema):
        """A schema and all that it is made of."""
        schema = self.resolved(schema or {})
        yield schema
        for word in ("allOf", "oneOf", "anyOf"):
            for one in schema.get(word, ()):
                yield from self.parts(one)

    def required(self, schema):
        """Of a `oneOf` any may hold: only what all demand."""
        schema = self.resolved(schema or {})
        return set(schema.get("required", ())).union(*(self.required(one) for one in schema.get("allOf", ())))

    def agrees(self, shape, schema, place):
        """What the page says that the document does not."""
        parts = list(self.parts(schema))
        if shape == "any" or not any(parts):
            return
        if isinstance(shape, list):
            inner = next((one["items"] for one in parts if "items" in one), None)
            # GitLab's Swagger 2 document gives the item where it means a list of it.
            yield from self.agrees(shape[0], inner if inner is not None else schema, place)
        elif isinstance(shape, dict):
            known = {name: inner for one in parts for name, inner in one.get("properties", {}).items()}
            required = self.required(schema)
            for name, inner in shape.items() if known else ():
                plain = name.rstrip("!")
                if plain not in known:
                    yield f"{place}{plain} is not in the document"
                    continue
                if name.endswith("!") and plain not in required:
                    yield f"{place}{plain} is not required by the document"
                yield from self.agrees(inner, known[plain], f"{place}{plain}.")
        else:
            kinds = {kind for one in parts for kind in _kinds(one)}
            if kinds and {"int": "integer", "str": "string", "bool": "boolean"}[shape] not in kinds:
                yield f"{place.rstrip('.')} is {sorted(kinds)} in the document, {shape} here"


def _kinds(schema):
    found = schema.get("type", ())
    return {found} if isinstance(found, str) else set(found)


@pytest.fixture(scope="module")
def documents():
    return {forge: Document(path) for forge, path in DOCUMENTS.items()}


if LINES:

    @pytest.mark.parametrize(("forge", "line", "shape"), LINES, ids=[f"{forge} {line}" for forge, line, _ in LINES])
    def test_the_page_says_what_the_document_says(documents, forge, line, shape):
        document, (method, template) = documents[forge], line.split(" ")
        found = document.operation(method, template, shapes()[forge]["prefix"])
        assert found is not None, "no such operation"
        query = {one["name"] for one in found["parameters"] if one["in"] == "query"} | EVERY_COLLECTION.get(
            forge, set()
        )
        problems = [f"no parameter {name}" for name in shape.get("query", ()) if name not in query]
        sent = document.sends(found)
        problems += document.agrees(shape.get("sends", "any"), sent, "")
        required = document.required(sent) - NOT_NEEDED.get(forge, set()) if "sends" in shape else set()
        problems += [f"{name} is required" for name in required if f"{name}!" not in shape["sends"]]
        status = shape.get("status", 200)
        told = set(found["responses"]) | ({"201"} if forge == "gitlab" else set())  # its document knows no 201
        assert str(status) in told
        problems += document.agrees(shape.get("answer", "any"), document.answer(found, status), "")
        assert problems == []


def test_a_request_that_no_forge_documents_is_told():
    assert wrong("github", "GET", "/repos/acme/shop/hook", None, 200, []) == [
        "github documents no GET /repos/acme/shop/hook"
    ]
    assert operation("gitlab", "GET", "/api/v4/projects/acme/shop/hooks") is None  # the slash must come quoted
    assert operation("gitlab", "GET", "/api/v4/projects/acme%2Fshop/hooks") is not None
    assert operation("github", "GET", "/repos/acme/shop/git/ref/heads/a/b") is not None  # a name of many parts


def test_what_is_sent_or_answered_wrongly_is_told():
    line = "POST /repos/{owner}/{repo}/check-runs"
    annotation = {"path": "a", "start_line": "1", "end_line": 1, "annotation_level": "notice"}
    body = {"name": "x", "colour": "red", "output": {"title": "t", "summary": "s", "annotations": [annotation]}}
    assert wrong("github", "POST", "/repos/a/b/check-runs?draft=1", body, 200, {"id": "7"}) == [
        f"{line} takes no parameter draft",
        f"{line}: sent without head_sha",
        f"{line}: sent colour, which is not documented",
        f"{line}: sent without output.annotations.message",
        f"{line}: sent output.annotations.start_line as str, documented as int",
        f"{line} answers 201, the stub 200",
        f"{line}: answered id as str, documented as int",
    ]
