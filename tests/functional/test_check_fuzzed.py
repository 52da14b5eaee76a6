"""Whole repositories with spoiled files: `check` ends, and no rule breaks over what they say."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import mutants
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.facts.groups import SCHEMA
from app.formats import reading
from app.pipeline.check import check
from app.policy.documents import load
from app.policy.model import Outcome
from app.policy.results import scorecard_json
from app.repos.git import Git
from app.repos.worktree import WorkingTree

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = sorted(
    folder.name for folder in mutants.REPOSITORIES.iterdir() if any(folder.rglob("catalog-info.*")) and folder.is_dir()
)
POLICY = load(mutants.ROOT / "scorecards", SCHEMA)


@often(40)
@given(name=st.sampled_from(NAMES), dice=st.integers(0, 2**32))
def test_no_spoiled_repository_breaks_a_rule(name: str, dice: int) -> None:
    chance = Random(dice)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        shutil.copytree(mutants.REPOSITORIES / name, folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and reading.wants(path.name)]
        for path in chance.sample(files, min(len(files), chance.randint(1, 3))):
            path.write_bytes(mutants.mutant(path.read_bytes(), chance))

        with closing(Git()) as git:
            report = check(WorkingTree(folder, git), POLICY, NOW)

    for judged in report.judged:
        for result in judged.results:
            broken = [one.check.id for one in result.checks if one.outcome is Outcome.ERROR]
            assert broken == []
            assert scorecard_json(result)["id"]
