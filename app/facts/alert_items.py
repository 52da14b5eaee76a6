"""Alert and recording rules as items of facts."""

from __future__ import annotations

import re

from app.facts.inventory import Found
from app.facts.seen import Item, place_of
from app.formats.model import AlertRule, Objective, RecordingRule, RunbookLink
from app.formats.prometheus_rules import runbook_link
from app.formats.templates import TOKEN

DYNAMIC = re.compile(r"\{\{.*(\$labels|\$value|\.Labels|\.Value)", re.DOTALL)
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
UNRESOLVED = "holds a template that can't be resolved here"

_FIELDS = {
    "name": ("name",),
    "severity": ("severity",),
    "for": ("for", "for_seconds"),
    "keep_firing_for": ("keep_firing_for",),
    "expr": ("unavailable_labels",),
    "summary": ("summary", "summary_length"),
    "description": ("description", "description_dynamic"),
    "runbook": ("runbook",),
}
"""What is templated → the item's fields that are then unknown. A whole runbook has a state for it."""


def rule_item(found: Found, fire: frozenset[str], silent: frozenset[str]) -> Item:
    """An alerting rule, but for where its runbook leads. `fire` and `silent`: names that unit tests expect so."""
    rule = found.object
    assert isinstance(rule, AlertRule)
    summary, description = _texts(rule)
    item = place_of(found) | {
        "name": rule.name,
        "group": rule.group,
        "severity": rule.severity or rule.labels.get("sloth_severity", ""),
        "for": rule.hold,
        "for_seconds": rule.hold_seconds,
        "keep_firing_for": rule.keep_firing,
        "expr": rule.expr,
        "expr_valid": rule.expr_valid,
        "expr_error": rule.expr_error,
        "problems": [f"{finding.code}: {finding.message}" for finding in rule.findings],
        "runbook": {"key": rule.runbook.key, "value": rule.runbook.value},
        "summary": summary,
        "summary_length": length_of(summary),
        "description": description,
        "description_dynamic": DYNAMIC.search(description) is not None,
        "unavailable_labels": list(rule.unavailable_labels),
        "burn_rate": bool(rule.burn_rates),
        "range_seconds": rule.range_seconds,
        "instant": rule.instant,
        "covers_absence": rule.covers_absence,
        "tested": rule.name in fire,
        "tested_silent": rule.name in silent,
        "generated": False,
        "conditional": rule.conditional,
        "source": rule.source,
        "output_path": "",
        "output_line": 0,
    }
    return _without_templated(item, (*rule.templated, *_templated_texts(item, rule)))


def generated_item(found: Found, paging: bool) -> Item:
    """The fast (`paging`) or slow alert that the tool of an objective's format makes of it: valid by construction."""
    objective = found.object
    assert isinstance(objective, Objective)
    link = objective_link(objective)
    summary = f"{objective.name} spends its error budget too fast"
    return place_of(found) | {
        "name": f"{objective.name} ({'fast' if paging else 'slow'} burn)",
        "group": objective.slo,
        "severity": "page" if paging else "ticket",
        "for": "0s",
        "for_seconds": 0,
        "keep_firing_for": "",
        "expr": "",
        "expr_valid": "valid",
        "expr_error": "",
        "problems": [],
        "runbook": {"key": link.key, "value": link.value},
        "summary": summary,
        "summary_length": len(summary),
        "description": objective.description or summary,
        "description_dynamic": False,
        "unavailable_labels": [],
        "burn_rate": True,
        "range_seconds": 0,
        "instant": False,
        "covers_absence": objective.absence_alert,
        "tested": False,
        "tested_silent": False,
        "generated": True,
        "conditional": False,
        "source": objective.format,
        "output_path": "",
        "output_line": 0,
    }


def at_spec(item: Item, made_of: Found) -> Item:
    """The item of a rule in a tool's output with the place of the objective it is made of: what people edit."""
    return item | place_of(made_of) | {"output_path": item["path"], "output_line": item["line"]}


def own_place(item: Item) -> tuple[str, int]:
    """Path and line of the rule's own text."""
    return (item["output_path"], item["output_line"]) if item["output_path"] else (item["path"], item["line"])


def objective_link(objective: Objective) -> RunbookLink:
    """The runbook of the alerts made of an objective: the format's own place for it, else an annotation.

    Pyrra hands annotations that begin with `pyrra.dev/` on to its alerts.
    """
    if objective.runbook.value:
        return objective.runbook
    return runbook_link({key.removeprefix("pyrra.dev/"): text for key, text in objective.object_annotations.items()})


def recording_item(found: Found) -> Item:
    rule = found.object
    assert isinstance(rule, RecordingRule)
    return place_of(found) | {
        "name": rule.name,
        "group": rule.group,
        "expr": rule.expr,
        "expr_valid": rule.expr_valid,
        "expr_error": rule.expr_error,
        "source": rule.source,
    }


def _texts(rule: AlertRule) -> tuple[str, str]:
    """The short and the long text. Sloth and others write `title` and `summary` where most write a description.

    NAIS asks for a `consequence` and an `action` beside the summary: they say more than most descriptions.
    """
    title, summary = _annotation(rule, "title"), _annotation(rule, "summary")
    description = _annotation(rule, "description", "message", "consequence", "action")
    return (title, summary) if title and summary and not description else (summary or title, description)


def length_of(summary: str) -> int:
    """Characters that are always there: what a template fills in has a length of its own."""
    return len(_ACTION.sub("", summary))


def _annotation(rule: AlertRule, *keys: str) -> str:
    return next((rule.annotations[key].strip() for key in keys if rule.annotations.get(key)), "")


def _templated_texts(item: Item, rule: AlertRule) -> list[str]:
    """Summary and description that hold a template's token, or may hide in a templated block of annotations."""
    hidden = "annotations" in rule.templated
    return [name for name in ("summary", "description") if TOKEN in item[name] or (hidden and not item[name])]


def _not_seen(item: Item) -> list[str]:
    """Fields that text alone can't tell of an expression that is not parsed: only what it shows is known."""
    if item["expr_valid"] != "unknown":
        return []
    open_ = ["covers_absence"] if not item["covers_absence"] else []
    if "$labels" in item["summary"] + item["description"]:
        open_.append("unavailable_labels")
    return [*open_, *(("range_seconds", "instant") if item["instant"] else ())]


def _without_templated(item: Item, templated: tuple[str, ...]) -> Item:
    for field in _not_seen(item):
        item.pop(field)
        item.setdefault("unknown", {})[field] = UNRESOLVED if "expr" in templated else item["expr_error"]
    for name in templated:
        for field in _FIELDS.get(name, ()):
            if field != "runbook":
                item.pop(field, None)
            item.setdefault("unknown", {})[field] = UNRESOLVED
    return item
