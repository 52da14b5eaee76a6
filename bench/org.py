"""Organisations of generated repositories of any size, from a seed; what they hold is known beforehand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.repos.author import write
from app.sample import generated, infrastructure

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def make(folder: Path, services: int, seed: int = 7, estates: int = 0) -> list[generated.Plan]:
    """Bare repositories under `folder/repositories`, and a settings file that crawls them.

    `estates`: so many more repositories, each with a workload, an API, a database and a cluster (`infrastructure`).
    """
    plans = generated.plans(seed, services)
    for plan in plans:
        write(folder / "repositories" / plan.name, generated.commits(plan, NOW))
    for estate in infrastructure.estates(seed, estates):
        write(folder / "repositories" / estate.name, infrastructure.commits(estate, NOW))
    text = "sources: {directories: [./repositories]}\ntransport: {allow_file: true}\n"
    (folder / "roadworthy.yaml").write_text(text, "utf-8")
    return plans
