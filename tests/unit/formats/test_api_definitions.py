"""OpenAPI and Swagger documents: what they describe, and where they break their specification."""

from __future__ import annotations

import json
import time
from textwrap import dedent, indent

import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.facts import codec
from app.formats import reading
from app.formats.apis import openapi
from app.formats.apis.model import ApiDefinition, ApiOperation

HEAD = "openapi: 3.0.3\ninfo: {title: Shop, version: 1.2.3}\n"


def read(text: str, path: str = "openapi.yaml") -> ApiDefinition:
    (found,) = [one for one in reading.read(path, text.encode()).objects if isinstance(one, ApiDefinition)]
    return found


def one_path(inside: str, path: str = "/carts", more: str = "") -> str:
    return f"{HEAD}paths:\n  {path}:\n{indent(dedent(inside).strip(), '    ')}\n{dedent(more)}"


def operation(responses: str, more: str = "", components: str = "") -> ApiOperation:
    text = one_path(f"get:\n  responses: {{{responses}}}\n{indent(more, '  ')}", more=components)
    (found,) = read(text).operations
    return found


def problems(text: str) -> list[str]:
    return [f"{one.line} {one.message}" for one in read(text).findings]


OK = "'200': {description: ok}"
COMPONENTS = """\
components:
  responses:
    Problem: {description: bad, content: {application/problem+json: {schema: {type: object}}}}
  schemas:
    Error: {type: object}
    Other: {type: object}
"""
ERROR = "content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}"


def test_a_small_contract_is_read_with_its_lines() -> None:
    found = read(one_path(f"get:\n  responses: {{{OK}}}\npost:\n  responses: {{{OK}}}"))
    assert (found.format, found.version, found.title, found.api_version) == ("openapi", "3.0.3", "Shop", "1.2.3")
    assert [(one.name, one.line) for one in found.operations] == [("GET /carts", 5), ("POST /carts", 7)]
    assert found.findings == ()


@pytest.mark.parametrize(
    ("responses", "client", "server"),
    [
        (OK, False, False),
        (f"{OK}, '404': {{description: no}}", True, False),
        (f"{OK}, 4XX: {{description: no}}, '503': {{description: no}}", True, True),
        (f"{OK}, default: {{description: no}}", True, True),
    ],
)
def test_errors_are_declared_by_code_range_or_default(responses: str, client: bool, server: bool) -> None:
    found = operation(responses)
    assert (found.client_error, found.server_error) == (client, server)


@pytest.mark.parametrize(
    ("responses", "model"),
    [
        ("'404': {$ref: '#/components/responses/Problem'}", "problem"),
        (f"'404': {{description: no, {ERROR}}}, '500': {{description: no, {ERROR}}}", "shared"),
        ("'404': {description: no}", "none"),
        ("'404': {description: no, content: {application/json: {schema: {type: object}}}}", "other"),
        (f"'404': {{description: no, {ERROR}}}, '500': {{description: no}}", "other"),
    ],
)
def test_errors_have_one_form_or_none(responses: str, model: str) -> None:
    assert operation(responses, components=COMPONENTS).error_model == model


def test_a_schema_that_few_errors_have_is_not_the_apis_own() -> None:
    other = ERROR.replace("schemas/Error", "schemas/Other")
    paths = "".join(
        f"  /p{n}: {{get: {{responses: {{'404': {{description: no, {ERROR if n else other}}}}}}}}}\n" for n in range(10)
    )
    models = [one.error_model for one in read(f"{HEAD}paths:\n{paths}{COMPONENTS}").operations]
    assert models == ["other"] + ["shared"] * 9


def test_limits_are_told_by_a_429_with_headers() -> None:
    found = operation("'429': {description: wait, headers: {Retry-After: {}, X-RateLimit-Limit: {}}}")
    assert (found.limited, found.limit_headers) == (True, ("retry-after", "x-ratelimit-limit"))


