"""Facts from the catalog, from CODEOWNERS, and what is inherited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.facts.collect import collect
from app.facts.model import Reason
from app.facts.retrievers import catalog, codeowners, error_budget, oncall

PAYMENTS = "component:default/payments"


def without(text: str, part: str, by: str = "") -> str:
    assert part in text
    return text.replace(part, by)


def test_a_healthy_service_is_described_whole(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    values = {name.removeprefix("catalog."): value for name, value in seen.values.items()}
    assert values["healthy"] is True
    assert (values["owner"], values["owner_kind"], values["owner_exists"]) == ("group:default/team-pay", "group", True)
    assert (values["owner_members"], values["owner_contacts"]) == (2, ["email"])
    assert (values["tier"], values["lifecycle"], values["type"]) == ("t2", "production", "service")
    assert (values["system"], values["dependencies"], values["description_words"]) == ("system:default/shop", 1, 6)
    assert [(item["type"], item["target"], item["exists"], item["line"]) for item in values["relations"]] == [
        ("ownedBy", "group:default/team-pay", True, 9),
        ("partOf", "system:default/shop", True, 9),
        ("dependsOn", "resource:default/payments-db", True, 9),
    ]


def test_an_owner_that_nobody_knows_does_not_exist(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = without(service_files["catalog-info.yaml"], "production, owner: team-pay", "production, owner: team-gone")
    look = looked({**service_files, "catalog-info.yaml": text})

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.values["catalog.owner_exists"] is False
    assert seen.values["catalog.owner_members"] == 0
    assert [item["exists"] for item in seen.values["catalog.relations"]] == [False, True, True]


def test_an_unknown_owner_is_unknown_where_only_one_repository_is_seen(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = without(service_files["catalog-info.yaml"], "production, owner: team-pay", "production, owner: team-gone")
    look = looked({**service_files, "catalog-info.yaml": text}, complete=False)

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    assert "catalog.owner_exists" not in seen.values
    assert seen.unknown["catalog.owner_exists"].reason is Reason.NOT_CONNECTED
    assert "exists" not in seen.values["catalog.relations"][0]


def test_a_team_without_any_known_user_has_unknown_members(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["catalog-info.yaml"].split("---\napiVersion: backstage.io/v1alpha1\nkind: User")[0]
    look = looked({**service_files, "catalog-info.yaml": without(text, "members: [ann, bob]", "members: []")})

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.unknown["catalog.owner_members"].reason is Reason.NOT_CONNECTED
    assert seen.values["catalog.owner_exists"] is True


def test_source_location_of_a_repository_that_is_not_crawled_is_unknown(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.unknown["catalog.source_state"].reason is Reason.NOT_CONNECTED
    assert seen.values["catalog.source_location"].startswith("url:https://github.com/shop/payments")


def test_source_location_resolves_in_its_own_repository(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(snapshot(service_files, url="https://github.com/shop/payments"))

    seen = catalog.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.values["catalog.source_state"] == "resolved"


def test_on_call_is_inherited_from_the_system(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    seen = oncall.retrieve(look.entity(PAYMENTS), look.world, now)

    (binding,) = seen.values["oncall.bindings"]
    assert (binding["provider"], binding["placeholder"], binding["secret"]) == ("pagerduty", False, False)
    assert binding["entity"] == seen.given_by["oncall.bindings"] == "system:default/shop"
    assert "PABC123" not in str(seen)


def test_an_integration_key_is_told_and_never_kept(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["catalog-info.yaml"].replace("service-id: PABC123", "integration-key: r0utingkey5ecret")
    look = looked({**service_files, "catalog-info.yaml": text})

    fact_sets = collect(look.entity(PAYMENTS), look.world, now)

    assert "r0utingkey5ecret" not in str(fact_sets)
    (binding,) = next(one for one in fact_sets if one.retriever == "oncall").values["oncall.bindings"]
    assert (binding["secret"], binding["placeholder"]) == (True, False)


def test_a_placeholder_is_no_binding_to_rely_on(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["catalog-info.yaml"].replace("PABC123", "TODO")
    look = looked({**service_files, "catalog-info.yaml": text})

    seen = oncall.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [item["placeholder"] for item in seen.values["oncall.bindings"]] == [True]


def test_no_binding_anywhere_is_empty_when_the_catalog_is_whole(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = without(service_files["catalog-info.yaml"], "  annotations: {pagerduty.com/service-id: PABC123}\n")
    files = {**service_files, "catalog-info.yaml": text}
    whole, part = looked(files), looked(files, complete=False)

    seen = oncall.retrieve(whole.entity(PAYMENTS), whole.world, now)
    partly = oncall.retrieve(part.entity(PAYMENTS), part.world, now)

    assert seen.values["oncall.bindings"] == []
    assert partly.unknown["oncall.bindings"].reason is Reason.NOT_CONNECTED


def test_an_error_budget_policy_of_the_team_holds_for_the_service(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    policy = """\
---
entity: group:default/team-pay
revisit: 2027-01-10
approved: 2026-01-10
---
# Error budget policy

