"""How changes are let in: pipelines of the repository, for every entity in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.facts.model import Reason
from app.facts.retrievers import delivery
from app.facts.seen import Seen

TWO = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}, annotations: {{{more}}}}}
spec: {{type: service, lifecycle: production, owner: team}}
"""
CI = "on: pull_request\njobs: {all: {steps: [{run: go test ./...}]}}\n"


def seen_of(look: Any, now: datetime, name: str = "shop") -> Seen:
    return delivery.retrieve(look.entity(f"component:default/{name}"), look.world, now)


def test_a_pipeline_of_the_repository_is_every_components_in_it(looked: Callable[..., Any], now: datetime) -> None:
    files = {
        "shop/catalog-info.yaml": TWO.format(name="shop", more=""),
        "cart/catalog-info.yaml": TWO.format(name="cart", more=""),
        ".github/workflows/unit-test.yml": CI,
    }
    look = looked(files)
    for name in ("shop", "cart"):
        (item,) = seen_of(look, now, name).values["delivery.pipelines"]
        assert (item["system"], item["tests"], item["tested"], item["ignored"]) == (
            "github_actions",
            "go test",
            True,
            "",
        )


def test_a_pipeline_that_is_kept_in_another_tool_is_unknown(looked: Callable[..., Any], now: datetime) -> None:
    text = TWO.format(name="shop", more="jenkins.io/job-full-name: shop")
    seen = seen_of(looked({"catalog-info.yaml": text}), now)
    assert seen.unknown["delivery.pipelines"].reason == Reason.NOT_CONNECTED
    both = seen_of(looked({"catalog-info.yaml": text, ".github/workflows/ci.yml": CI}), now)
    assert [item["tested"] for item in both.values["delivery.pipelines"]] == [True]


def test_without_one_it_waits_for_no_file_a_pipeline_that_comes_is_told_when_it_is_read(
    looked: Callable[..., Any], now: datetime
) -> None:
    catalog = {"catalog-info.yaml": TWO.format(name="shop", more="")}
    assert seen_of(looked(catalog), now).reads == set()
    tested = seen_of(looked({**catalog, ".github/workflows/ci.yml": CI}), now)
    assert {read.path for read in tested.reads} == {".github/workflows/ci.yml"}