@pytest.mark.parametrize(
    ("general", "own", "secured"),
    [
        ("", "", False),
        ("security: [{key: []}]\n", "", True),
        ("", "security: [{key: []}]", True),
        ("security: [{key: []}]\n", "security: []", False),
        ("security: [{key: []}, {}]\n", "", False),
    ],
)
def test_an_operation_is_secured_by_its_own_or_the_general_requirement(general: str, own: str, secured: bool) -> None:
    schemes = "components: {securitySchemes: {key: {type: apiKey, name: k, in: header}}}\n"
    assert operation(OK, own, general + schemes).secured is secured


def test_a_deprecated_operation_announces_it_in_a_header() -> None:
    quiet = operation(OK, "deprecated: true")
    told = operation("'200': {description: ok, headers: {Sunset: {}}}", "deprecated: true")
    assert (quiet.deprecated, quiet.announced, told.announced) == (True, False, True)


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        (f"{HEAD}servers: [{{url: 'https://x.example/v2'}}]\npaths: {{}}\n", ("path",)),
        (one_path(f"get: {{responses: {{{OK}}}}}", "/v1/carts"), ("path",)),
        (one_path(f"get: {{responses: {{{OK}}}}}", "/api/v1/carts/{id}"), ("path",)),
        (one_path(f"parameters: [{{name: Api-Version, in: header}}]\nget: {{responses: {{{OK}}}}}"), ("header",)),
        (one_path(f"get: {{parameters: [{{name: api-version, in: query}}], responses: {{{OK}}}}}"), ("query",)),
        (
            one_path("get: {responses: {'200': {description: ok, content: {application/vnd.shop.v2+json: {}}}}}"),
            ("media_type",),
        ),
        (
            one_path("get: {responses: {'200': {description: ok, content: {'application/json;v=2': {}}}}}"),
            ("media_type",),
        ),
        (one_path(f"get: {{responses: {{{OK}}}}}", "/vehicles"), ()),
        (one_path(f"get: {{responses: {{{OK}}}}}", "/api/vehicles") + "  /api/v1/carts: {}\n", ()),
    ],
)
def test_where_callers_name_the_version_is_seen(text: str, styles: tuple[str, ...]) -> None:
    assert read(text).versioning == styles


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("openapi: 3.0.3\ninfo: {title: '', version: 1.0.0}\npaths: {}\n", "2 `info.title` is missing"),
        ("openapi: 3.0.3\ninfo: {title: Shop}\npaths: {}\n", "2 `info.version` is missing"),
        (f"{HEAD}paths: {{}}\n", "3 `paths` is empty: the document describes no operation"),
        ("openapi: 4.0.0\ninfo: {title: a, version: b}\npaths: {}\n", "1 “4.0.0” is no version of OpenAPI"),
        (one_path(f"get: {{responses: {{{OK}}}}}", "carts"), "4 the path carts must begin with a slash"),
        (one_path(f"fetch: {{responses: {{{OK}}}}}"), "5 fetch is no method and no part of a path item"),
        (one_path("get: {}"), "5 GET /carts declares no response"),
        (one_path("get:\n  responses:\n    ok: {description: x}"), "7 GET /carts: ok is no status code"),
        (one_path("get:\n  responses:\n    '200': {}"), "7 GET /carts: the response 200 has no description"),
        (one_path(f"get: {{responses: {{{OK}}}}}", "/c/{id}"), "5 GET /c/{id} declares no path parameter id"),
        (
            one_path(f"get: {{operationId: a, responses: {{{OK}}}}}\nput: {{operationId: a, responses: {{{OK}}}}}"),
            "6 PUT /carts: operationId a is GET /carts's already",
        ),
        (
            one_path(f"get: {{security: [{{key: []}}], responses: {{{OK}}}}}"),
            "5 GET /carts requires key, which is not defined",
        ),
        (
            one_path("get:\n  responses:\n    '404': {$ref: '#/components/responses/None'}"),
            "7 #/components/responses/None points to nothing",
        ),
    ],
)
def test_a_document_that_breaks_its_specification_says_where(text: str, problem: str) -> None:
    assert problem in problems(text)


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("3.0.3", "3.1.0") + "components: {schemas: {A: {type: object}}}\n",
        one_path("get: {}").replace("3.0.3", "3.1.0"),
        one_path(
            f"parameters: [{{name: id, in: path, required: true}}]\nget: {{responses: {{{OK}}}}}\nx-internal: 1",
            "/c/{id}",
        ),
        one_path(f"get: {{parameters: [{{$ref: './p.yaml#/id'}}], responses: {{{OK}}}}}", "/c/{id}"),
        one_path(f"get: {{responses: {{{OK}}}}}\nsummary: all", more="x-example: {$ref: '#/examples/any'}\n").replace(
            "x-example: {$ref: '#/examples/any'}", "x-example: {example: {$ref: '#/nowhere'}}"
        ),
    ],
)
def test_what_the_specification_allows_is_no_problem(text: str) -> None:
    assert problems(text) == []


