"""A pipeline that comes, or goes, turns the verdict of every component of its repository at the next push."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from organisation import TEAM, Organisation

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: NAME}
spec: {type: service, lifecycle: production, owner: shop}
"""
WORKFLOW = "on: pull_request\njobs: {all: {steps: [{run: go test ./...}]}}\n"


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    files = {f"{name}/catalog-info.yaml": COMPONENT.replace("NAME", name) for name in ("cart", "till")}
    made.repository("shop", {**files, "README.md": "# Shop\n"})
    made.crawl()
    yield made
    made.close()


def verdicts(organisation: Organisation) -> set[str]:
    return {organisation.outcome(name, "changes-tested") for name in ("cart", "till")}


def test_every_component_of_a_repository_follows_its_pipelines(organisation: Organisation) -> None:
    assert verdicts(organisation) == {"fail"}
    organisation.push("shop", {".github/workflows/new.yml": WORKFLOW})
    organisation.crawl()
    assert verdicts(organisation) == {"pass"}
    organisation.push("shop", {".github/workflows/new.yml": WORKFLOW.replace("go test ./...", "./all.sh")})
    organisation.crawl()
    assert verdicts(organisation) == {"unknown"}
    organisation.push("shop", {".github/workflows/new.yml": None})
    organisation.crawl()
    assert verdicts(organisation) == {"fail"}
