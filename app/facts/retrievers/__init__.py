"""Fact retrievers: one module a group, and the one table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from app.catalog.model import Entity
from app.facts.retrievers import (
    alerting,
    api,
    catalog,
    cluster,
    codeowners,
    database,
    delivery,
    error_budget,
    oncall,
    recovery,
    runbooks,
    slo,
    workloads,
)
from app.facts.seen import Seen
from app.facts.world import World

Retrieve = Callable[[Entity, World, datetime], Seen]
"""Looks at one entity in a world. It may raise: `collect` then keeps the error, and nothing else is lost."""

TABLE: Mapping[str, Retrieve] = {
    "catalog": catalog.retrieve,
    "codeowners": codeowners.retrieve,
    "runbooks": runbooks.retrieve,
    "slo": slo.retrieve,
    "error_budget": error_budget.retrieve,
    "oncall": oncall.retrieve,
    "alerting": alerting.retrieve,
    "workloads": workloads.retrieve,
    "delivery": delivery.retrieve,
    "recovery": recovery.retrieve,
    "database": database.retrieve,
    "cluster": cluster.retrieve,
    "api": api.retrieve,
}
"""Fact group → its retriever."""