def test_an_answer_in_another_file_is_unknown() -> None:
    found = read(one_path("get:\n  responses:\n    '404': {$ref: './errors.yaml#/NotFound'}"))
    (one,) = found.operations
    assert (one.client_error, found.external) == (True, 1)
    assert set(one.unknown) == {"error_model", "limit_headers", "announced"}


def test_swagger_is_recognised_and_read_alike() -> None:
    text = (
        "swagger: '2.0'\ninfo: {title: Shop, version: 1.0.0}\nbasePath: /v1\npaths:\n  /carts:\n    get:\n"
        "      produces: [application/problem+json]\n      responses: {'404': {description: no, schema: {}}}\n"
    )
    found = read(text)
    assert (found.format, found.version, found.versioning) == ("swagger", "2.0", ("path",))
    assert [one.error_model for one in found.operations] == ["problem"]


def test_json_is_read_like_yaml_and_a_package_file_is_nobodys() -> None:
    assert read(json.dumps({"openapi": "3.1.0", "info": {"title": "a", "version": "1"}}), "api.json").title == "a"
    assert reading.read("package.json", b'{"name": "openapi-thing", "version": "1"}').objects == ()


def test_the_same_text_has_the_same_digest_wherever_it_stands() -> None:
    text = one_path(f"get: {{responses: {{{OK}}}}}")
    inline = openapi.read_text(text + "\n\n", 40)
    assert inline is not None
    assert inline.digest == read(text).digest
    assert [one.line for one in inline.operations] == [44]
    assert openapi.read_text("...", 1) is None


def test_a_definition_survives_the_store() -> None:
    found = read(one_path("get: {responses: {'429': {description: x, headers: {Retry-After: {}}}}}"))
    assert codec.decode(ApiDefinition, json.loads(json.dumps(codec.encode(found)))) == found


BOMBS = {
    "loops of references": HEAD + "paths: {/a: {$ref: '#/paths/~1b'}, /b: {$ref: '#/paths/~1a'}}\n",
    "a reference to itself": one_path("get: {responses: {'404': {$ref: '#/paths/~1carts/get/responses/404'}}}"),
    "long references": HEAD
    + "x: &x {$ref: '#/"
    + "a/" * 200_000
    + "'}\npaths: {"
    + ", ".join(f"/p{n}: *x" for n in range(5_000))
    + "}\n",
    "many operations": HEAD
    + "paths:\n"
    + "".join(f"  /p{n}: {{get: {{responses: {{{OK}}}}}}}\n" for n in range(4_000)),
    "many variables": HEAD + "paths: {'/" + "{a}" * 300 + "': {get: {}}}\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_hostile_document_is_read_in_time(text: str) -> None:
    started = time.monotonic()
    found = read(text)
    assert len(found.operations) <= 500
    assert len(found.findings) <= 50
    assert time.monotonic() - started < 20


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("info", "paths", "servers", "security", "components", "produces")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), VALUES, VALUES)
@often(200)
def test_documents_of_any_shape_are_read(parts: dict[str, object], item: object, responses: object) -> None:
    shaped = {"/a": item, "/b": {"get": {"responses": responses, "parameters": item}, "parameters": responses}}
    for document in ({"openapi": "3.0.0", "info": {}, **parts}, {"openapi": "3.0.0", "info": {}, "paths": shaped}):
        openapi.read_definition(document, 1)
