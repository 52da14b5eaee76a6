"""Real files, and how fuzzing spoils them: bytes, lines, values, nodes. For tests with hypothesis."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from app.formats import reading

ROOT = Path(__file__).parent.parent
REPOSITORIES = ROOT / "app" / "sample" / "fixtures"
_ALIASES = {"CODEOWNERS-invalid": "CODEOWNERS", "runbook-good.md": "docs/runbook.md"}
VALUES: tuple[Any, ...] = (
    *(None, True, "", " ", 0, -1, 1e308, float("nan"), float("inf"), 10**400, [], {}, [[]], [None], {"": None}),
    *("null", "~", "{{ x }}", "${y}", "$labels.x", "1h", "99999999999999d", "-5m", "0", "2026-02-30", "\x85", "\ud7ff"),
    *(
        "sum(",
        "a" * 5000,
        "component:default/",
        "../../etc/passwd",
        "http://[",
        "https://x:99999/",
        "a: b",
        "#",
        "[" * 200,
    ),
)

HOSTILE_TEXTS = (
    "x\x00y",
    "\ud800",
    "refs/heads/",
    "refs/heads/\x00",
    "0" * 40,
    "refs/heads/" + "b" * 3000,
    2**31,
    2**63,
)
"""What JSON may say and a database, or git, may not like."""
_LARGE = 10_000
"""Nodes of a tree that is not made larger: fifty times all of it, four times over, is some gigabytes."""


@cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """(path, content) of every real file at hand that some reader wants."""
    found = [(path.relative_to(REPOSITORIES).as_posix(), path) for path in sorted(REPOSITORIES.rglob("*"))]
    found += [(_ALIASES.get(path.name, path.name), path) for path in sorted((ROOT / "tests" / "fixtures").iterdir())]
    found += [(path.name, path) for path in sorted((ROOT / "monitoring").glob("*.yaml"))]
    found += [(".github/workflows/ci.yaml", ROOT / ".github" / "workflows" / "ci.yaml")]
    found += [(".gitlab-ci.yml", ROOT / "golden-paths" / "skeletons" / "ci-gitlab" / ".gitlab-ci.yml")]
    return tuple((name, path.read_bytes()) for name, path in found if path.is_file() and reading.wants(name))


def mutant(content: bytes, dice: Random) -> bytes:
    """The content after one to four changes."""
    for _ in range(dice.randint(1, 4)):
        content = dice.choice(_WAYS)(content, dice)[:200_000]
    return content


def payload(content: bytes, dice: Random) -> bytes:
    """A JSON document of which one to four nodes are others, or under another key; JSON still."""
    document = json.loads(content)
    for _ in range(dice.randint(1, 4)):
        if 0 < len(places := _places(document)) < _LARGE:
            holder, key = dice.choice(places)
            if isinstance(holder, dict) and dice.random() < 0.2:
                other = dice.choice((*map(str, holder), ""))
                holder[other] = holder.pop(key)
            else:
                other = dice.choice((*VALUES, *HOSTILE_TEXTS, [holder[key]] * 50, {"spec": holder[key]}))
                holder[key] = deepcopy(other)  # each its own: what is changed next is changed there alone
    return json.dumps(document).encode()


def _byte(content: bytes, dice: Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + bytes([dice.randrange(256)]) * dice.choice((1, 1, 3, 300)) + content[at + dice.randrange(3) :]


def _cut(content: bytes, dice: Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _lines(content: bytes, dice: Random) -> bytes:
    """Some lines gone, doubled, moved, indented, or from another file."""
    lines = content.splitlines(keepends=True) or [b"\n"]
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines) + 1)
    other = dice.choice(seeds())[1].splitlines(keepends=True)
    piece = lines[at : at + dice.randint(1, 5)]
    what = dice.choice(("gone", "doubled", "moved", "deeper", "foreign"))
    if what == "gone":
        del lines[at : at + len(piece)]
    elif what == "doubled":
        lines[to:to] = piece * dice.choice((1, 2, 200))
    elif what == "moved":
        lines[to:to] = piece
    elif what == "deeper":
        lines[at : at + len(piece)] = [b" " * dice.randint(1, 60) + line for line in piece]
    else:
        lines[to:to] = other[: dice.randint(1, 40)]
    return b"".join(lines)


def _value(content: bytes, dice: Random) -> bytes:
    """What follows a colon or an equals sign is another value."""
    lines = content.split(b"\n")
    places = [number for number, line in enumerate(lines) if b": " in line or b" = " in line]
    if not places:
        return _byte(content, dice)
    at = dice.choice(places)
    sign = b": " if b": " in lines[at] else b" = "
    value = str(dice.choice(VALUES)).encode("utf-8", "replace")
    lines[at] = lines[at].split(sign)[0] + sign + value
    return b"\n".join(lines)


def _node(content: bytes, dice: Random) -> bytes:
    """One node of a YAML or JSON tree is another one, or under another key."""
    try:
        documents = list(yaml.load_all(content, yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return _value(content, dice)
    places = [place for document in documents for place in _places(document)]
    if not places:
        return _value(content, dice)
    holder, key = dice.choice(places)
    if isinstance(holder, dict) and dice.random() < 0.2:
        holder[dice.choice((None, 7, True, "kind", "spec", "metadata", ""))] = holder.pop(key)
    else:
        holder[key] = deepcopy(dice.choice((*VALUES, [holder[key]] * 50, {"spec": holder[key]})))
    return yaml.safe_dump_all(documents, allow_unicode=True).encode("utf-8", "replace")


def _places(node: Any) -> list[tuple[Any, Any]]:
    found, left = [], [node]
    while left and len(found) < _LARGE:
        one = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else []
        found += [(one, key) for key in keys]
        left += [one[key] for key in keys]
    return found


_WAYS = (_byte, _cut, _lines, _lines, _value, _value, _value, _node, _node, _node)
