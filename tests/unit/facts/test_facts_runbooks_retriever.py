"""Facts about runbooks: the service's own, those its descriptor names, and the pages its alerts link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from app.facts.retrievers import error_budget, runbooks

PAYMENTS = "component:default/payments"


def test_the_services_own_runbook_and_the_pages_it_links(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["alerts.yaml"].replace("https://git.example.org/elsewhere", "/notes/down.md")
    files = {**service_files, "alerts.yaml": text, "notes/down.md": "# Down\n\nCall us.\n"}
    look = looked(snapshot(files))

    seen = runbooks.retrieve(look.entity(PAYMENTS), look.world, now)

    own, linked = seen.values["runbooks.documents"]
    assert (own["path"], own["role"], own["title"]) == ("docs/runbook.md", "service", "Payments runbook")
    topics = {"overview", "dependencies", "dashboards", "health", "failures", "rollback", "escalation"}
    assert topics <= set(own["topics"])
    assert "pager" in own["contacts"]
    assert (own["changed_at"], own["attended_exact"]) == ("2026-05-01T00:00:00Z", True)
    assert (linked["path"], linked["role"]) == ("notes/down.md", "alert")


def test_a_runbook_that_holds_the_error_budget_policy_is_still_a_runbook(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    both = service_files["docs/runbook.md"] + "\n## Error budget policy\n\nWe stop releases.\n"
    look = looked({**service_files, "docs/runbook.md": both})

    documents = runbooks.retrieve(look.entity(PAYMENTS), look.world, now).values["runbooks.documents"]
    policies = error_budget.retrieve(look.entity(PAYMENTS), look.world, now).values["error_budget.policies"]

    assert [item["path"] for item in documents] == [item["path"] for item in policies] == ["docs/runbook.md"]


def test_a_stated_review_wins_over_the_last_change(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    dated = "---\nlast_reviewed: 2025-02-03\nreview_by: 2026-08-01\n---\n" + service_files["docs/runbook.md"]
    look = looked({**service_files, "docs/runbook.md": dated})

    (own, *_) = runbooks.retrieve(look.entity(PAYMENTS), look.world, now).values["runbooks.documents"]

    assert own["attended_at"].isoformat() == "2025-02-03T00:00:00+00:00"
    assert own["due_at"].isoformat() == "2026-08-02T00:00:00+00:00"


def test_a_runbook_outside_the_crawled_repositories_is_unknown(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["catalog-info.yaml"].replace(
        "  labels: {tier: t2}", "  links: [{url: 'https://wiki.shop.example/pay', title: Runbook}]"
    )
    del service_files["docs/runbook.md"]
    look = looked({**service_files, "catalog-info.yaml": text})

    (page,) = runbooks.retrieve(look.entity(PAYMENTS), look.world, now).values["runbooks.documents"]

    assert (page["role"], page["url"], page["path"]) == (
        "service",
        "https://wiki.shop.example/pay",
        "catalog-info.yaml",
    )
    assert "words" not in page
    assert "words" in page["unknown"]


ONE_OF_MANY = "# {title}\n\n## Meaning\n\nThe machine is stuck.\n\n## Recovery\n\nRestart it.\n"


@pytest.mark.parametrize(
    ("name", "title", "role"),
    [
        ("MachineStuck", "MachineStuck", "alert"),
        ("MachineStuck", "Machine Stuck", "alert"),
        ("orders", "Orders", "service"),
        ("MachineStuck", "When it hangs", "service"),
    ],
)
def test_a_page_named_like_an_alert_is_an_alerts_even_where_the_rules_are_elsewhere(
    snapshot: Callable[..., Any], looked: Callable[..., Any], now: datetime, name: str, title: str, role: str
) -> None:
    look = looked(snapshot({f"runbooks/{name}.md": ONE_OF_MANY.format(title=title)}))
    (made_up,) = look.world.catalog.entities.values()

    (page,) = runbooks.retrieve(made_up, look.world, now).values["runbooks.documents"]

    assert page["role"] == role


def test_a_service_with_a_name_in_camel_case_keeps_its_runbook(
    snapshot: Callable[..., Any], looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    text = service_files["docs/runbook.md"].replace("# Payments runbook", "# PaymentsService")
    look = looked(snapshot({"runbooks/PaymentsService.md": text}))
    (made_up,) = look.world.catalog.entities.values()

    (page,) = runbooks.retrieve(made_up, look.world, now).values["runbooks.documents"]

    assert page["role"] == "service"


def test_a_way_back_is_concrete_when_it_says_what_to_type_where_to_click_or_what_to_do(
    looked: Callable[..., Any], service_files: dict[str, str], now: datetime
) -> None:
    runbook = (
        "# Payments runbook\n\n## Overview\n\nTakes payments from customers at checkout, all day and night.\n\n"
        "## Rollback\n\nAsk a senior engineer, who knows how this is done.\n\n"
        "## Escalation\n\n- #team-pay\n- the pager\n"
    )
    deploy = "# Deploying\n\n## Rolling back a release\n\nRun `kubectl rollout undo deploy/payments`.\n"
    other = "# Design\n\n## Rollback of transactions\n\nSee https://example.org/design.\n"
    files = {**service_files, "docs/runbook.md": runbook, "docs/deploying.md": deploy, "docs/design.md": other}
    look = looked(files)

    seen = runbooks.retrieve(look.entity(PAYMENTS), look.world, now)

    found = [(item["title"], item["concrete"], item["path"]) for item in seen.values["runbooks.rollbacks"]]
    assert found == [
        ("Rollback", False, "docs/runbook.md"),
        ("Rolling back a release", True, "docs/deploying.md"),
    ]
