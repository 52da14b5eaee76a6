"""Regular expressions from strangers, matched in linear time.

Python's `re` backtracks: a hostile pattern hangs it. `jsonschema-rs` brings Rust's engine, whose syntax is near to
that of RE2 (which Prometheus and Alertmanager use), so it does the matching.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jsonschema_rs

_MOST_PATTERN = 4_096
_SIZE = 1_000_000


def full_match(pattern: str, text: str) -> bool | None:
    """Whether the pattern matches the whole text; None when the pattern can't be read."""
    validator = _compiled(pattern)
    return None if validator is None else bool(validator.is_valid(text))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> jsonschema_rs.Validator | None:
    if len(pattern) > _MOST_PATTERN:
        return None
    import jsonschema_rs  # four megabytes that only who matches patterns needs

    options = jsonschema_rs.RegexOptions(size_limit=_SIZE, dfa_size_limit=_SIZE)
    try:
        return jsonschema_rs.validator_for({"pattern": f"^(?:{pattern})$"}, pattern_options=options)
    except (ValueError, jsonschema_rs.ValidationError):
        return None
