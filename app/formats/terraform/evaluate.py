"""Values of expressions within one folder: variables, locals, and functions that only shape values. Pure and bounded.

What Terraform would ask a cloud, another state or a person for is `Hidden`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 40
_MOST_STEPS = 20_000
"""Evaluations in one folder: enough for hundreds of resources, soon over for a bomb of locals."""
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that is not known here. `given`: it is the value of another resource, so there is one."""

    reason: str
    given: bool = False


@dataclass(slots=True)
class Scope:
    """One folder as it is called: `variables` given from outside (tfvars, arguments), its own defaults and locals."""

    variables: Mapping[str, Any]
    defaults: Mapping[str, Any]
    local_values: Mapping[str, Any]
    _known: dict[str, Any] = field(default_factory=dict)
    _steps: int = 0

    def value(self, expression: Any, depth: int = 0) -> Any:
        """The value of an expression of `hcl`, as plain JSON, or Hidden."""
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            return Hidden("rests on too many other values")
        if not isinstance(expression, dict):
            return expression
        for key, reader in _READERS.items():
            if key in expression:
                return reader(self, expression, depth + 1)
        return Hidden("is an expression that is not evaluated here")

    def named(self, path: Sequence[str], depth: int) -> Any:
        """What a reference such as `var.x` or `local.y.z` stands for."""
        if len(path) < 2 or path[0] not in ("var", "local"):
            return Hidden(f"{'.'.join(path[:3])} is not known here", given=len(path) > 1)
        name = ".".join(path[:2])
        if name not in self._known:
            self._known[name] = Hidden(f"{name} rests on itself")
            self._known[name] = self._first(path[0], path[1], depth)
        value = self._known[name]
        for key in path[2:]:
            value = _at(value, key)
        return value

    def _first(self, kind: str, name: str, depth: int) -> Any:
        if kind == "local":
            if name not in self.local_values:
                return Hidden(f"local.{name} is not defined here")
            return self.value(self.local_values[name], depth)
        if name in self.variables:
            return self.variables[name]
        if name in self.defaults:
            return self.value(self.defaults[name], depth)
        return Hidden(f"var.{name} has no value here")


def _at(value: Any, key: Any) -> Any:
    if isinstance(value, Hidden):
        return value
    if isinstance(value, dict):
        return value.get(str(key), Hidden(f"has no {key}"))
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return Hidden("can't be looked into")


def _hidden(values: Sequence[Any]) -> Hidden | None:
    return next((value for value in values if isinstance(value, Hidden)), None)


