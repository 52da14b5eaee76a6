"""Column types that convert at the border: instants, JSON, and text written by strangers.

Each is stored as a plain integer or text, so both databases, and a person with a shell, read the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ESCAPE = "\ue000"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\ue000]")
_ESCAPED = re.compile(_ESCAPE + "([0-9a-f]{4})")


def dump(value: Any) -> str:
    """Compact ASCII JSON: lone surrogates and NUL, which a database refuses, stay escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def to_micros(value: datetime) -> int:
    """Whole microseconds since 1970 UTC, exactly. Raises ValueError for an instant without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"the instant {value} has no time zone")
    return (value - _EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """Any JSON value, stored as compact text: nothing is ever queried inside it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return dump(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Name(TypeDecorator[str]):
    """Text from a stranger: a path may hold bytes that are not UTF-8 (surrogate escapes), a name may hold NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _escaped(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return _restored(value)

    # Nearly every column is one of these: each value takes one call so, and three through the methods above.
    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        return _escaped

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], str | None]:
        return _restored


def _escaped(value: str | None) -> str | None:
    if value is None or (value.isascii() and "\x00" not in value):
        return value
    return _UNSTORABLE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04x}", value)


def _restored(value: str | None) -> str | None:
    if value is None or value.isascii() or _ESCAPE not in value:
        return value
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
