"""Which entity a repository's evidence belongs to when its descriptor is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.catalog.model import Catalog
from app.facts.inventory import take
from app.facts.repository_facts import repository_facts

ALERTS = "groups:\n  - name: a\n    rules:\n      - {alert: Down, expr: up == 0, labels: {severity: page}}\n"


def descriptor(name: str, owner: str = "team-pay") -> str:
    return f"""\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: service, lifecycle: production{f", owner: {owner}" if owner else ""}}}
"""


def test_an_entity_with_a_fault_keeps_its_evidence(looked: Callable[..., Any]) -> None:
    look = looked({"catalog-info.yaml": descriptor("payments", owner=""), "alerts.yaml": ALERTS})

    assert [str(ref) for ref in look.world.catalog.entities] == ["component:default/payments"]
    assert len(look.world.objects(look.entity("component:default/payments").ref, "alert_rule")) == 1


@pytest.mark.parametrize("name", ['"pay ments!"', '""', "[a]", '"a/b"', '"-pay"', "x" * 64])
def test_an_entity_without_a_valid_name_is_a_problem_and_never_scored(snapshot: Callable[..., Any], name: str) -> None:
    inventory = take(
        snapshot({"catalog-info.yaml": descriptor(name), "alerts.yaml": ALERTS}, url="https://x.org/a/pay")
    )

    (made_up,) = Catalog.of(inventory.entities).entities.values()
    assert made_up.provisional
    assert str(made_up.ref) == "component:default/pay"
    assert [problem.code for problem in made_up.problems] == ["entity-name"]
    (listed,) = repository_facts(inventory)["entities"]
    assert (listed["valid"], listed["path"]) == (False, "catalog-info.yaml")


def test_an_entity_without_a_valid_name_leaves_its_neighbours_alone(looked: Callable[..., Any]) -> None:
    look = looked({"catalog-info.yaml": f"{descriptor('orders')}---\n{descriptor('[]')}"})

    assert [str(ref) for ref in look.world.catalog.entities] == ["component:default/orders"]
    assert look.entity("component:default/orders").valid


@pytest.mark.parametrize(
    ("extra", "type_"),
    [
        ({"alerts.yaml": ALERTS}, "service"),
        ({"docs/runbook.md": "# Runbook\n\nRestart it with `systemctl restart it`.\n"}, "service"),
        ({"testdata/alerts.yaml": ALERTS}, "library"),
        ({}, "library"),
        ({"Dockerfile": "FROM scratch\n"}, "service"),
    ],
)
def test_what_somebody_operates_is_no_library(snapshot: Callable[..., Any], extra: dict[str, str], type_: str) -> None:
    inventory = take(snapshot({"package.json": "{}", **extra}))

    assert [entity.spec_text("type") for entity in inventory.entities] == [type_]
