"""The one place that names what a machine may lack: a skip with its name on a laptop, a failure with `CI=true`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def git_http_backend() -> str:
    """The path of `git http-backend`, or ""."""
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    program = Path(folder) / "git-http-backend"
    return str(program) if os.access(program, os.X_OK) else ""


def tech_insights_client() -> str:
    """The folder of the npm packages that `npm ci --prefix tests/node` installs, or ""."""
    folder = Path(__file__).parent / "node" / "node_modules"
    return str(folder) if (folder / "@backstage-community" / "plugin-tech-insights-common").exists() else ""


PARTS: dict[str, Callable[[], str]] = {
    "git http-backend": git_http_backend,
    "amtool": lambda: shutil.which("amtool") or "",
    "promtool": lambda: shutil.which("promtool") or "",
    "prometheus": lambda: shutil.which("prometheus") or "",
    "chromium": lambda: shutil.which("chromium") or "",
    "node": lambda: shutil.which("node") or "",
    "Tech Insights client": tech_insights_client,
}


def require(name: str) -> str:
    """The path of a real program by its name in `PARTS`; ends the test by name where it is missing."""
    path = PARTS[name]()
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{name} is not installed here")
