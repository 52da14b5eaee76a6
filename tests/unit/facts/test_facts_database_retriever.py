"""Database facts of a Resource: whose a database is, its end of support, alerts that tell, restores on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.attribution.model import PROVIDES, Rules
from app.facts.model import Reason
from app.facts.parameters import Parameters
from app.facts.retrievers import database
from app.facts.seen import Seen

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: team, dependsOn: [resource:shop-db]}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: shop-db}
spec: {type: database, owner: team}
"""
SECOND = """\
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: cart-db}
spec: {type: database, owner: team}
"""
INFRA = "https://git.example.org/platform/infra"
RULES = """\
groups:
  - name: db
    rules:
      - {alert: PostgresDown, expr: pg_up == 0}
      - {alert: ReplicaBehind, expr: pg_replication_lag_seconds > 30}
"""
ALARM = (
    'resource "aws_cloudwatch_metric_alarm" "s" {\n  alarm_name = "full"\n  namespace = "AWS/RDS"\n'
    '  metric_name = "FreeStorageSpace"\n}\n'
)


def rds(name: str = "x", more: str = "") -> str:
    return f'resource "aws_db_instance" "{name}" {{\n  engine = "postgres"\n{more}\n}}\n'


def seen_of(look: Any, now: datetime, ref: str = "resource:default/shop-db") -> Seen:
    return database.retrieve(look.entity(ref), look.world, now)


def names(seen: Seen) -> list[str]:
    return [item["name"] for item in seen.values["database.instances"]]


def signals(seen: Seen) -> dict[str, Any]:
    return {item["name"]: item.get("covered") for item in seen.values["database.signals"]}


def test_a_database_beside_a_component_is_the_resource_and_not_the_components(
    looked: Callable[..., Any], now: datetime
) -> None:
    look = looked({"catalog-info.yaml": CATALOG, "infra/main.tf": rds()})
    seen = seen_of(look, now)
    (item,) = seen.values["database.instances"]
    assert (item["name"], item["path"], item["line"], item["backup_days"]) == ("x", "infra/main.tf", 1, 0)
    assert names(seen_of(look, now, "component:default/shop")) == []


def test_two_databases_in_a_folder_are_told_apart_by_name_only(looked: Callable[..., Any], now: datetime) -> None:
    files = {"catalog-info.yaml": CATALOG + SECOND, "main.tf": rds("a", 'identifier = "cart-db"') + rds("other")}
    look = looked(files)
    assert names(seen_of(look, now)) == []
    assert names(seen_of(look, now, "resource:default/cart-db")) == ["cart-db"]


def test_a_repository_of_infrastructure_is_matched_by_name_tag_or_path(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    files = {
        "a.tf": rds("a", 'identifier = "shop-db"'),
        "b/main.tf": rds("b", 'tags = { service = "shop-db" }'),
        "shop-db/main.tf": rds("c"),
        "other/main.tf": rds("d"),
    }
    infra = snapshot(files, url=INFRA)
    rules = Rules(evidence={INFRA: PROVIDES["infrastructure"]})
    look = looked(snapshot({"catalog-info.yaml": CATALOG}), infra, rules=rules)
    assert sorted(names(seen_of(look, now))) == ["b", "c", "shop-db"]


def test_what_can_not_be_read_is_the_resources_too(looked: Callable[..., Any], now: datetime) -> None:
    module = 'module "db" {\n  source = "terraform-aws-modules/rds/aws"\n}\n'
    seen = seen_of(looked({"catalog-info.yaml": CATALOG, "main.tf": module}), now)
    assert [item["path"] for item in seen.values["database.unreadable"]] == ["main.tf"]


def test_without_any_declaration_in_the_only_known_repository_nothing_can_be_said(
    looked: Callable[..., Any], now: datetime
) -> None:
    seen = seen_of(looked({"catalog-info.yaml": CATALOG}, complete=False), now)
    assert seen.unknown["database.instances"].reason is Reason.NOT_CONNECTED


def test_the_end_of_support_is_policys(looked: Callable[..., Any], now: datetime) -> None:
    look = looked({"catalog-info.yaml": CATALOG, "main.tf": rds(more='engine_version = "12.7"')})
    assert (
        "policy.yaml has no dates" in seen_of(look, now).values["database.instances"][0]["unknown"]["supported_until"]
    )
    table = {"postgresql": {"12": "2024-11-21"}}
    look.world.parameters = replace(Parameters(), end_of_life=table, end_of_life_source="somebody, as of 2026")
    (item,) = seen_of(look, now).values["database.instances"]
    assert item["supported_until"] == datetime(2024, 11, 21, tzinfo=UTC)


def test_alerts_of_the_database_and_of_its_only_dependent_tell(looked: Callable[..., Any], now: datetime) -> None:
    files = {"catalog-info.yaml": CATALOG, "main.tf": rds() + ALARM, "rules.yaml": RULES}
    seen = seen_of(looked(files), now)
    assert signals(seen) == {"up": True, "storage": True, "saturation": False, "replication": True, "backup": False}
    assert ("", "") in {(read.commit, read.path) for read in seen.reads}


def test_alerts_of_what_depends_on_two_databases_tell_of_neither(looked: Callable[..., Any], now: datetime) -> None:
    both = CATALOG.replace("[resource:shop-db]", "[resource:shop-db, resource:cart-db]") + SECOND
    assert signals(seen_of(looked({"catalog-info.yaml": both, "rules.yaml": RULES}), now))["up"] is False


def test_signals_are_unknown_where_a_file_of_alerts_can_not_be_read(looked: Callable[..., Any], now: datetime) -> None:
    broken = "groups:\n  - rules:\n      - alert: A\n        expr: up\n       bad\n"
    files = {"catalog-info.yaml": CATALOG, "rules.yaml": RULES, "broken.yaml": broken}
    found = signals(seen_of(looked(files), now))
    assert (found["up"], found["backup"]) == (True, None)


def test_a_restore_is_dated_by_a_page(looked: Callable[..., Any], now: datetime) -> None:
    resource = CATALOG[CATALOG.index("---\n") + 4 :]
    page = "---\nrestore_tested_at: 2026-05-01\n---\n# Restore\n\nIt took half an hour to bring everything back.\n"
    seen = seen_of(looked({"catalog-info.yaml": resource, "docs/restore.md": page}), now)
    assert [(item["tested_at"].date().isoformat(), item["path"]) for item in seen.values["database.restore_tests"]] == [
        ("2026-05-01", "docs/restore.md")
    ]


def test_a_restore_that_is_to_be_reported_is_unknown_until_it_is(looked: Callable[..., Any], now: datetime) -> None:
    resource = CATALOG[CATALOG.index("---\n") + 4 :]
    keys = "metadata: {name: shop-db, annotations: {roadworthy.dev/restore-tested-at: reported}}"
    promised = resource.replace("metadata: {name: shop-db}", keys)
    assert promised != resource
    seen = seen_of(looked({"catalog-info.yaml": promised}), now)
    assert "database.restore_tests" not in seen.values
    assert seen.unknown["database.restore_tests"].reason is Reason.NOT_CONNECTED

    page = "---\nrestore_tested_at: 2026-05-01\n---\n# Restore\n\nIt took half an hour to bring everything back.\n"
    seen = seen_of(looked({"catalog-info.yaml": promised, "docs/restore.md": page}), now)
    assert len(seen.values["database.restore_tests"]) == 1
    assert seen_of(looked({"catalog-info.yaml": resource}), now).values["database.restore_tests"] == []
