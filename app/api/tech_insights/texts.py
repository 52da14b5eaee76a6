"""The words of a check result. The stock front end renders a description as Markdown, and parts of ours come from
repositories: nothing of a stranger's may become a link, an image or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.lib.markdown_text import code

_SHOWN = 5
_LINKING = re.compile(r"[\[\]<\\`]")
_ADDRESS = re.compile(
    r"((?:(?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:)?//|www\.|(?<![^\s@])[^\s@]+@)\S*[^\s.,;:)])", re.IGNORECASE
)
_MAYBE_ADDRESS = re.compile(r"//|www\.|@", re.IGNORECASE)


def prose(text: str) -> str:
    """A sentence that Markdown shows as it is: what stands between backticks as code, and so are addresses, of which
    it would make links. No more is escaped than that: the maturity table shows descriptions as plain text.
    """
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # one backtick too many: nobody knows which
        return _unlinked(" ".join(text.split()))
    return "".join(code(part) if at % 2 else _unlinked(part) for at, part in enumerate(parts))


def _unlinked(text: str) -> str:
    parts = _ADDRESS.split(text) if _MAYBE_ADDRESS.search(text) else [text]
    return "".join(code(part) if at % 2 else _LINKING.sub(r"\\\g<0>", part) for at, part in enumerate(parts))


def described(why: str, check: Mapping[str, Any]) -> str:
    """Why it is asked; of a failing one also what was seen, where, and how to mend it; of a waived one why it may."""
    parts = [why]
    if check["outcome"] == "fail":
        parts.append(_seen(check))
        if check["remediation"]:
            parts.append(f"**How to fix it** ({check['effort']}): {prose(check['remediation'])}")
    elif check["outcome"] == "waived" and check["waiver"]:
        waiver = check["waiver"]
        until = str(waiver["until"])[:10]
        parts.append(f"**Waived** until {until} by {prose(waiver['approved_by'])}: {prose(waiver['reason'])}")
    return "\n\n".join(part for part in parts if part)


def offenders(check: Mapping[str, Any]) -> list[str]:
    """`name (path:line)` of each thing that fails, as plain text."""
    return [_named(one) for one in check["offenders"]]


def unseen(card: Mapping[str, Any]) -> list[str]:
    """`title: why` of each check that could not be judged, as plain text."""
    hidden = [check for check in card["checks"] if check["outcome"] in ("unknown", "error")]
    return [f"{check['title']}: {check['reason'] or 'not seen'}" for check in hidden]


def soon(card: Mapping[str, Any]) -> list[str]:
    """`title (counts from …)` of each check that fails and does not count yet, as plain text."""
    early = [check for check in card["checks"] if check["outcome"] == "fail" and not check["enforced"]]
    return [f"{check['title']} ({check['reason']})" for check in early]


def target(card: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """What stands beside "meets its target level": level, target, and all that the list of checks leaves out."""
    level, wanted = titles.get(card["level"], card["level"]), card["target_level"]
    asked = f"its target is **{titles.get(wanted, wanted)}**" if wanted else "policy sets no target for its tier"
    parts = [f"Stands at **{level}**; {asked}."]
    if (possible := card["level_possible"]) != card["level"]:
        parts.append(f"It could be {titles.get(possible, possible)}: not all could be seen.")
    failing = sum(1 for check in card["checks"] if check["outcome"] == "fail" and check["enforced"])
    if failing and not card["meets_target"]:
        parts.append(f"{failing} {'check fails' if failing == 1 else 'checks fail'}.")
    text = " ".join(parts)
    for head, lines in (("Could not be seen, so left out", unseen(card)), ("Counts soon", soon(card))):
        if lines:
            text += f"\n\n**{head}**: {_listed(lines)}"
    return text


def _listed(lines: Sequence[str]) -> str:
    shown = "; ".join(prose(line) for line in lines[:_SHOWN])
    return shown + (f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ".")


def _seen(check: Mapping[str, Any]) -> str:
    reason = prose(check["reason"])
    named = [text for text in map(code, offenders(check)[:_SHOWN]) if text]
    rest = check["offenders_total"] - len(named)
    more = f" and {rest} more" if named and rest > 0 else ""
    places = ", ".join(named) + more
    parts = [part for part in (reason, places) if part]
    return f"**Seen**: {': '.join(parts)}" if parts else ""


def _named(one: Mapping[str, Any]) -> str:
    place = f"{one['path']}:{one['line']}" if one["path"] and one["line"] else one["path"] or one["url"] or ""
    name = one["name"] or ""
    return f"{name} ({place})" if name and place and name != place else name or place
