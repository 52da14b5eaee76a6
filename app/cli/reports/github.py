"""Workflow commands of GitHub Actions: an annotation on each failing line; with a baseline, on each new one."""

from __future__ import annotations

from app.cli.reports.findings import findings
from app.pipeline.check import Report


def render(report: Report) -> str:
    how = "warning" if report.comparison is None else "error"  # what is new since the baseline fails the job
    return "".join(
        f"::{how} file={_property(one.path)},line={one.line},"
        f"title={_property(one.result.check.title)}::{_data(one.message)}\n"
        for one in findings(report)
        if one.new
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
