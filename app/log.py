"""Structured logs: one line an event, entity and repository as keys. JSON in a pipe, colours on a terminal."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")


def configure(*, level: str = "info", stream: Any = None) -> None:
    """Called once by each entry point, before anything logs. Logs go to standard error."""
    out = stream or sys.stderr
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=True) if out.isatty() else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_userinfo,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )


def _without_userinfo(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """User names and passwords in URLs never reach a log, whoever put them there."""
    for key, value in event.items():
        if isinstance(value, str) and "://" in value:
            event[key] = _USERINFO.sub("", value)
    return event