Approved by: Ann

## Consequences

When the budget is spent, we freeze releases until the service is back within its objective.

## Exceptions

Security fixes and P0 bugs may still go out.
"""
    handbook = snapshot({"docs/error-budget-policy.md": policy}, url="https://git.example.org/shop/handbook")
    look = looked(snapshot(service_files), handbook)

    seen = error_budget.retrieve(look.entity(PAYMENTS), look.world, now)

    (item,) = seen.values["error_budget.policies"]
    assert seen.given_by["error_budget.policies"] == "group:default/team-pay"
    assert (item["consequence"], item["exceptions"], item["revisit_at"]) == (True, True, "2027-01-10")
    assert item["due_at"].isoformat() == "2027-01-11T00:00:00+00:00"


def test_code_owners_of_every_operational_file(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    owners = "* @shop/pay\n/slo/\nalerts.yaml pay\n"
    look = looked({**service_files, "CODEOWNERS": owners})

    seen = codeowners.retrieve(look.entity(PAYMENTS), look.world, now)

    assert [(item["role"], item["path"], item["covered"]) for item in seen.values["codeowners.paths"]] == [
        ("descriptor", "catalog-info.yaml", True),
        ("alerts", "alerts.yaml", True),
        ("slo", "slo/availability.yaml", False),
        ("runbook", "docs/runbook.md", True),
    ]
    assert seen.values["codeowners.problem_count"] == 1
    assert seen.evidence["codeowners.problem_count"].line == 3


def test_places_without_a_codeowners_file_are_recorded_as_looked_at(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    del service_files["CODEOWNERS"]
    look = looked(service_files)

    seen = codeowners.retrieve(look.entity(PAYMENTS), look.world, now)

    assert seen.values["codeowners.present"] is False
    assert {".github/CODEOWNERS", "CODEOWNERS"} <= {read.path for read in seen.reads}


def test_a_failing_retriever_loses_nothing_else(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    look = looked(service_files)

    def broken(*_: object) -> Any:
        raise RuntimeError("the wires are crossed")

    sets = collect(look.entity(PAYMENTS), look.world, now, {"alerting": broken, "catalog": catalog.retrieve})

    assert [one.retriever for one in sets] == ["alerting", "catalog"]
    assert "the wires are crossed" in sets[0].error
    assert sets[0].values == {}
    assert sets[0].unknown["alerting.rules"].reason is Reason.SOURCE_FAILING
    assert sets[1].values["catalog.healthy"] is True


def test_without_operational_files_code_owners_are_asked_for_the_code_itself(
    looked: Callable[..., Any], now: datetime
) -> None:
    look = looked({".github/CODEOWNERS": "* @acme/shop\n", "README.md": "# Shop\n"})
    seen = codeowners.retrieve(look.entity("component:default/payments"), look.world, now)

    (item,) = seen.values["codeowners.paths"]
    assert (item["role"], item["path"], item["covered"]) == ("code", "README.md", True)
