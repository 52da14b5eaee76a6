"""The only door to CEL. A rule is compiled once against typed names and then answers true, false, unknown or error.

Google's runtime has no unknown values: whatever is wrong is a value of type ERROR, with a text that must not be relied
on. So we decide: when a rule gives no definite BOOL and a *declared* name that it uses is absent, it is unknown;
anything else that is not a BOOL is an error. CEL's own `&&` and `||` absorb errors on either side, so a name that is
absent spoils nothing where the other operand already decides.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext.ext_optional import ExtOptional
from cel_expr_python.ext.ext_strings import ExtStrings

from app.errors import RoadworthyError

_TYPES: Mapping[str, Any] = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "strings": cel.Type.List(cel.Type.STRING),
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
ENTITY = {
    **dict.fromkeys(("ref", "kind", "type", "lifecycle", "tier", "namespace", "name", "owner", "system"), "string"),
    "tags": "strings",
    "api_types": "strings",
    "labels": "map",
    "annotations": "map",
}
_KEYWORDS = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    ]
)
_NOT_CODE = re.compile(
    r"""\b[rR][bB]?(?:"{3}.*?"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')|"{3}.*?"{3}|'{3}.*?'{3}"""
    r"""|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|//[^\n]*""",
    re.DOTALL,
)
"""Text literals (in raw ones a backslash means itself) and comments."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*")
_COMPILE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_DURATION = re.compile(r"""\bduration\(\s*["']([^"']+)["']\s*\)""")
_TIMESTAMP = re.compile(r"""\btimestamp\(\s*["']([^"']+)["']\s*\)""")
STANDS_FAILED, STANDS_PASSED, STANDS_UNKNOWN, STANDS_SKIPPED = 0, 1, 2, 3
"""What `Compiler.standing` makes a program say of an item."""
Value = bool | None


class RuleError(RoadworthyError):
    """A rule does not compile. `line` and `column` count from 1 within the rule's own text."""

    def __init__(self, message: str, line: int = 1, column: int = 1, name: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.name = message, line, column, name


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `names` are the declared names it uses, each a plain dotted text."""

    source: str
    names: tuple[str, ...]
    program: Any
    activation: Any
    """Makes an activation from names and values; one serves every rule of the same compiler, and no other."""

    @property
    def durations(self) -> tuple[str, ...]:
        """Literal durations, as written."""
        return tuple(_DURATION.findall(self.source))

    @property
    def instants(self) -> tuple[str, ...]:
        """Literal timestamps, as written."""
        return tuple(_TIMESTAMP.findall(self.source))


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` True or False is definite. None: unknown when `absent` names what was missing, else `error` says why."""

    value: Value
    absent: tuple[str, ...] = ()
    error: str = ""


TRUE, FALSE = Answer(True), Answer(False)


@cache
def can_name(name: str) -> bool:
    """Whether rules can use a dotted name."""
    return bool(re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", name)) and not _KEYWORDS & set(name.split("."))


class Compiler:
    """Compiles rules against typed names. Types: bool, int, double, string, timestamp, duration, strings, map."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        for name in self.names:
            if not can_name(name):
                raise RuleError(f"“{name}” can't be a name in rules: use a–z, _ and dots, and no CEL keyword")
        self._env = cel.NewEnv(
            variables={name: _TYPES[type_] for name, type_ in self.names.items()},
            extensions=[ExtOptional(), ExtStrings()],
        )
        self.activation = self._env.Activation

    def compile(self, source: str, parameters: Collection[str] | None = None) -> Rule:
        """A rule that gives a BOOL. Raises RuleError with the place and a suggestion.

        `parameters`: those it may use (`params.<name>`), where the compiler knows of more than that.
        """
        text = source.strip()
        known = [n for n in self.names if parameters is None or not n.startswith("params.") or n in parameters]
        if parameters is not None:
            self._refuse_others(text, known)
        try:
            program = self._env.compile(text)
        except (RuntimeError, TypeError) as error:  # TypeError: text that is not valid Unicode
            raise _explained(text, str(error), known) from None
        if program.return_type() != cel.Type.BOOL:
            raise RuleError(f"must say true or false, but gives {program.return_type()}")
        return Rule(text, used_names(text, self.names), program, self.activation)

    def _refuse_others(self, text: str, known: Collection[str]) -> None:
        for start, _, written in _written(text):
            name = ".".join(written.split(".")[:2])
            if name in self.names and name.startswith("params.") and name not in known:
                raise _undeclared(text, start, name, known)

    def standing(self, where: Rule | None, unknown: Rule | None, require: Rule) -> Any:
        """One program for the three parts of an `each` rule: STANDS_PASSED, …, asked in this order, each only as far as
        the one before leaves it open. It says nothing definite where any part would not; they are then asked alone.
        """
        if where is None and unknown is None:
            return require.program  # true is 1 and false 0 in Python: STANDS_PASSED and STANDS_FAILED
        text = f"(\n{require.source}\n) ? {STANDS_PASSED} : {STANDS_FAILED}"
        if unknown is not None:
            text = f"(\n{unknown.source}\n) ? {STANDS_UNKNOWN} : ({text})"
        if where is not None:
            text = f"(\n{where.source}\n) ? ({text}) : {STANDS_SKIPPED}"
        try:
            return self._env.compile(text)
        except (RuntimeError, TypeError):
            return None


def _explained(text: str, error: str, known: Collection[str]) -> RuleError:
    match = _COMPILE.search(error)
    line, column, message = (int(match[1]), int(match[2]), match[3]) if match else (1, 1, error.splitlines()[0])
    undeclared = re.search(r"undeclared reference to '([^']*)'", message)
    if undeclared is None:
        return RuleError(message.removesuffix(" [INVALID_ARGUMENT]"), line, column)
    offset = sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column - 1
    start, name = _name_at(text, offset) or (offset, undeclared[1])
    return _undeclared(text, start, name, known)


def _undeclared(text: str, start: int, name: str, known: Collection[str]) -> RuleError:
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    close = difflib.get_close_matches(name, known, 1, 0.6)
    hint = f"; did you mean {close[0]}?" if close else ""
    return RuleError(f"{name} is not a declared fact, item field or parameter{hint}", line, column, name)


def _written(source: str) -> list[tuple[int, int, str]]:
    """(start, end, dotted name) outside text literals and comments, in order."""
    bare = _NOT_CODE.sub(lambda match: " " * len(match[0]), source)
    return [(match.start(), match.end(), re.sub(r"\s", "", match[0])) for match in _NAME.finditer(bare)]


def _name_at(source: str, offset: int) -> tuple[int, str] | None:
    return next(((start, name) for start, end, name in _written(source) if start <= offset < end), None)


def written_names(source: str) -> list[str]:
    """Dotted names as written, outside text literals and comments, in order."""
    return [name for _, _, name in _written(source)]


def used_names(source: str, declared: Iterable[str]) -> tuple[str, ...]:
    """The declared names that a rule uses: for each name as written its longest declared prefix."""
    known, found = set(declared), dict[str, None]()
    for name in written_names(source):
        parts = name.split(".")
        for size in range(len(parts), 0, -1):
            if ".".join(parts[:size]) in known:
                found[".".join(parts[:size])] = None
                break
    return tuple(found)


def ask(rule: Rule, data: Mapping[str, Any]) -> Answer:
    """Evaluates a rule over `data`; a declared name that is not in it is absent."""
    try:
        activation = rule.activation(data)
    except Exception as error:  # noqa: BLE001 (a value that CEL can't hold)
        return Answer(None, error=first_line(error))
    return reply(rule, data, activation)


def reply(rule: Rule, data: Mapping[str, Any], activation: Any) -> Answer:
    """What a rule says over an activation made of `data`; definite answers are always TRUE or FALSE themselves."""
    try:
        value = rule.program.eval(activation).value()
    except Exception as error:  # noqa: BLE001 (the runtime raises bare exceptions on exceeded budgets and odd values)
        return Answer(None, error=first_line(error))
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    return undecided(rule, data, value)


def undecided(rule: Rule, data: Mapping[str, Any], value: object) -> Answer:
    """What it means that a rule gave `value`, which is neither true nor false."""
    absent = tuple([name for name in rule.names if name not in data])
    return Answer(None, absent) if absent else Answer(None, error=first_line(value))


def first_line(error: object) -> str:
    """The gist of an error, at most 300 characters."""
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
