"""Golden paths as the tests render them: one set of answers, every kind and tier, and the team that owns them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from app.golden_paths.answers import complete
from app.golden_paths.model import GoldenPath
from app.golden_paths.rendering import render
from app.golden_paths.templates import load

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FOLDER = ROOT / "golden-paths"
KINDS = ("api", "database", "kubernetes-cluster", "service")
TIERS = ("t1", "t2", "t3")
BIRTHS = [(kind, tier) for kind in KINDS for tier in TIERS]
SAID = {
    "name": "gift-cards",
    "owner": "storefront",
    "escalationPolicy": "https://acme.pagerduty.com/escalation_policies/PSTORE1",
    "repoUrl": "https://github.com/acme/gift-cards",
}
TEAM = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: storefront}
spec: {type: team, children: [], members: [ada, grace], profile: {email: storefront@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: [storefront]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: grace}
spec: {memberOf: [storefront]}
"""
"""What the catalog knows of the owner, so that nothing of it is unknown."""


@cache
def paths() -> Mapping[str, GoldenPath]:
    return load(FOLDER)


def answers(kind: str, tier: str, **other: str) -> dict[str, str]:
    return complete(paths()[kind], {**SAID, "tier": tier, **other}, NOW.date())


@cache
def born(kind: str, tier: str) -> Mapping[str, bytes]:
    """Path → content of a golden path at a tier."""
    return render(paths()[kind], answers(kind, tier))


def laid(kind: str, tier: str, folder: Path) -> Path:
    """The same, as files."""
    for name, data in born(kind, tier).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
