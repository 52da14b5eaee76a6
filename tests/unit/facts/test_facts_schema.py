"""Every fact is declared, documented, and made as it is declared."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest

from app.facts.collect import collect
from app.facts.groups import SCHEMA
from app.facts.repository_facts import repository_facts
from app.facts.retrievers import TABLE
from app.facts.schema import Field, fact_types

TYPES = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "timestamp": datetime,
    "strings": list,
    "items": list,
}


def test_every_group_has_a_retriever() -> None:
    assert list(TABLE) == list(SCHEMA)


@pytest.mark.parametrize("name", sorted(fact_types(SCHEMA)))
def test_every_fact_is_named_and_documented(name: str) -> None:
    fact = fact_types(SCHEMA)[name]

    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
    assert len(fact.doc) > 10
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", field) and one.doc for field, one in fact.fields.items())
    assert (fact.type == "items") == bool(fact.fields)


def leaves(item: dict[str, Any], fields: Iterable[str], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in item.items():
        name = f"{prefix}{key}"
        if name == "unknown":
            continue
        if name not in fields and isinstance(value, dict):
            yield from leaves(value, fields, f"{name}.")
        else:
            yield name, value


def wrong(name: str, value: Any, declared: Field | None) -> str:
    if declared is None:
        return f"{name} is not declared"
    fits = type(value) is TYPES[declared.type] if declared.type != "timestamp" else isinstance(value, datetime)
    return "" if fits else f"{name} is {type(value).__name__}, not {declared.type}"


def test_facts_are_made_as_they_are_declared(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)
    declared = fact_types(SCHEMA)
    complaints = []

    for fact_set in collect(look.entity("component:default/payments"), look.world, now):
        assert fact_set.error == ""
        for name, value in fact_set.values.items():
            complaints.append(wrong(name, value, declared.get(name)))
            for item in value if declared[name].type == "items" else ():
                fields = declared[name].fields
                complaints += [wrong(f"{name}.{leaf}", got, fields.get(leaf)) for leaf, got in leaves(item, fields)]
        stated = {*fact_set.values, *fact_set.unknown}
        complaints += [
            f"{fact_set.retriever}.{fact} is neither seen nor unknown"
            for fact in SCHEMA[fact_set.retriever].facts
            if f"{fact_set.retriever}.{fact}" not in stated and fact != "unreadable"
        ]

    assert [complaint for complaint in complaints if complaint] == []


def test_the_facts_of_a_repository_are_public_json(looked: Callable[..., Any], service_files: dict[str, str]) -> None:
    inventory = looked({**service_files, "vendor/a.yaml": service_files["alerts.yaml"]}).inventory

    body = json.loads(json.dumps(repository_facts(inventory)))

    assert set(body) == {"repository", "entities", "problems", "facts"}
    assert body["repository"]["branch"] == "main"
    assert body["entities"][0] == {
        "ref": "component:default/payments",
        "path": "catalog-info.yaml",
        "line": 1,
        "valid": True,
        "ignored": "",
    }
    rules = body["facts"]["alerting"]["rules"]
    assert [(rule["name"], bool(rule["ignored"])) for rule in rules] == [
        ("PaymentsErrorBudgetFast", False),
        ("PaymentsErrorBudgetSlow", False),
        ("PaymentsDown", False),
        ("PaymentsErrorBudgetFast", True),
        ("PaymentsErrorBudgetSlow", True),
        ("PaymentsDown", True),
    ]
    assert {"name", "path", "line", "group", "severity", "for", "runbook", "expr_valid", "ignored"} <= set(rules[0])
    assert {"key", "value", "state", "path", "anchor"} <= set(rules[0]["runbook"])
    (objective,) = body["facts"]["slo"]["objectives"]
    assert (objective["objective_ratio"], objective["window"], objective["problems"]) == (0.999, "30d", [])
    (document,) = body["facts"]["runbooks"]["documents"]
    assert document["sections"][1]["title"] == "Overview"
    assert (document["reviewed_at"], document["changed_at"], document["stub"]) == ("", "2026-05-01T00:00:00Z", "")
    assert body["facts"]["alerting"]["unreadable"] == body["facts"]["catalog"]["unreadable"] == []


def test_a_rule_of_a_tools_output_is_listed_where_it_stands(looked: Callable[..., Any]) -> None:
    slo = "{name: up, objective: 99, sli: {raw: {error_ratio_query: 'x[{{.window}}]'}}}"
    spec = f"version: prometheus/v1\nservice: shop\nslos:\n- {slo}\n"
    rule = "- {alert: ShopBudget, expr: vector(1), labels: {sloth_severity: page, sloth_slo: up, sloth_service: shop}}"
    files = {"slo.yaml": spec, "out.yaml": f"groups:\n- name: sloth-slo-alerts-shop-up\n  rules:\n  {rule}\n"}

    (item,) = repository_facts(looked(files).inventory)["facts"]["alerting"]["rules"]

    assert (item["path"], item["line"], "output_path" in item) == ("out.yaml", 4, False)


def test_what_is_unknown_of_an_item_is_left_out_and_says_why_beside_it(looked: Callable[..., Any]) -> None:
    rule = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n    labels: {severity: {{ .Values.s }}}\n"
    inventory = looked({"chart/templates/rules.yaml": rule}).inventory

    (item,) = repository_facts(inventory)["facts"]["alerting"]["rules"]

    assert "severity" not in item
    assert item["unknown"] == {"severity": "holds a template that can't be resolved here"}
    assert item["runbook"]["state"] == "missing"


def test_no_value_in_public_json_is_null(looked: Callable[..., Any], service_files: dict[str, str]) -> None:
    service_files["alerts.yaml"] += '      - {alert: B, expr: up == 0, labels: {severity: "{{ .Values.s }}"}}\n'
    files = {**service_files, "chart/templates/alerts.yaml": service_files["alerts.yaml"]}

    assert "null" not in json.dumps(repository_facts(looked(files).inventory))
