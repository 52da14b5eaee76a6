"""The wheel as a user would get it, built from the tracked files alone, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import app

CHECKOUT = Path(app.__file__).parent.parent
SHIPPED = ("app", "scorecards", "golden-paths")
BUILT_FROM = (*SHIPPED, "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


def build(source: Path, target: Path) -> Path:
    """Copies the files to `source`, builds in `target`, and gives the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *BUILT_FROM],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((CHECKOUT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(target), str(source)], check=True, capture_output=True, text=True)
    (built,) = target.glob("roadworthy-*.whl")
    return built
