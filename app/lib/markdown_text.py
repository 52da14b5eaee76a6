"""Text of strangers in Markdown that forges show: it stays text. No mention, link, image or heading of their making.

Used where a change is told on its pull request: what stands there is read by people who trust it.
"""

from __future__ import annotations

import re

_MARKS = frozenset("\\`*_[]<>#|!~")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*)?://\S*|www\.\S+", re.IGNORECASE)
_UNSEEN = "\u200b"


def plain(text: str) -> str:
    """One line without markup. Forges make links of bare URLs: here they stand as code."""
    flat, found, end = " ".join(text.split()), [], 0
    for url in _URL.finditer(flat):
        found += [_escaped(flat[end : url.start()]), code(url[0])]
        end = url.end()
    return "".join([*found, _escaped(flat[end:])])


def prose(text: str) -> str:
    """One line in which what stands between backticks is code, and the rest as `plain` has it."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # one backtick too many: nobody knows which
        return plain(text)
    return "".join(code(part) if at % 2 else plain_part(part) for at, part in enumerate(parts))


def plain_part(text: str) -> str:
    """As `plain`, with the blanks at its ends."""
    head = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() and text.strip() else ""
    return f"{head}{plain(text)}{tail}"


def code(text: str) -> str:
    """As code, on one line; nothing within is read as anything."""
    flat = " ".join(text.split()).replace("`", "'")
    return f"`{flat}`" if flat else ""


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in _MARKS else one for one in text).replace("@", f"@{_UNSEEN}")
