"""What a forge's API takes and answers, by `forge_shapes.yaml`: stubs that ask here can't drift from the documents.

A stub hands in each exchange. What a real forge would not understand, or our stub could not have answered, is told in
one sentence each; the stub then answers 400 with it, so that the test that drove us there fails with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TYPES = {"int": int, "str": str, "bool": bool}


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """Forge → {"prefix": …, "GET /path/{name}": {query, sends, answer, status}}."""
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


def operation(forge: str, method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    """The line of the page for a request; a `/` inside of a name must come quoted, but in the names that end in `+`."""
    of_forge = shapes()["gitea" if forge == "forgejo" else forge]
    if not path.startswith(of_forge["prefix"] + "/"):
        return None
    rest = path.removeprefix(of_forge["prefix"])
    for line, shape in of_forge.items():
        verb, _, template = line.partition(" ")
        pattern = re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+\+\}", ".+", template))
        if verb == method and re.fullmatch(pattern, rest):
            return line, shape
    return None


def wrong(forge: str, method: str, target: str, body: Any, status: int, answer: Any) -> list[str]:
    """What is wrong with one exchange: `target` is path and query as sent, bodies are JSON."""
    parts = urlsplit(target)
    found = operation(forge, method, parts.path)
    if found is None:
        return [f"{forge} documents no {method} {unquote(parts.path)}"]
    line, shape = found
    unknown = set(parse_qs(parts.query)) - set(shape.get("query", ()))
    problems = [f"{line} takes no parameter {name}" for name in sorted(unknown)]
    problems += [f"{line}: sent {one}" for one in _sent(shape.get("sends", {}), body or {}, "")]
    if 200 <= status < 300:
        if status != shape.get("status", 200):
            problems.append(f"{line} answers {shape.get('status', 200)}, the stub {status}")
        problems += [f"{line}: answered {one}" for one in _typed(shape.get("answer", "any"), answer, "")]
    return problems


def _sent(shape: Any, value: Any, place: str) -> Iterator[str]:
    if isinstance(shape, dict) and isinstance(value, dict):
        yield from (f"without {place}{name[:-1]}" for name in shape if name.endswith("!") and name[:-1] not in value)
    yield from _typed(shape, value, place)


def _typed(shape: Any, value: Any, place: str) -> Iterator[str]:
    """Fields and types that the page does not know. An empty object in the page stands for any fields."""
    if shape == "any" or value is None:
        return
    if isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{place or 'the whole'} as no list"
            return
        for one in value:
            yield from _sent(shape[0], one, place)
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{place or 'the whole'} as no object"
            return
        known = {name.rstrip("!"): inner for name, inner in shape.items()}
        for name, inner in value.items() if known else ():
            if name not in known:
                yield f"{place}{name}, which is not documented"
            else:
                yield from _sent(known[name], inner, f"{place}{name}.")
    elif not isinstance(value, TYPES[shape]) or (shape == "int" and isinstance(value, bool)):
        yield f"{place.rstrip('.')} as {type(value).__name__}, documented as {shape}"
