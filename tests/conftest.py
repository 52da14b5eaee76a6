"""What every test may use: fixed times, the repository's own policy, and a crawled sample organisation."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from app.facts.groups import SCHEMA
from app.policy.documents import load
from app.policy.model import Policy

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
pytest_plugins = ["server_fixtures"]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# A busy machine is no fault of the code: neither a slow example nor a slow draw fails a property. CI draws the same
# examples each time, so that its answer is about the change alone; a laptop draws new ones, `make fuzz` many.
hypothesis.settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    max_examples=int(os.environ.get("ROADWORTHY_EXAMPLES", "100")),
    **({"derandomize": True, "database": None} if os.environ.get("CI") == "true" else {}),
)
hypothesis.settings.load_profile("busy")


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The scorecards that come with Roadworthy."""
    return load(ROOT / "scorecards", SCHEMA)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own ROADWORTHY_ variables must not reach a test."""
    for name in [name for name in os.environ if name.startswith("ROADWORTHY_")]:
        monkeypatch.delenv(name)
