"""How `check` prints: one module a format, and the one table of them."""

from __future__ import annotations

import importlib

from app.pipeline.check import Report

NAMES = ("table", "json", "markdown", "sarif", "junit", "github")


def render(name: str, report: Report) -> str:
    """The report as text; a format's module is imported when it is used."""
    text: str = importlib.import_module(f"app.cli.reports.{name}").render(report)
    return text
