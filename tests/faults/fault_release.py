"""The next release of Roadworthy: this one, and a migration of the busiest tables on top."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.store import migrate

ROOT = Path(__file__).parents[2]
REVISION = "9999"
_MIGRATION = '''"""What a next release might need."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", "{head}"


def upgrade() -> None:
    for table in ("repositories", "entities", "results", "inbound"):
        op.add_column(table, sa.Column("of_the_next_release", sa.Text, nullable=False, server_default=""))
    op.create_table("next_release", sa.Column("name", sa.Text, primary_key=True))
    op.create_index("entities_of_the_next_release", "entities", ["of_the_next_release"])
'''


class NextRelease:
    """`environ` makes `python -m app.cli` run it."""

    def __init__(self, folder: Path) -> None:
        quiet = shutil.ignore_patterns("__pycache__", "static")
        shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "scorecards", folder / "scorecards", ignore=quiet)
        versions = folder / "app" / "store" / "migrations" / "versions"
        text = _MIGRATION.format(revision=REVISION, head=migrate.head())
        (versions / f"{REVISION}_next_release.py").write_text(text, "utf-8")
        self.environ = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(folder)}

    def upgrade(self, config: Path, environ: dict[str, str]) -> str:
        """`roadworthy db upgrade`, as a release does it; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "db", "upgrade", "--config", str(config)],
            env={**os.environ, **environ, **self.environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
