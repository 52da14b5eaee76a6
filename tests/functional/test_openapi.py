"""The OpenAPI document is exact: generated requests, good and bad, find no 500 and no answer that it does not name."""

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
    app = create_app(made.pipeline)
    yield app
    made.close()


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


REAL = {"kind": "component", "namespace": "default", "name": "shop", "scorecard_id": "sre-maturity"}


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
