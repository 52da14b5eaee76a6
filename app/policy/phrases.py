"""What a value of a fact or of an item's field means, in words: for people who have ten seconds.

A value that is as it should be has no words, so that a verdict tells only what is amiss. What stands in no table is
told by its label and its value (`wording`). Names of facts have their group, those of an item's fields have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.facts.dated import NEVER

Words = Mapping[Any, str]
"""Value → words; ANY is for every other value, with `{}` for it. "" where nothing is to be said."""
ANY = object()
FALSE, TRUE, NONE = False, True, ""
SILENT: Words = {ANY: ""}

_PROBLEMS: Words = {0: "", 1: "1 problem", ANY: "{} problems"}
FACTS: Mapping[str, Words] = {
    "catalog.registered": {TRUE: "", FALSE: "no descriptor and no catalog names it"},
    "catalog.orphan": {FALSE: "", TRUE: "no provider lists it any more"},
    "catalog.problem_count": _PROBLEMS,
    "catalog.owner_exists": {TRUE: "", FALSE: "it has no owner that the catalog knows"},
    "catalog.owner_kind": {NONE: "", "group": "", ANY: "its owner is a {}"},
    "catalog.owner_contacts": {NONE: "nothing says how to reach its owner", ANY: ""},
    "catalog.owner_members": {
        0: "its owner has no members",
        1: "its owner has 1 member",
        ANY: "its owner has {} members",
    },
    "catalog.tier": {NONE: "it declares no tier", ANY: "its tier is {}"},
    "catalog.lifecycle": {NONE: "it declares no lifecycle", ANY: "its lifecycle is {}"},
    "catalog.system": {NONE: "it is part of no system", ANY: ""},
    "catalog.source_state": {
        "resolved": "",
        "none": "nothing says where its source is",
        "missing_repository": "its source location names a repository that is not there",
        "missing_path": "its source location names a folder that is not there",
    },
    "catalog.description_words": {
        0: "it has no description",
        1: "its description is 1 word",
        ANY: "its description has {} words",
    },
    "codeowners.present": {TRUE: "", FALSE: "there is no CODEOWNERS file"},
    "codeowners.problem_count": _PROBLEMS,
    "alerting.problem_count": _PROBLEMS,
    "api.timeouts": {TRUE: "", FALSE: "no gateway gives up on a slow upstream"},
    "api.failures_isolated": {TRUE: "", FALSE: "no gateway leaves a failing upstream out"},
    "oncall.escalation_levels": {0: "nobody is paged", 1: "only 1 level of escalation", ANY: "{} levels of escalation"},
    "oncall.schedule_users": {
        0: "nobody is on the schedule",
        1: "only 1 person is on the schedule",
        ANY: "{} people are on the schedule",
    },
    "recovery.declared": {NONE: "no recovery objective is declared", ANY: "declared: {}"},
    "recovery.tested_at": {NONE: "no recovery test is on record", ANY: "recovery was last tested on {}"},
    "slo.covers_availability": {TRUE: "", FALSE: "no objective for availability"},
    "slo.covers_latency": {TRUE: "", FALSE: "no objective for latency"},
    "slo.covers_freshness": SILENT,  # asked of background work only, and there beside the other two
}
FIELDS: Mapping[str, Words] = {
    **dict.fromkeys(("replicated", "serving", "burn_rate", "replica"), SILENT),
    "stub": {NONE: "", ANY: "{}"},
    "runbook.stub": {NONE: "", ANY: "{}"},
    "severity": {NONE: "no severity", ANY: "severity {}"},
    "problems": {NONE: "", ANY: "{}"},
    "summary": {NONE: "no summary", ANY: ""},
    "summary_length": {0: "", ANY: "a summary of {} characters"},
    "description": {NONE: "no description", ANY: ""},
    "unavailable_labels": {NONE: "", ANY: "its text uses {}, which its expression does not give"},
    "for_seconds": {0: "no `for`", ANY: "`for` of {} s"},
    "range_seconds": {0: "", ANY: "looks back {} s"},
    "instant": {FALSE: "", TRUE: "fires on a single sample"},
    "covers_absence": {TRUE: "", FALSE: "does not fire when its series are gone"},
    "tested": {TRUE: "", FALSE: "no unit test"},
    "pages": {TRUE: "", FALSE: "its route pages nobody"},
    "default": {FALSE: "", TRUE: "falls through to the default receiver"},
    "muted": {FALSE: "", TRUE: "is muted"},
    "metrics.way": {NONE: "nothing collects its metrics", ANY: "metrics by {}"},
    "replicas_min": {0: "no copies", 1: "1 copy", ANY: "{} copies"},
    "analysis": {TRUE: "", FALSE: "nothing judges its steps"},
    "readiness": {TRUE: "", FALSE: "no readiness probe"},
    "liveness": {TRUE: "", FALSE: "no liveness probe"},
    "probes_differ": {TRUE: "", FALSE: "liveness asks the same as readiness, no more patiently"},
    "cpu_request": {NONE: "no CPU request", ANY: ""},
    "memory_request": {NONE: "no memory request", ANY: ""},
    "memory_limit": {NONE: "no memory limit", ANY: ""},
    "budget.state": {
        "none": "no disruption budget",
        "blocks": "its disruption budget lets no pod leave",
        "idle": "its disruption budget lets all pods leave",
        "protects": "",
    },
    "spread_zone": {TRUE: "", FALSE: "its copies may all run in one zone"},
    "spread_node": {TRUE: "", FALSE: "its copies may all run on one node"},
    "autoscaler": {NONE: "no autoscaler", ANY: ""},
    "non_root": {TRUE: "", FALSE: "may run as root"},
    "privileged": {FALSE: "", TRUE: "runs privileged"},
    "escalates": {FALSE: "", TRUE: "may gain privileges"},
    "read_only_root": {TRUE: "", FALSE: "may write to its root filesystem"},
    "cpu_limit": SILENT,
    "memory_equal": SILENT,
    "strategy": {"recreate": "stops every copy at once", NONE: "", ANY: "its strategy is {}"},
    "authenticated": {TRUE: "", FALSE: "its operations ask for no authentication"},
    "format": {NONE: "of no known format", ANY: ""},
    "description_words": {0: "no description", 1: "a description of 1 word", ANY: "a description of {} words"},
    "contact": {TRUE: "", FALSE: "no contact"},
    "semantic_version": {TRUE: "", FALSE: "its version is no semantic version"},
    "client_error": {TRUE: "", FALSE: "describes no client error"},
    "server_error": {TRUE: "", FALSE: "describes no server error"},
    "limits_enforced": {TRUE: "", FALSE: "no gateway enforces a limit"},
    "limits_documented_ratio": {0: "no operation documents its limit", 1: "", ANY: "documents limits at a ratio of {}"},
    "limit_headers": {NONE: "no header tells the limit", ANY: ""},
    "audit_logs": {TRUE: "", FALSE: "no audit logs"},
    "endpoint_restricted": {TRUE: "", FALSE: "anyone may reach its endpoint"},
    "pod_security": {NONE: "no pod security level", ANY: "pod security {}"},
    "quota": {TRUE: "", FALSE: "no quota"},
    "limit_range": {TRUE: "", FALSE: "no limit range"},
    "default_deny": {TRUE: "", FALSE: "no network policy that denies by default"},
    "zones": {1: "1 zone", ANY: "{} zones"},
    "node_upgrades": {TRUE: "", FALSE: "its nodes are not upgraded by themselves"},
    "channel": {NONE: "no release channel", ANY: ""},
    "maintenance_window": {TRUE: "", FALSE: "no maintenance window"},
    "supported_until": {ANY: "supported until {}"},
    "backup_days": {0: "no backups are kept", 1: "backups are kept for 1 day", ANY: "backups are kept for {} days"},
    "point_in_time": {TRUE: "", FALSE: "can't be restored to a point in time"},
    "high_availability": {TRUE: "", FALSE: "no standby"},
    "deletion_protected": {TRUE: "", FALSE: "not protected from deletion"},
    "minor_upgrades": {TRUE: "", FALSE: "minor versions are not applied by themselves"},
    "public": {FALSE: "", TRUE: "reachable from anywhere"},
    "storage_class": {NONE: "", ANY: "storage class {}"},
    "encryption": {"yes": "", "no": "not encrypted"},
    "objective_ratio": {-1: "", ANY: "objective {}"},
    "image_state": {"moving": "no fixed version: latest, a branch, or no tag", ANY: ""},
    "covered": {TRUE: "", FALSE: "not covered"},
    "exists": {TRUE: "", FALSE: "the catalog does not know it"},
    "placeholder": {FALSE: "", TRUE: "its value only holds a place"},
    "secret": {FALSE: "", TRUE: "its value is a credential"},
    "runbook.state": {
        "missing": "links no runbook",
        "placeholder": "its link only holds a place",
        "missing_anchor": "the linked page has no such heading",
        "missing_file": "the linked page is not there",
        "dead_template": "its link is always empty where it is filled in",
        "templated": "its link is filled in elsewhere",
        "not_crawled": "the linked page is in a repository that is not crawled",
        "resolved": "",
        "external": "",
    },
    "runbook.actions": {0: "says neither command nor step", ANY: ""},
    "runbook.shared": {1: "", ANY: "{} alerts link the same section"},
    "words": {0: "it is empty", ANY: "{} words"},
    "contacts": {NONE: "names nobody to reach", ANY: ""},
    "attended_at": {NONE: "never reviewed", ANY: "last reviewed or changed on {}"},
    "review_by": SILENT,
    "due_at": {ANY: "review due by {}"},
    "concrete": {TRUE: "", FALSE: "names no command, page or steps"},
    "implausible_pairs": {0: "", 1: "1 pair of windows that can't work", ANY: "{} pairs of windows that can't work"},
}
OF_LISTS: Mapping[str, Mapping[str, Words]] = {"delivery.pipelines": {"tested": {TRUE: "", FALSE: "runs no tests"}}}
"""By list, for fields that mean another thing there than elsewhere."""


def phrase(table: Mapping[str, Words], name: str, value: Any) -> str | None:
    """Words for a value, "" where it needs none, None where the table does not know the name or the value."""
    words = table.get(name)
    if words is None:
        return None
    if value is None:
        return ""  # not seen, and so not what decides
    return words.get(_key(value), words.get(ANY))


def _key(value: Any) -> Any:
    """A value as tables name it: nothing, in whatever type, as NONE; a number that is no truth value as itself."""
    if isinstance(value, datetime):
        return NONE if value == NEVER else ANY
    if isinstance(value, list | tuple | dict):
        return ANY if value else NONE
    return value
