"""Folders that come with Roadworthy: a checkout keeps them at its top, a wheel inside the package (see `setup.py`)."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """The folder `scorecards` or `golden-paths` that belongs to this very code."""
    inside = _PACKAGE / "data" / name
    return inside if inside.exists() else _PACKAGE.parent / name
