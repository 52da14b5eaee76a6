"""The OpenAPI document is exact: generated requests, good and bad, find no 500 and no answer that it does not name."""

import json
import re
from copy import deepcopy
from datetime import timedelta

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from organisation import RUNBOOK, TEAM, Organisation, alert, component
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.schemas import EntityItem
from app.catalog.model import EntityRef
from app.pipeline.waive import waive
from app.store.proposed import FixRequest
from app.web import create_app

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("openapi")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop",
        {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK},
    )
    made.crawl()
    made.push("shop", {"alerts.yaml": alert("Burning", "https://runbooks.example/burning")})
    made.crawl()
    shop, until = EntityRef.parse("component:default/shop"), made.now + timedelta(days=9)
    assert waive(made.pipeline, shop, "tier-declared", "Soon.", until, "user:default/ada").id == 1
    assert waive(made.pipeline, shop, "slo-defined", "Soon.", until, "user:default/ada").id == 2
    made.pipeline.store.fix_requests.asked(asked_for(shop, made.now))
    made.judge()
    app = create_app(made.pipeline)
    yield app
    made.close()


def asked_for(entity, now):
    return FixRequest(
        entity=entity, repository="https://git.acme.example/acme/shop", forge="github", path="acme/shop",
        branch="roadworthy/fix-component-default-shop", base="main", number=7, state="open",
        checks=("tier-declared",), answers={"tier": "t1"}, commit="a" * 40,
        asked_by="anonymous", asked_at=now, changed_at=now,
    )  # fmt: skip


@pytest.fixture(scope="module")
def operations(app):
    found = schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations()
    return [one.ok() for one in found]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_the_document_says(operations, mode):
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=10, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        def ask(case):
            case.call_and_validate(checks=CHECKS)

        ask()


REAL = {"kind": "component", "namespace": "default", "name": "shop", "scorecard_id": "sre-maturity", "waiver_id": 1}


def test_real_answers_are_as_the_document_says(operations):
    """Generated names seldom exist; these do."""
    seen = 0
    for operation in operations:
        if operation.method != "get" or "notification_id" in operation.path:
            continue
        parts = {**REAL, "name": "team"} if "groups" in operation.path else REAL
        case = operation.Case(path_parameters={name: parts[name] for name in parts if f"{{{name}}}" in operation.path})
        answer = case.call()
        assert answer.status_code == 200, operation.path
        case.validate_response(answer, checks=CHECKS)
        seen += 1
    assert seen >= 13


@pytest.mark.parametrize("field", EntityItem().fields)
def test_a_list_of_one_field_is_as_the_document_says(operations, field):
    for path in ("/api/v1/entities", "/api/v1/scorecards/{scorecard_id}/results"):
        (operation,) = [one for one in operations if (one.path, one.method) == (path, "get")]
        parts = {"scorecard_id": "sre-maturity"} if "{" in path else {}
        case = operation.Case(path_parameters=parts, query={"fields": field})
        answer = case.call()
        assert {tuple(item) for item in answer.json()["items"]} == {(field,)}
        case.validate_response(answer, checks=CHECKS)


def test_the_document_is_valid_and_names_scopes_and_refusals(app):
    document = app.test_client().get("/openapi.json").get_json()
    validate(document)
    assert "DEFAULT_ERROR" not in str(document)
    push = document["paths"]["/api/v1/facts"]["post"]
    assert push["x-required-scope"] == "facts:write"
    assert {"202", "400", "401", "403", "404", "409", "413", "422", "429", "503"} <= set(push["responses"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post"):
                assert operation["x-required-scope"], path
                assert operation["summary"], path


def closed(document):
    """The schemas of a document, refusing every field that they do not name."""
    schemas = deepcopy(document["components"]["schemas"])
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return schemas


def gets(document):
    """(path, names filled in with what is there) of every read of the API."""
    for path, operations in document["paths"].items():
        if "get" in operations and path.startswith("/api/v1") and "{notification_id}" not in path:
            parts = {**REAL, "name": "team"} if "groups" in path else REAL
            yield path, path.format(**parts)


def test_no_answer_has_a_field_that_the_document_does_not_name(app):
    client = app.test_client()
    document = client.get("/openapi.json").get_json()
    schemas, seen = closed(document), 0
    for path, filled in gets(document):
        said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {"$ref": said["$ref"], "components": {"schemas": schemas}}
        jsonschema_rs.validator_for(whole).validate(client.get(filled).get_json())
        seen += 1
    assert seen >= 14


def test_stored_bytes_are_a_result_as_the_document_describes_it(app):
    document = app.test_client().get("/openapi.json").get_json()
    store = app.extensions["roadworthy"].store
    kept = {"$ref": "#/components/schemas/KeptScorecard", "components": {"schemas": closed(document)}}
    validator = jsonschema_rs.validator_for(kept)
    stored = [row for ref in store.served.refs() for row in store.judgements.results(ref)]
    for row in stored:
        validator.validate(json.loads(row.body))
    checks = [check for row in stored for check in json.loads(row.body)["checks"]]
    assert any(check["offenders"] for check in checks)
    assert any(check["evidence"] for check in checks)
    assert any(check["waiver"] for check in checks)
    assert not validator.is_valid({**json.loads(stored[0].body), "surprise": 1})


ONLY_POLICY = (
    "/api/v1/scorecards",
    "/api/v1/scorecards/{scorecard_id}",
    "/api/v1/facts",
    "/api/v1/waivers/{waiver_id}",
)


def test_every_read_says_how_fresh_it_is(app):
    """What docs/api.md says of each route: policy everywhere, ages but for what holds no facts, a commit of one."""
    client = app.test_client()
    for path, filled in gets(client.get("/openapi.json").get_json()):
        body = client.get(filled).get_json()
        wanted = {"policy_version"}
        if path not in ONLY_POLICY:
            wanted |= {"as_of", "oldest_fact"}
        if "/entities/by-name/" in path:
            wanted |= {"commit"}
        assert {"policy_version", "as_of", "oldest_fact", "commit"} & body.keys() == wanted, path
        assert body["policy_version"], path
        if path not in ONLY_POLICY and "deliveries" not in path and "notifications" not in path:
            assert body["oldest_fact"] <= body["as_of"], path
        if "commit" in wanted:
            assert re.fullmatch("[0-9a-f]{40}", body["commit"]), path


def test_a_change_names_the_commit_that_it_was_judged_at(app):
    client = app.test_client()
    results = client.get("/api/v1/entities/by-name/component/default/shop/results").get_json()
    (change, *_) = client.get("/api/v1/changes").get_json()["items"]
    assert change["commit"] == results["commit"] == results["scorecards"][0]["commit"]
