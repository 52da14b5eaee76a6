"""Every fact we make, by group: what it is, its type, and what each field of an item means.

Rules are type-checked against this at load, `roadworthy facts --schema` prints it, and the documentation is held to it.
The larger groups stand in `groups_alerting` and `groups_runbooks`. Names are public: other people script against them.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.facts.groups_alerting import ALERTING
from app.facts.groups_api import API
from app.facts.groups_cluster import CLUSTER
from app.facts.groups_common import place, unreadable
from app.facts.groups_database import DATABASE
from app.facts.groups_delivery import DELIVERY
from app.facts.groups_recovery import RECOVERY
from app.facts.groups_runbooks import RUNBOOKS
from app.facts.groups_slo import ERROR_BUDGET, SLO
from app.facts.groups_workloads import WORKLOADS
from app.facts.schema import Fact, Field, Group

CATALOG = Group(
    "catalog",
    1,
    "What the software catalog says about the entity.",
    {
        "problems": Fact(
            "items",
            "What is wrong with the entity's own descriptor.",
            fields={
                "code": Field("string", "Kind of problem, in kebab-case"),
                "message": Field("string", "One sentence for a person"),
                **place(),
            },
        ),
        "problem_count": Fact("int", "How many of these problems there are", "problems"),
        "registered": Fact("bool", "A descriptor or a catalog names the entity; false for a provisional one"),
        "orphan": Fact("bool", "No provider lists the entity any more"),
        "healthy": Fact("bool", "Registered, without problems, and not an orphan"),
        "owner": Fact("string", "Reference of the owner, or empty"),
        "owner_kind": Fact("string", "Kind of the owner (group, user), or empty"),
        "owner_exists": Fact("bool", "The owner is an entity of the catalog"),
        "owner_members": Fact("int", "Distinct users in the owning group and the groups below it", "users"),
        "owner_contacts": Fact("strings", "Ways to reach the owner: email, chat, link. Never the address itself"),
        "tier": Fact("string", "Declared criticality tier in lower case, or empty"),
        "lifecycle": Fact("string", "spec.lifecycle, or empty"),
        "type": Fact("string", "spec.type, or empty"),
        "system": Fact("string", "Reference of the system it is part of, or empty"),
        "title_given": Fact("bool", "metadata.title is set"),
        "description_words": Fact("int", "Words of metadata.description", "words"),
        "relations": Fact(
            "items",
            "What the entity refers to: owner, system, dependencies, APIs.",
            fields={
                "type": Field("string", "Relation, such as dependsOn"),
                "target": Field("string", "Reference it points to"),
                "exists": Field("bool", "The target is an entity of the catalog"),
                **place(),
            },
        ),
        "dependencies": Fact("int", "How many dependsOn and consumesApis are declared", "relations"),
        "source_location": Fact("string", "Where the catalog says the code is, or empty"),
        "source_state": Fact("string", "resolved, missing_repository, missing_path or none"),
        "unreadable": unreadable("descriptors"),
    },
)

CODEOWNERS = Group(
    "codeowners",
    2,
    "Who must review changes to the entity and to its operational files.",
    {
        "present": Fact("bool", "A CODEOWNERS file is in force in the entity's repository"),
        "path": Fact("string", "That file, or empty"),
        "paths": Fact(
            "items",
            "The entity's files that need a reviewer.",
            fields={
                "name": Field("string", "What stands in it, such as alerting rules"),
                "role": Field("string", "descriptor, alerts, slo, runbook or code"),
                "covered": Field("bool", "At least one owner is named for it"),
                "owners": Field("strings", "The owners, as written"),
                "ignored": Field("string", "Why it never counts, or empty"),
                **place(),
            },
        ),
        "problems": Fact(
            "items",
            "Lines of the file that a forge would skip.",
            fields={"code": Field("string", "Kind of problem"), "message": Field("string", "One sentence"), **place()},
        ),
        "problem_count": Fact("int", "How many lines a forge would skip", "lines"),
        "unreadable": unreadable("CODEOWNERS files"),
    },
)

ONCALL = Group(
    "oncall",
    1,
    "How someone is paged for the entity.",
    {
        "bindings": Fact(
            "items",
            "Annotations that tie the entity to a paging tool.",
            fields={
                "provider": Field("string", "pagerduty, opsgenie, grafana_oncall, incident_io, …"),
                "key": Field("string", "The annotation's key; its value is never kept"),
                "placeholder": Field("bool", "The value is empty or only holds a place (TODO, changeme)"),
                "secret": Field("bool", "The value itself is a credential, such as an integration key"),
                "entity": Field("string", "The entity that carries the annotation"),
                **place(),
            },
        ),
        "escalation_levels": Fact("int", "Levels of the escalation policy (live)", "levels"),
        "schedule_users": Fact("int", "Distinct people on the schedule (live)", "users"),
    },
    inherit=("system", "owner", "domain"),
)

SCHEMA: Mapping[str, Group] = {
    group.name: group
    for group in (
        *(CATALOG, CODEOWNERS, RUNBOOKS, SLO, ERROR_BUDGET, ONCALL, ALERTING, WORKLOADS, DELIVERY, RECOVERY),
        *(DATABASE, CLUSTER, API),
    )
}
