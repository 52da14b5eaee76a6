"""A repository in memory and a world over it: what facts are tested with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.attribution.attribute import Attributor
from app.attribution.model import Attribution, Rules
from app.catalog.model import Catalog, Entity, EntityRef
from app.facts.inventory import Found, Inventory, take
from app.facts.unseen import UnreadablePlace
from app.facts.world import MemoryWorld
from app.repos.model import LastChange, Skipped, TreeEntry

NOW = datetime(2026, 6, 1, tzinfo=UTC)
COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class MemorySnapshot:
    """Implements `repos.model.Snapshot` over a dict, and counts what is asked of it."""

    files: Mapping[str, bytes]
    url: str = "https://git.example.org/shop/payments"
    commit: str = COMMIT
    branch: str = "main"
    changes: Mapping[str, LastChange] = field(default_factory=dict)
    reads: list[list[str]] = field(default_factory=list)
    dated: list[str] = field(default_factory=list)

    def entries(self) -> Sequence[TreeEntry]:
        return [TreeEntry(path, hashlib.sha1(data).hexdigest(), len(data)) for path, data in sorted(self.files.items())]

    def skipped(self) -> Sequence[Skipped]:
        return []

    def read(self, entries: Iterable[TreeEntry]) -> Mapping[str, bytes]:
        paths = [entry.path for entry in entries]
        self.reads.append(paths)
        return {path: self.files[path] for path in paths}

    def last_changes(self, paths: Iterable[str]) -> Mapping[str, LastChange]:
        self.dated = list(paths)
        default = LastChange(datetime(2026, 5, 1, tzinfo=UTC), True)
        return {path: self.changes.get(path, default) for path in self.dated}


@dataclass
class Look:
    """One repository, its inventory and a world over it and others."""

    inventory: Inventory
    world: MemoryWorld

    def entity(self, ref: str) -> Entity:
        entity = self.world.catalog.get(EntityRef.parse(ref))
        assert entity is not None
        return entity


def make_snapshot(files: Mapping[str, str | bytes], **parts: object) -> MemorySnapshot:
    as_bytes = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
    return MemorySnapshot(as_bytes, **parts)


def look(*snapshots: MemorySnapshot, rules: Rules | None = None, complete: bool = True) -> Look:
    inventories = [take(snapshot) for snapshot in snapshots]
    catalog = Catalog.of(entity for inventory in inventories for entity in inventory.entities)
    attributor = Attributor(catalog, rules or Rules())

    def owned(thing: Found | UnreadablePlace) -> Iterable[EntityRef]:
        answer: Attribution = (
            attributor.of(thing)
            if isinstance(thing, Found)
            else attributor.of_unreadable(thing.repository, thing.path, thing.group)
        )
        return answer.refs

    return Look(inventories[0], MemoryWorld(inventories, catalog, owned, catalog_complete=complete))


@pytest.fixture
def snapshot() -> Callable[..., MemorySnapshot]:
    return make_snapshot


@pytest.fixture
def looked() -> Callable[..., Look]:
    """Files of one repository (or snapshots) → a look at them."""

    def made(*places: Mapping[str, str] | MemorySnapshot, **parts: object) -> Look:
        return look(*(p if isinstance(p, MemorySnapshot) else make_snapshot(p) for p in places), **parts)

    return made


@pytest.fixture
def now() -> datetime:
    return NOW


DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
  description: Takes payments from customers at checkout.
  labels: {tier: t2}
  annotations:
    backstage.io/source-location: url:https://github.com/shop/payments/tree/main/
spec: {type: service, lifecycle: production, owner: team-pay, system: shop, dependsOn: [resource:payments-db]}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: payments-db}
spec: {type: database, owner: team-pay}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata:
  name: shop
  annotations: {pagerduty.com/service-id: PABC123}
spec: {owner: team-pay}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-pay}
spec: {type: team, profile: {email: pay@shop.example}, children: [], members: [ann, bob]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [team-pay]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: bob}
spec: {memberOf: [team-pay]}
"""
RULES = """\
groups:
  - name: payments
    rules:
      - alert: PaymentsErrorBudgetFast
        expr: payments:errors:ratio_rate1h > 0.0144 and payments:errors:ratio_rate5m > 0.0144
        labels: {severity: page, slo: payments-availability}
        annotations:
          summary: Payments burns its error budget fast
          description: "{{ $value | humanizePercentage }} of requests fail."
          runbook_url: docs/runbook.md#paymentserrorbudgetfast
      - alert: PaymentsErrorBudgetSlow
        expr: payments:errors:ratio_rate3d > 0.001 and payments:errors:ratio_rate6h > 0.001
        labels: {severity: ticket, slo: payments-availability}
        annotations:
          summary: Payments burns its error budget slowly
          description: "{{ $value | humanizePercentage }} of requests fail."
      - alert: PaymentsDown
        expr: absent(up{job="payments"})
        for: 5m
        labels: {severity: critical}
        annotations:
          summary: Payments is gone
          description: No instance of payments is scraped.
          runbook_url: https://git.example.org/elsewhere
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: payments-availability}
spec:
  service: payments
  description: Requests to payments succeed for its customers.
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  indicator:
    metadata: {name: payments-good}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: prometheus
            spec: {query: 'sum(rate(http_requests_total{job="payments",code!~"5.."}[5m]))'}
        total:
          metricSource: {type: prometheus, spec: {query: 'sum(rate(http_requests_total{job="payments"}[5m]))'}}
  objectives: [{displayName: good, target: 0.999}]
"""
RUNBOOK = """\
# Payments runbook

## Overview

Payments takes money from customers at checkout. It is a stateless service behind the shop's gateway, written in Go, and
it talks to the bank through a queue. When it is down nobody can pay, so every minute counts and customers notice.

## Dependencies

It needs the payments database, the message queue and the bank's gateway. When the bank is slow, payments gets slow.

## Dashboards and logs

See https://grafana.shop.example/d/payments and https://logs.shop.example/payments for the last hour of both.

## Health

Run `curl -fsS https://payments.shop.example/healthz` and expect the answer `ok` within one second from anywhere.

## Common failures

- The bank's gateway times out: nothing to do but wait and tell support.
- The database is full: see the storage dashboard and ask the database team for more.

## PaymentsErrorBudgetFast

### Meaning

More requests fail than the objective allows, fast enough to spend a month's budget within two days.

### Impact

Customers can't pay and leave the shop with full baskets.

### Diagnosis

1. Look at the dashboard for the failing route.
2. Look at the logs for the first error.

### Mitigation

1. Roll back the last release with `kubectl rollout undo deployment/payments`.

## Rollback

Run `kubectl rollout undo deployment/payments` and watch the dashboard for five minutes until errors are gone.

## Escalation

Call the payments lead through https://shop.pagerduty.com/escalation_policies/P1 or write in #payments on chat.
"""


MANIFESTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: payments, namespace: payments}
spec:
  replicas: 3
  selector: {matchLabels: {app: payments}}
  template:
    metadata: {labels: {app: payments}}
    spec:
      topologySpreadConstraints:
        - topologyKey: topology.kubernetes.io/zone
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: payments}}
      containers:
        - name: app
          image: registry.shop.example/payments:1.4.2
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /readyz, port: http}}
          livenessProbe: {httpGet: {path: /healthz, port: http}, failureThreshold: 6}
          resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 256Mi}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: payments, namespace: payments}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: payments}}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: payments, namespace: payments}
spec: {selector: {matchLabels: {app: payments}}, podMetricsEndpoints: [{port: http}]}
"""
WORKFLOW = "on: pull_request\njobs: {tests: {steps: [{run: go test ./...}]}}\n"


@pytest.fixture
def service_files() -> dict[str, str]:
    """A small service that does most things well."""
    return {
        "catalog-info.yaml": DESCRIPTOR,
        "alerts.yaml": RULES,
        "slo/availability.yaml": SLO,
        "docs/runbook.md": RUNBOOK,
        "CODEOWNERS": "* @shop/pay\n",
        "deploy/payments.yaml": MANIFESTS,
        ".github/workflows/ci.yaml": WORKFLOW,
    }
