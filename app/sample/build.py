"""Builds the sample organisation: `roadworthy sample DIR`. Its files lie in `fixtures/`, one folder a repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from app.errors import SettingsError
from app.repos import author
from app.sample import generated

ORIGIN = "https://git.acme.example/acme"
EVIDENCE = {"central-alerts": ["alerts", "alertmanager"], "gitops": ["manifests"], "runbooks": ["runbooks"]}
BRANCHES = {"legacy-batch": "master"}
_FIRST_COMMIT = timedelta(days=520)
_LATEST_COMMIT = timedelta(days=12)
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

SETTINGS = """\
# The sample organisation. Every setting is described in docs/settings.md.
organisation: Acme

sources:
  directories: [./repositories]

# Repositories that hold alerts, manifests and runbooks for services living elsewhere.
evidence_repositories:
{evidence}
transport:
  allow_file: true   # these repositories are local

polling:
  interval: 10s
"""


def build(folder: Path, *, services: int = 12, seed: int = 7, now: datetime | None = None) -> list[Path]:
    """Writes `folder/repositories/*` and `folder/roadworthy.yaml`; returns the repositories' folders.

    A dozen repositories come from the fixtures; more than that are generated from `seed`. Refuses to build over
    anything it did not make itself. Commit dates are relative to `now`.
    """
    moment = now or datetime.now(UTC)
    root = folder / "repositories"
    if folder.exists() and any(folder.iterdir()) and not (folder / "roadworthy.yaml").exists():
        raise SettingsError(f"{folder} is not empty and holds no sample organisation: choose another folder")
    if root.exists():
        shutil.rmtree(root)
    made = [_write_fixture(root / name, files, moment) for name, files in sorted(_fixtures(moment).items())]
    made.append(_write_odd(root, moment))
    author.write(root / "brand-new", [], bare=False, origin=f"{ORIGIN}/brand-new")
    made.append(root / "brand-new")
    extra = max(0, services - 12)
    for plan in generated.plans(seed, extra):
        author.write(root / plan.name, generated.commits(plan, moment), bare=False, origin=f"{ORIGIN}/{plan.name}")
        made.append(root / plan.name)
    (folder / "roadworthy.yaml").write_text(_settings(), "utf-8")
    return made


def _settings() -> str:
    lines = [f"  - url: ./repositories/{name}\n    provides: [{', '.join(p)}]\n" for name, p in EVIDENCE.items()]
    return SETTINGS.format(evidence="".join(lines))


def _write_fixture(folder: Path, files: Mapping[str, bytes], now: datetime) -> Path:
    """Two commits: everything long ago, and a touch of the monitoring files lately (so some runbooks look old)."""
    fresh = {path: data for path, data in files.items() if path.endswith((".yaml", ".yml", ".json"))}
    first = {path: data + b"\n" if path in fresh else data for path, data in files.items()}
    commits = [author.Commit(now - _FIRST_COMMIT, first, "First version")]
    if fresh:
        commits.append(author.Commit(now - _LATEST_COMMIT, fresh, "Tidy the monitoring files"))
    name = folder.name
    author.write(folder, commits, branch=BRANCHES.get(name, "main"), bare=False, origin=f"{ORIGIN}/{name}")
    return folder


def _write_odd(root: Path, now: datetime) -> Path:
    """A repository whose descriptor is a YAML bomb: it must cost its own score only."""
    files: dict[str, bytes | None] = {"catalog-info.yaml": _BOMB.encode(), "README.md": b"# Attic\n\nOld things.\n"}
    author.write(root / "attic", [author.Commit(now - _FIRST_COMMIT, files)], bare=False, origin=f"{ORIGIN}/attic")
    return root / "attic"


def _fixtures(now: datetime) -> dict[str, dict[str, bytes]]:
    base = resources.files("app.sample") / "fixtures"
    return {entry.name: dict(_files(entry, "", now)) for entry in base.iterdir() if entry.is_dir()}


def _files(folder: Traversable, prefix: str, now: datetime) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _files(entry, f"{path}/", now)
        else:
            found.append((path, _filled(entry.read_text("utf-8"), now).encode()))
    return found


def _filled(text: str, now: datetime) -> str:
    """Dates stand in the fixtures as `@DAYS_AGO_40@` and `@DAYS_AHEAD_200@`, links as `@BASE@`."""

    def day(match: re.Match[str]) -> str:
        sign = -1 if match[1] == "AGO" else 1
        return (now + sign * timedelta(days=int(match[2]))).date().isoformat()

    return re.sub(r"@DAYS_(AGO|AHEAD)_(\d+)@", day, text).replace("@BASE@", ORIGIN)
