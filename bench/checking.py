"""`roadworthy check` on a warm tree of 1,000 files against imports, `git ls-files` and reading the candidates."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from app.repos.author import Commit, write
from app.sample import generated
from bench import org
from bench.rows import Row

_FILES, _ROUNDS = 1000, 5
_FLOOR = """\
import subprocess, click, rich.console, yaml, promql_parser, markdown_it, codeowners
from cel_expr_python import cel
names = subprocess.run(['git', 'ls-files', '-z'], capture_output=True).stdout.split(b'\\0')
[open(n, 'rb').read() for n in names if n.endswith((b'.yaml', b'.md', b'.json'))]
"""


def run(folder: Path) -> list[Row]:
    plan = next(one for one in generated.plans(7, 50) if one.paging and one.runbook == "good")
    files: dict[str, bytes | None] = dict(generated.files(plan))
    files |= {f"src/more/file_{n:04d}.py": b"x = 1\n" * 30 for n in range(_FILES - len(files))}
    write(folder, [Commit(org.NOW, files)], bare=False)
    ours = [sys.executable, "-m", "app.cli", "check", str(folder)]
    floor = [sys.executable, "-c", _FLOOR]
    return [Row(f"check, {_FILES:,} files", _best(ours, Path.cwd()), _best(floor, folder), 5.0)]


def _best(command: list[str], folder: Path) -> float:
    """Milliseconds of the fastest round after one that is not counted: it writes the bytecode, as an install does."""
    _once(command, folder)
    return min(_once(command, folder) for _ in range(_ROUNDS)) * 1000


def _once(command: list[str], folder: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True, env=environment)
    return time.perf_counter() - began
