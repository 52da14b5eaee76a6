"""Which values a rule itself finds nothing wrong with, so that a verdict tells only of the others.

Read off the rule's text, for wording alone: `item.words >= params.min_words` is content with 200 where 150 are asked,
and `(item.contact || !params.contact_required)` with anything where no contact is. What is not seen through is told.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_WITH = r"\s*(>=|<=|>|<)\s*(params\.[a-z_]\w*|\d+(?:\.\d+)?)(?!\s*[*+/.\w-])"


def is_content(rule: str, name: str, value: Any, parameters: Mapping[str, Any]) -> bool:
    """Whether a rule is content with the value of `name` (a fact, or `item.…`), whatever the other values are.

    `parameters` are named `params.…`.
    """
    compared, waived_by = _asked_of(rule, name)
    if waived_by and all(parameters.get(one) is False for one in waived_by):
        return True
    if not compared or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    limits = [(sign, parameters.get(text) if text.startswith("params.") else float(text)) for sign, text in compared]
    return all(isinstance(limit, int | float) and _COMPARED[sign](value, limit) for sign, limit in limits)


@lru_cache(maxsize=2048)
def _asked_of(rule: str, name: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """(sign, limit) of each comparison of the name, and the parameters without which it isn't asked for."""
    own = rf"(?<![\w.]){re.escape(name)}"
    compared = tuple(re.findall(own + _WITH, rule))
    waived = tuple(re.findall(rf"{own}\s*\|\|\s*!\s*(params\.[a-z_]\w*)", rule))
    return compared, waived
