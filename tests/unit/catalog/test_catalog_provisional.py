"""What stands for a repository that names no entity: guessed from what it holds, and said so."""

from __future__ import annotations

import pytest

from app.catalog.provisional import Holds, provisional_entity

URL = "https://github.com/acme/things"
PAGES = [f"content/Alert{number}.md" for number in range(9)]
TERRAFORM = ["main.tf", "variables.tf", "prod.tfvars", "README.md", ".gitignore"]


def guessed(paths: list[str], holds: Holds = Holds()) -> tuple[str, str]:  # noqa: B008 (frozen)
    """Its type, and where it is said to run."""
    made = provisional_entity(URL, frozenset(paths), holds)
    assert made.provisional
    return made.spec_text("type"), made.annotations.get("roadworthy.dev/runs-on", "")


@pytest.mark.parametrize(
    ("paths", "holds", "type_"),
    [
        (["Dockerfile", "main.go", "go.mod"], Holds(), "service"),
        (["src/lib.rs", "Cargo.toml"], Holds(), "library"),
        (["Cargo.toml", "docs/runbook.md"], Holds(runbooks=1), "service"),
        (["README.md"], Holds(), "service"),
        (["deploy.yaml", "Cargo.toml"], Holds(workloads=True), "service"),
        (TERRAFORM, Holds(), "infrastructure"),
        ([*TERRAFORM, "images/backup/Dockerfile"], Holds(), "infrastructure"),
        (TERRAFORM, Holds(runbooks=1), "service"),
        ([*TERRAFORM, *(f"src/{n}.py" for n in range(9)), "Dockerfile"], Holds(), "service"),
        ([*PAGES, "README.md", "go.mod"], Holds(runbooks=9), "documentation"),
        (PAGES, Holds(runbooks=9, workloads=True), "service"),
        ([*PAGES[:3], "README.md"], Holds(runbooks=3), "service"),
    ],
)
def test_its_type_is_guessed_from_what_it_holds(paths: list[str], holds: Holds, type_: str) -> None:
    assert guessed(paths, holds)[0] == type_


def test_alerts_with_nothing_that_is_built_or_run_watch_something_that_runs_elsewhere() -> None:
    alerts = ["rules/a.yaml", "main.tf", "test/go.mod"]
    assert guessed(alerts, Holds(alerts=True)) == ("service", "elsewhere")
    assert guessed([*alerts, "go.mod"], Holds(alerts=True)) == ("service", "")
    assert guessed(alerts, Holds(alerts=True, workloads=True)) == ("service", "")


def test_a_collection_says_what_to_do_with_it() -> None:
    runbooks = provisional_entity(URL, frozenset(PAGES), Holds(runbooks=9))
    estate = provisional_entity(URL, frozenset(TERRAFORM))
    assert "evidence_repositories" in runbooks.metadata["description"]
    assert "a Resource for each database and cluster" in estate.metadata["description"]
