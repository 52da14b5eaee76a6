"""How `check` prints: one module a format, and the one table of them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from app.pipeline.check import Report

NAMES = ("table", "json", "markdown", "sarif", "junit", "github")


def render(name: str, report: Report) -> str:
    """The report as text; a format's module is imported when it is used."""
    text: str = importlib.import_module(f"app.cli.reports.{name}").render(report)
    return text


def destination(text: str) -> tuple[str, Path]:
    """`sarif=out.sarif` as a format and a file. Raises BadParameter."""
    name, _, file = text.partition("=")
    if name not in NAMES or not file:
        raise click.BadParameter(f"“{text}” is not FORMAT=FILE with one of {', '.join(NAMES)}", param_hint="--report")
    return name, Path(file)
