"""Generated workloads, APIs, databases and clusters as an oracle: what is found of them is what their plan says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.pipeline.check import check
from app.repos.memory import MemorySnapshot
from app.sample import infrastructure
from app.sample.infrastructure import Estate

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Seen = tuple[Estate, dict[str, dict[str, Any]], dict[str, dict[str, str]]]


@pytest.fixture(scope="module", params=range(20), ids=lambda seed: f"seed {seed}")
def estates(request, policy) -> list[Seen]:
    """Plans of a seed, with the facts and outcomes of each of their four entities."""
    found = []
    for estate in infrastructure.estates(request.param, 3):
        url = f"https://git.example/acme/{estate.name}"
        facts, outcomes = {}, {}
        for judged in check(MemorySnapshot(infrastructure.files(estate), url=url, now=NOW), policy, NOW).judged:
            part = judged.entity.name.removeprefix(f"{estate.name}-")
            facts[part] = {name: value for one in judged.fact_sets for name, value in one.values.items()}
            outcomes[part] = {one.check.id: str(one.outcome) for card in judged.results for one in card.checks}
        found.append((estate, facts, outcomes))
    return found


def test_nothing_of_an_estate_is_unreadable_or_wrong(estates):
    for _, facts, _ in estates:
        assert facts.keys() == {"service", "api", "database", "cluster"}
        for values in facts.values():
            assert [name for name, value in values.items() if name.endswith(".unreadable") and value] == []
            assert values["catalog.problems"] == []


def test_workloads_are_those_of_the_plan(estates):
    for estate, facts, _ in estates:
        plan, [found] = estate.workload, facts["service"]["workloads.manifests"]
        [container] = facts["service"]["workloads.containers"]
        assert (found["kind"], found["replicas_min"]) == ("Deployment", plan.replicas or 1)
        assert (found["budget"]["state"] == "none") == (plan.budget == 0)
        assert (container["readiness"], container["liveness"]) == (plan.readiness, plan.liveness)
        assert (container["memory_request"], container["memory_limit"]) == (plan.memory, plan.memory)
        assert container["image_state"] == ("tag" if plan.pinned else "moving")


def test_a_budget_of_one_pod_blocks_where_no_other_can_stand_in(estates):
    for estate, facts, _ in estates:
        plan, [found] = estate.workload, facts["service"]["workloads.manifests"]
        alone = (plan.replicas or 1) == 1
        assert found["budget"]["state"] == ("none" if not plan.budget else "blocks" if alone else "protects")


def test_contracts_are_those_of_the_plan_operation_by_operation(estates):
    for estate, facts, _ in estates:
        plan = estate.contract
        for part in ("api", "service"):  # the service provides it
            [found] = facts[part]["api.definitions"]
            assert (found["format"], found["operation_count"], found["problems"]) == ("openapi", plan.operations, [])
            assert (found["contact"], found["secured"]) == (plan.contact, plan.secured)
            assert found["limits_documented_ratio"] == pytest.approx(plan.limited / plan.operations)
            operations = [(one["name"], one["limited"]) for one in facts[part]["api.operations"]]
            assert operations == [(f"GET /things{n}", n < plan.limited) for n in range(plan.operations)]


def test_databases_are_those_of_the_plan(estates):
    for estate, facts, _ in estates:
        plan, [found] = estate.database, facts["database"]["database.instances"]
        assert (found["engine"], found["version"], found["path"]) == ("postgres", "16.4", "database/main.tf")
        assert (found["backup_days"], found["point_in_time"]) == (plan.backup_days, plan.backup_days > 0)
        assert (found["high_availability"], found["deletion_protected"]) == (plan.zones, plan.protected)
        assert (found["encryption"], found["public"]) == ("yes" if plan.encrypted else "no", plan.public)
        assert found["maintenance_window"] == plan.window


def test_clusters_are_those_of_the_plan(estates):
    for estate, facts, _ in estates:
        plan, [found] = estate.cluster, facts["cluster"]["cluster.clusters"]
        assert (found["platform"], found["version"], found["zones"]) == ("eks", plan.version, 3)
        assert (found["nodes_min"], found["audit_logs"]) == (plan.nodes, plan.audit)
        assert found["endpoint_restricted"] == plan.private


def passes(holds: object) -> str:
    return "pass" if holds else "fail"


def test_verdicts_follow_from_the_plan(estates):
    for estate, _, outcomes in estates:
        workload, cluster = estate.workload, estate.cluster
        copies = workload.replicas or 1
        expected = {
            "workload-declared": "pass",
            "workload-replicas": passes(copies >= 2),
            "workload-pdb": passes(workload.budget and copies >= 2),
            "workload-spread": "fail",  # nothing keeps its copies apart
        }
        assert {name: outcomes["service"][name] for name in expected} == expected, estate
        database = estate.database
        expected = {
            "database-declared": "pass",
            "db-backup-retention": passes(database.backup_days >= 7),
            "db-point-in-time": passes(database.backup_days >= 14),
            "db-high-availability": "not_applicable",  # no tier is declared, and it is asked of t1 and t2
            "db-deletion-protected": passes(database.protected),
            "db-private-and-encrypted": passes(database.encrypted and not database.public),
        }
        assert {name: outcomes["database"][name] for name in expected} == expected, estate
        expected = {
            "cluster-declared": "pass",
            "cluster-multi-zone": "pass",
            "cluster-access-controlled": passes(cluster.audit and cluster.private),
        }
        assert {name: outcomes["cluster"][name] for name in expected} == expected, estate


def test_a_seed_gives_the_same_estates_whatever_their_number():
    assert infrastructure.estates(3, 4) == infrastructure.estates(3, 20)[:4]
    assert infrastructure.estates(3, 4) != infrastructure.estates(4, 4)
