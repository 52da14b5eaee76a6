"""Organisations of generated repositories of any size, from a seed; what they hold is known beforehand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.repos.author import write
from app.sample import generated

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def make(folder: Path, services: int, seed: int = 7) -> list[generated.Plan]:
    """Bare repositories under `folder/repositories`, and a settings file that crawls them."""
    plans = generated.plans(seed, services)
    for plan in plans:
        write(folder / "repositories" / plan.name, generated.commits(plan, NOW))
    text = "sources: {directories: [./repositories]}\ntransport: {allow_file: true}\n"
    (folder / "roadworthy.yaml").write_text(text, "utf-8")
    return plans