def _text(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    parts = [scope.value(part, depth) for part in expression["text"]]
    if hidden := _hidden(parts):
        return hidden
    if len(parts) == 1:
        return parts[0]
    try:
        made = "".join(_written(part) for part in parts)
    except TypeError:
        return Hidden("is no text")
    return made if len(made) <= _LONGEST else Hidden("is too long a text")


def _written(value: Any) -> str:
    """A scalar as text. Lists are refused: locals that hold each other twice would write themselves out for ever."""
    if isinstance(value, list | dict):
        raise TypeError("is no scalar")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _same(value: Any, other: Any) -> bool:
    """Scalars only, for the same reason."""
    if isinstance(value, list | dict) or isinstance(other, list | dict):
        raise TypeError("is no scalar")
    return bool(value == other)


def _map(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    pairs = [(scope.value(key, depth), scope.value(value, depth)) for key, value in expression["map"]]
    return {str(key): value for key, value in pairs if not isinstance(key, Hidden)}


def _if(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    parts = expression["if"]
    if len(parts) != 3:
        return Hidden("is an expression that is not evaluated here")
    test = scope.value(parts[0], depth)
    if isinstance(test, Hidden):
        yes, no = scope.value(parts[1], depth), scope.value(parts[2], depth)
        return yes if isinstance(yes, str | int | float | None) and yes == no else test
    return scope.value(parts[1 if test in (True, "true") else 2], depth)


def _index(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    value, key = (scope.value(part, depth) for part in expression["at"])
    return key if isinstance(key, Hidden) else _at(value, key)


def _operation(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    values = [scope.value(part, depth) for part in expression["of"]]
    sign = expression["op"]
    if sign in ("&&", "||") and (decided := sign == "||") in values:
        return decided
    if hidden := _hidden(values):
        return hidden
    operation = (_UNARY if len(values) == 1 else _BINARY).get(sign)
    try:
        return operation(*values) if operation else Hidden("is an expression that is not evaluated here")
    except (TypeError, ValueError, ArithmeticError):
        return Hidden("compares or counts what can't be")


_UNARY: Mapping[str, Callable[..., Any]] = {"-": lambda x: -_number(x), "!": lambda x: x in (False, "false")}
_BINARY: Mapping[str, Callable[..., Any]] = {
    "==": _same,
    "!=": lambda x, y: not _same(x, y),
    "<": lambda x, y: _number(x) < _number(y),
    ">": lambda x, y: _number(x) > _number(y),
    "<=": lambda x, y: _number(x) <= _number(y),
    ">=": lambda x, y: _number(x) >= _number(y),
    "+": lambda x, y: _number(x) + _number(y),
    "-": lambda x, y: _number(x) - _number(y),
    "*": lambda x, y: _number(x) * _number(y),
    "/": lambda x, y: _number(x) / _number(y),
    "%": lambda x, y: _number(x) % _number(y),
    "&&": lambda x, y: x in (True, "true") and y in (True, "true"),
    "||": lambda x, y: x in (True, "true") or y in (True, "true"),
}


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("is no number")
    return value if isinstance(value, int | float) else float(value)


def _call(scope: Scope, expression: Mapping[str, Any], depth: int) -> Any:
    name = expression["call"]
    if name in ("try", "coalesce"):
        return _first_seen(scope, expression["of"], depth, skips_empty=name == "coalesce")
    values = [scope.value(part, depth) for part in expression["of"]]
    if name == "merge":  # what is known of it is better than nothing
        return {key: one for value in values if isinstance(value, dict) for key, one in value.items()}
    if hidden := _hidden(values):
        return hidden
    function = _FUNCTIONS.get(name)
    try:
        return function(*values) if function else Hidden(f"{name}() is not evaluated here")
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        return Hidden(f"{name}() fails")


def _first_seen(scope: Scope, parts: Sequence[Any], depth: int, *, skips_empty: bool) -> Any:
    value: Any = Hidden("has no value")
    for part in parts:
        value = scope.value(part, depth)
        if isinstance(value, Hidden) and skips_empty:
            return value
        if not isinstance(value, Hidden) and not (skips_empty and value in (None, "")):
            return value
    return value


def _lookup(table: Any, key: Any, *default: Any) -> Any:
    return table.get(key, *default) if default or key in table else Hidden(f"has no {key}")


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "lookup": _lookup,
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "trimspace": lambda text: text.strip(),
    "length": len,
    "tostring": _written,
    "tonumber": _number,
    "tobool": lambda value: value in (True, "true"),
    "tolist": list,
    "toset": list,
    "tomap": dict,
    "concat": lambda *lists: [one for listed in lists for one in listed][:_LONGEST],
    "contains": lambda listed, value: any(_same(one, value) for one in listed),
    "element": lambda listed, index: listed[index % len(listed)],
    "max": lambda *values: max(map(_number, values)),
    "min": lambda *values: min(map(_number, values)),
    "join": lambda glue, parts: glue.join(map(_written, parts))[:_LONGEST],
    "keys": list,
    "values": lambda table: list(table.values()),
}
_READERS: Mapping[str, Callable[[Scope, Mapping[str, Any], int], Any]] = {
    "ref": lambda scope, expression, depth: scope.named(expression["ref"], depth),
    "text": _text,
    "list": lambda scope, expression, depth: [scope.value(part, depth) for part in expression["list"]],
    "map": _map,
    "if": _if,
    "op": _operation,
    "at": _index,
    "call": _call,
}
