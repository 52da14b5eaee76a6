"""What files say: the objects that readers return. Readers are pure: text in, objects, problems or unreadables out.

An object knows its line but not its path: the same blob is parsed once wherever it lies. `facts.inventory` adds place.
Every class here is a frozen dataclass whose fields are JSON-ready (text, numbers, booleans, tuples, dicts, other
objects), so that `body()` and `from_body()` carry it through the store. Nothing secret is ever kept in one.
"""

from __future__ import annotations

from app.formats.model.alerting import AlertmanagerConfig, AlertRule, BurnRatePair, Receiver, RecordingRule, RuleTest
from app.formats.model.base import Finding, Object, Parsed, Part, RunbookLink, Unreadable
from app.formats.model.builds import BaseImage, Pipeline
from app.formats.model.pages import CodeOwners, OwnerRule, Runbook, Section
from app.formats.model.slo import AlertCondition, AlertPolicy, Indicator, Objective

__all__ = [
    "AlertCondition",
    "AlertPolicy",
    "AlertRule",
    "AlertmanagerConfig",
    "BaseImage",
    "BurnRatePair",
    "CodeOwners",
    "Finding",
    "Indicator",
    "Object",
    "Objective",
    "OwnerRule",
    "Parsed",
    "Part",
    "Pipeline",
    "Receiver",
    "RecordingRule",
    "RuleTest",
    "Runbook",
    "RunbookLink",
    "Section",
    "Unreadable",
]
