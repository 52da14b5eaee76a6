"""The log: one JSON object a line, each with the entity and repository it speaks of."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import pytest
import structlog
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app import log


@pytest.fixture
def events(tmp_path):
    """What two crawls write: one repository is fine, one is empty, and one is gone at the second crawl."""
    stream = io.StringIO()
    organisation = Organisation(tmp_path).open()
    log.configure(level="debug", stream=stream)
    try:
        files = {
            "catalog-info.yaml": component("shop"),
            "alerts.yaml": alert("Burning", "TODO"),
            "docs/runbook.md": RUNBOOK,
        }
        organisation.repository("catalog", {"catalog-info.yaml": TEAM})
        organisation.repository("shop", files)
        organisation.repository("lost", {"README.md": "# Lost\n"})
        subprocess.run(["git", "init", "-q", str(tmp_path / "repositories/empty")], check=True)
        organisation.crawl()
        shutil.rmtree(organisation.path("lost") / ".git/objects")
        organisation.push("shop", {"alerts.yaml": alert("Burning", "docs/runbook.md#burning")})
        organisation.crawl()
    finally:
        structlog.reset_defaults()
        organisation.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_one_event_with_its_level_and_time(events):
    assert events
    assert [one for one in events if not {"event", "level", "timestamp"} <= set(one)] == []


def test_what_happens_to_a_repository_or_an_entity_names_it(events):
    about = [one for one in events if one["event"].startswith(("repository.", "refresh.", "entity."))]
    assert [one for one in about if not one.get("repository")] == []
    assert [one for one in about if one["event"].startswith("entity.") and not one.get("entity")] == []
    names = {(one["event"], one["repository"].rpartition("/")[2]) for one in about}
    assert {("repository.refreshed", "shop"), ("entity.judged", "shop"), ("refresh.failed", "empty")} <= names
