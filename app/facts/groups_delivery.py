"""The facts about how changes reach production."""

from __future__ import annotations

from app.facts.groups_common import place, unreadable
from app.facts.schema import Fact, Field, Group

PIPELINE = {
    "name": Field("string", "Name of the workflow, or empty"),
    "system": Field("string", "github_actions, gitlab_ci, jenkins, circleci, …"),
    "before_merge": Field("bool", "It runs for changes that are not merged yet"),
    "tested": Field("bool", "Something in it runs tests"),
    "tests": Field("string", "The command or step that does, or empty"),
    "ignored": Field("string", "Why it never counts, or empty"),
    **place(),
}

DELIVERY = Group(
    "delivery",
    1,
    "How changes of the entity's repository are let in. What its forge requires is not seen here.",
    {
        "pipelines": Fact("items", "CI configurations of the repository, one a file.", fields=PIPELINE),
        "unreadable": unreadable("CI configurations"),
    },
)
