"""JSON text of what is dumped often and large: results as they are served. The only door to orjson.

The standard encoder takes a millisecond for a result of 50 checks, a sixth of what judging an entity takes; this takes
a fifteenth of that and writes the same bytes. For plain data only: NaN would become null here, so whoever may hold one
uses `json`.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumped(value: Any) -> bytes:
    """Compact JSON in UTF-8. What orjson refuses (text that is not Unicode, a number of more than 64 bits, very deep
    nesting) the standard encoder writes; text that is not Unicode stays escaped."""
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
