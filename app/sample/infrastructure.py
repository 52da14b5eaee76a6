"""Generated workloads, APIs, databases and clusters with known facts, from a seed: beside `generated`, for large
organisations and as a test oracle of the readers of infrastructure.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.repos.author import Commit


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment. `replicas` 0 stands for a manifest that names none; `budget` is a PodDisruptionBudget's minimum."""

    replicas: int
    readiness: bool
    liveness: bool
    budget: int
    memory: str
    pinned: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """An OpenAPI document of `operations`, of which the first `limited` declare a 429 with `Retry-After`."""

    operations: int
    limited: int
    contact: bool
    secured: bool


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL instance on AWS."""

    backup_days: int
    zones: bool
    protected: bool
    encrypted: bool
    public: bool
    window: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """An EKS cluster with one node group over three subnets."""

    version: str
    nodes: int
    audit: bool
    private: bool


@dataclass(frozen=True, slots=True)
class Estate:
    """One repository with one of each, every one an entity of its own."""

    name: str
    workload: Workload
    contract: Contract
    database: Database
    cluster: Cluster


def estates(seed: int, count: int) -> list[Estate]:
    """`count` estates, the same for the same seed whatever the count of others."""
    return [_estate(random.Random(f"estate:{seed}:{number}"), number) for number in range(count)]  # noqa: S311 (no secret)


def _estate(dice: random.Random, number: int) -> Estate:
    def yes() -> bool:
        return dice.random() < 0.5

    operations = dice.randint(1, 6)
    return Estate(
        name=f"estate-{number:04d}",
        workload=Workload(
            dice.choice((0, 1, 2, 3)), yes(), yes(), dice.choice((0, 1)), dice.choice(("", "256Mi")), yes()
        ),
        contract=Contract(operations, dice.randint(0, operations), yes(), yes()),
        database=Database(dice.choice((0, 3, 7, 30)), yes(), yes(), yes(), yes(), yes()),
        cluster=Cluster(dice.choice(("1.33", "1.34", "1.35")), dice.randint(1, 5), yes(), yes()),
    )


def files(estate: Estate) -> dict[str, bytes]:
    """The repository's files, by path."""
    texts = {
        "catalog-info.yaml": _descriptors(estate),
        "service/deploy.yaml": _deployment(estate),
        "api/openapi.json": json.dumps(_openapi(estate), indent=2),
        "database/main.tf": _terraform_database(estate),
        "cluster/main.tf": _terraform_cluster(estate),
    }
    for folder in ("service", "api", "database", "cluster"):
        texts[f"{folder}/catalog-info.yaml"] = _descriptor(estate, folder)
    return {path: text.encode() for path, text in texts.items()}


def commits(estate: Estate, now: datetime) -> Iterator[Commit]:
    yield Commit(now - timedelta(days=90), {**files(estate)}, "Build it")


def _descriptors(estate: Estate) -> str:
    targets = "".join(f"    - ./{folder}/catalog-info.yaml\n" for folder in ("service", "api", "database", "cluster"))
    head = f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: {estate.name}\n"
    return f"{head}spec:\n  type: file\n  targets:\n{targets}"


def _descriptor(estate: Estate, folder: str) -> str:
    kind, type_, more = {
        "service": ("Component", "service", f"  lifecycle: production\n  providesApis: [{estate.name}-api]\n"),
        "api": ("API", "openapi", "  lifecycle: production\n  definition: {$text: ./openapi.json}\n"),
        "database": ("Resource", "database", ""),
        "cluster": ("Resource", "kubernetes-cluster", ""),
    }[folder]
    head = f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {estate.name}-{folder}\n"
    return f"{head}spec:\n  type: {type_}\n  owner: group:default/platform\n{more}"


def _deployment(estate: Estate) -> str:
    own, name = estate.workload, f"{estate.name}-service"
    probe = "{httpGet: {path: /%s, port: 8080}}"
    lines = [
        "apiVersion: apps/v1\nkind: Deployment\n",
        f"metadata: {{name: {name}, namespace: prod, labels: {{app: {name}}}}}\nspec:\n",
        f"  replicas: {own.replicas}\n" if own.replicas else "",
        f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n",
        f"    spec:\n      containers:\n        - name: app\n          image: r.example/{name}:",
        "1.4.2\n" if own.pinned else "latest\n",
        "          ports: [{containerPort: 8080}]\n",
        f"          readinessProbe: {probe % 'ready'}\n" if own.readiness else "",
        f"          livenessProbe: {probe % 'live'}\n" if own.liveness else "",
        f"          resources: {{requests: {{memory: {own.memory}}}, limits: {{memory: {own.memory}}}}}\n"
        if own.memory
        else "",
    ]
    if own.budget:
        lines.append(
            f"---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: prod}}\n"
            f"spec: {{minAvailable: {own.budget}, selector: {{matchLabels: {{app: {name}}}}}}}\n"
        )
    return "".join(lines)


def _openapi(estate: Estate) -> dict[str, object]:
    own = estate.contract
    info: dict[str, object] = {"title": f"{estate.name} API", "version": "1.2.0", "description": "Orders of the shop."}
    if own.contact:
        info["contact"] = {"email": "platform@acme.example"}
    plain = {"200": {"description": "It is."}}
    slow = {"429": {"description": "Later.", "headers": {"Retry-After": {"schema": {"type": "integer"}}}}}
    return {
        "openapi": "3.0.3",
        "info": info,
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        **({"security": [{"key": []}]} if own.secured else {}),
        "paths": {
            f"/things{number}": {"get": {"responses": plain | (slow if number < own.limited else {})}}
            for number in range(own.operations)
        },
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _terraform_database(estate: Estate) -> str:
    own = estate.database
    window = '  maintenance_window = "Sun:03:00-Sun:04:00"\n' if own.window else ""
    return (
        f'resource "aws_db_instance" "main" {{\n  identifier = "{estate.name}-database"\n  engine = "postgres"\n'
        f'  engine_version = "16.4"\n  backup_retention_period = {own.backup_days}\n  multi_az = {_flag(own.zones)}\n'
        f"  deletion_protection = {_flag(own.protected)}\n  storage_encrypted = {_flag(own.encrypted)}\n"
        f"  publicly_accessible = {_flag(own.public)}\n{window}}}\n"
    )


def _terraform_cluster(estate: Estate) -> str:
    own = estate.cluster
    logs = '["api", "audit"]' if own.audit else '["api"]'
    return (
        f'resource "aws_eks_cluster" "main" {{\n  name = "{estate.name}-cluster"\n  version = "{own.version}"\n'
        f"  enabled_cluster_log_types = {logs}\n  vpc_config {{\n"
        f'    subnet_ids = ["subnet-a", "subnet-b", "subnet-c"]\n    endpoint_private_access = true\n'
        f"    endpoint_public_access = {_flag(not own.private)}\n  }}\n}}\n"
        f'resource "aws_eks_node_group" "main" {{\n  cluster_name = aws_eks_cluster.main.name\n'
        f'  node_group_name = "main"\n  subnet_ids = ["subnet-a", "subnet-b", "subnet-c"]\n'
        f"  scaling_config {{\n    min_size = {own.nodes}\n    desired_size = {own.nodes}\n    max_size = 9\n  }}\n}}\n"
    )
