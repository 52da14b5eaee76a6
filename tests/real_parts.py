"""Real components that a test needs: a named skip on a laptop, a failure in CI. The only module that skips."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require(what: str, found: str | None) -> str:
    """The component's path; without it the test is skipped by name, or fails where CI=true."""
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"needs {what}")
    raise AssertionError


def promtool() -> str:
    return require("promtool (Debian: prometheus)", shutil.which("promtool"))


def chromium() -> str:
    return require("Chromium", shutil.which("chromium"))


def git_http_backend() -> str:
    folder = subprocess.run(["git", "--exec-path"], check=True, capture_output=True, text=True).stdout.strip()
    backend = Path(folder) / "git-http-backend"
    return require("git http-backend", str(backend) if backend.exists() else None)
