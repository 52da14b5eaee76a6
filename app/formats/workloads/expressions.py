"""The little of Helm's language that fills in values: paths, pipelines, and functions that only shape text.

Pure and bounded: no loops, no includes, no lookups. Whatever is not understood is UNSEEN, with all that rests on it.
"""

from __future__ import annotations

import re
from typing import Any

from app.formats.workloads.functions import FUNCTIONS, UNSEEN, Opaque, as_text, is_seen, rendered
from app.formats.workloads.marking import CLOSE, DOT, ELSE, HIDDEN, IF, NOT, OPEN, THEN, UNKNOWN

_TOKENS = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<path>\$?(?:\.[\w-]+)+)"""
    r"""|(?P<dot>\.)|(?P<root>\$)(?!\w)|(?P<word>[A-Za-z_]\w*)|(?P<sign>[()|]))""",
    re.ASCII,
)
_MARK = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_DEEPEST = 16
_LONGEST = 2_000


def fill(value: Any, root: Any) -> Any:
    """A marked body with all that `root` knows (a mapping of Values, Chart and Release, or UNSEEN where something else
    than Helm fills it in); the rest stays marked. Conditions that are
    false take their key away; those that can't be told leave the value marked as unknown."""
    if isinstance(value, str):
        return _text(value, root) if OPEN in value else value
    if isinstance(value, list):
        filled = [fill(item, root) for item in value]
        return [item for item in filled if item is not DROPPED]
    if not isinstance(value, dict):
        return value
    if IF in value:
        held = holds(value[IF], root)
        if held is False:
            return UNKNOWN if ELSE in value else DROPPED
        return fill(value[THEN], root) if held else UNKNOWN
    made: dict[str, Any] = {}
    for key, inner in value.items():
        name, filled = _key(key, root), fill(inner, root)
        if isinstance(name, dict):
            made.update(name)
        elif filled is not DROPPED:
            made[name] = filled
    return made


DROPPED = object()
"""Stands for a key that its condition takes away."""


def holds(conditions: Any, root: Any) -> bool | None:
    """Whether all conditions hold; None when that can't be told."""
    answers = [_holds(str(condition), root) for condition in conditions]
    return False if False in answers else None if None in answers else True


def _holds(condition: str, root: Any) -> bool | None:
    *dots, own = condition.split(DOT)
    dot = _dot(dots, root)
    *earlier, last = own.split(NOT)
    answers = [_negated(_truth(evaluate(one, root, dot))) for one in earlier]
    if last:
        answers.append(_truth(evaluate(last, root, dot)))
    return False if False in answers else None if None in answers else True


def _negated(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _truth(value: Any) -> bool | None:
    return bool(value) if is_seen(value) else None


def _dot(pipelines: list[str], root: Any) -> Any:
    dot: Any = root
    for pipeline in pipelines:
        dot = evaluate(pipeline, root, dot)
    return dot


def _text(text: str, root: Any) -> Any:
    """A value of one mark alone keeps its type; marks within text become text, or stay when one of them is unseen."""
    whole = _MARK.fullmatch(text)
    if whole:
        value = _marked(whole[1], root)
        return text if not is_seen(value) else value
    return _MARK.sub(lambda match: _shown(match[0], _marked(match[1], root)), text)


def _key(key: str, root: Any) -> Any:
    """A key that is an action writes a mapping (`toYaml .Values.labels`), or one that can't be told."""
    whole = _MARK.fullmatch(key)
    value = _marked(whole[1], root) if whole else None
    if isinstance(value, dict):
        return value
    return key if whole else _text(key, root) if OPEN in key else key


def _shown(mark: str, value: Any) -> str:
    if not is_seen(value):
        return mark
    return "" if value is None else as_text(value)


def _marked(body: str, root: Any) -> Any:
    *dots, pipeline = body.split(DOT)
    return evaluate(pipeline, root, _dot(dots, root))


def evaluate(pipeline: str, root: Any, dot: Any) -> Any:
    """The value of one pipeline, or UNSEEN. A path that is not there is None, as in Helm."""
    if len(pipeline) > _LONGEST:
        return UNSEEN
    try:
        tokens = _scanned(pipeline)
        value, rest = _pipeline(tokens, 0, root, dot, 0)
        return value if rest == len(tokens) else UNSEEN
    except (ValueError, IndexError, TypeError, OverflowError):
        return UNSEEN


def _scanned(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None or match.lastgroup is None:
            raise ValueError("is no expression that is understood here")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _pipeline(tokens: list[tuple[str, str]], at: int, root: Any, dot: Any, depth: int) -> tuple[Any, int]:
    """Commands joined by `|`: each gets the value before it as its last argument."""
    if depth > _DEEPEST:
        raise ValueError("is nested too deeply")
    value, at = _command(tokens, at, root, dot, depth, ())
    while at < len(tokens) and tokens[at] == ("sign", "|"):
        value, at = _command(tokens, at + 1, root, dot, depth, (value,))
    return value, at


def _command(
    tokens: list[tuple[str, str]], at: int, root: Any, dot: Any, depth: int, piped: tuple[Any, ...]
) -> tuple[Any, int]:
    kind, text = tokens[at]
    start = at
    arguments = []
    if kind == "word":
        at += 1
    while at < len(tokens) and tokens[at] not in (("sign", "|"), ("sign", ")")):
        value, at = _operand(tokens, at, root, dot, depth)
        arguments.append(value)
    if kind != "word":
        if len(arguments) != 1 or piped:
            raise ValueError("is no call")
        return arguments[0], at
    if text in ("true", "false", "nil") and not arguments:
        return {"true": True, "false": False}.get(text), at
    if text in ("include", "template"):
        return _included(arguments, " ".join(word for _, word in tokens[start:at])), at
    function = FUNCTIONS.get(text)
    return (function(*arguments, *piped) if function else UNSEEN), at


def _included(arguments: list[Any], written: str) -> Any:
    """What a chart's helper writes is not known, but for the one that only renders a value (Bitnami's common chart)."""
    if len(arguments) == 2 and str(arguments[0]).endswith("tplvalues.render") and isinstance(arguments[1], dict):
        return rendered(arguments[1].get("value", UNSEEN))
    return Opaque(written)


def _operand(tokens: list[tuple[str, str]], at: int, root: Any, dot: Any, depth: int) -> tuple[Any, int]:
    kind, text = tokens[at]
    if kind == "text":
        return (text[1:-1] if text[0] == "`" else re.sub(r"\\(.)", r"\1", text[1:-1])), at + 1
    if kind == "number":
        return (float(text) if "." in text else int(text)), at + 1
    if kind == "path":
        base = root if text[0] == "$" else dot
        return _at(base, text.lstrip("$").split(".")[1:]), at + 1
    if kind in ("dot", "root"):
        return (dot if kind == "dot" else root), at + 1
    if kind == "word":
        return {"true": True, "false": False, "nil": None}.get(text, UNSEEN), at + 1
    if text == "(":
        value, at = _pipeline(tokens, at + 1, root, dot, depth + 1)
        if tokens[at] != ("sign", ")"):
            raise ValueError("has an open parenthesis")
        return value, at + 1
    raise ValueError("is no operand")


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        if not is_seen(value):
            return UNSEEN
        if value is None or (isinstance(value, dict) and name not in value):
            return None
        if not isinstance(value, dict):
            return UNSEEN
        value = value[name]
    return UNSEEN if isinstance(value, str) and value == HIDDEN else value
