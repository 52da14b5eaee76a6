"""Reading the checks of one `checks/<area>.yaml`: rules compiled against typed facts, item fields and parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.facts.schema import Schema, fact_types
from app.lib import times
from app.policy.examples import read_examples
from app.policy.model import Check
from app.policy.places import locate
from app.policy.reader import Reader, suggestion
from app.policy.remediation import placeholders
from app.policy.rules import ENTITY, Compiler, Rule, RuleError, can_name
from app.policy.written import Parameter, PolicyProblem

_INT64 = 2**63
_PARAMETER_TYPES = ("bool", "int", "double", "string", "strings", "duration")
_KINDS: Mapping[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "double": (float, int), "string": (str,)}


class Names:
    """What rules may name, by context; compilers are made once for each context and reused.

    `shared`: parameter → type, where all checks that declare it agree. Checks over one list then have one compiler, and
    so can be shown its items at once.
    """

    def __init__(self, schema: Schema, tiers: Collection[str] = (), shared: Mapping[str, str] | None = None) -> None:
        self.tiers = tiers
        self.facts = fact_types(schema)
        self.common: dict[str, str] = {name: fact.type for name, fact in self.facts.items() if fact.type != "items"}
        self.common |= {f"entity.{name}": type_ for name, type_ in ENTITY.items()} | {"now": "timestamp"}
        self._shared = {f"params.{name}": type_ for name, type_ in (shared or {}).items()}
        self._compilers: dict[tuple[str, tuple[tuple[str, str], ...]], Compiler] = {}

    def item_fields(self, each: str) -> dict[str, str]:
        fact = self.facts.get(each)
        fields = fact.fields if fact else {}
        return {f"item.{name}": field.type for name, field in fields.items() if field.rule and field.type != "items"}

    def compiler(self, each: str, parameters: Mapping[str, Parameter]) -> Compiler:
        """The compiler of checks over one list; with the parameters of others too, unless their types differ."""
        own = {f"params.{name}": parameter.type for name, parameter in parameters.items()}
        typed = self._shared if own.items() <= self._shared.items() else own
        key = (each, tuple(sorted(typed.items())))
        if key not in self._compilers:
            names = {**self.common, **typed, **(self.item_fields(each) if each else {})}
            self._compilers[key] = Compiler(names)
        return self._compilers[key]


def agreed_types(nodes: Iterable[Any]) -> dict[str, str]:
    """Parameter → type of all checks in these documents, without those that are declared with several types."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        checks = node.get("checks") if isinstance(node, dict) else None
        for check in checks if isinstance(checks, list) else ():
            declared = check.get("parameters") if isinstance(check, dict) else None
            for name, parameter in declared.items() if isinstance(declared, dict) else ():
                type_ = parameter.get("type") if isinstance(parameter, dict) else None
                if can_name(f"params.{name}"):
                    found.setdefault(str(name), set()).add(str(type_))
    return {name: type_ for name, types in found.items() if len(types) == 1 for type_ in types & set(_PARAMETER_TYPES)}


def read_check(reader: Reader, area: str, names: Names) -> Check | None:
    """One check, or None where a problem makes it unusable (each problem is in the reader's list)."""
    before = len(reader.problems)
    parameters = _parameters(reader, names.tiers)
    each = reader.text("each")
    if each and (each not in names.facts or names.facts[each].type != "items"):
        lists = [name for name, fact in names.facts.items() if fact.type == "items"]
        reader.refuse(f"`each` must name a list of items, and {each} is none{suggestion(each, lists)}", "each")
        each = ""
    rules = {key: _rule(reader, key, names, each, parameters) for key in ("where", "require", "unknown")}
    if not each and (reader.node.get("where") or reader.node.get("unknown")):
        reader.refuse("`where` and `unknown` need `each`", "where" if "where" in reader.node else "unknown")
    counts = [key for key in ("at_least", "minimum") if reader.node.get(key) is not None]
    if counts and not reader.node.get("each"):
        reader.refuse(f"`{counts[0]}` needs `each`", counts[0])
    if len(counts) > 1:
        reader.refuse("`at_least` is a share and `minimum` a count: give one of them", "minimum")
    check = {
        "id": reader.text("id", needed=True),
        "title": reader.text("title", needed=True),
        "why": reader.text("why", needed=True),
        "source": reader.text("source", needed=True),
        "owner": reader.text("owner", needed=True),
        "remediation": reader.text("remediation", needed=True),
        "effort": reader.duration("effort", needed=True),
        "requires": reader.texts("requires"),
        "after": reader.texts("after"),
        "at_least": reader.number("at_least", 1.0, 0, 1),
        "minimum": reader.whole("minimum", 0, 1, 10_000),
        "include_ignored": reader.flag("include_ignored"),
        "fix": reader.text("fix"),
        "help_url": reader.text("help_url"),
        "examples": read_examples(reader, names.facts, parameters),
    }
    _check_remediation(reader, str(check["remediation"]), names, each, parameters)
    reader.finish()
    if len(reader.problems) > before or rules["require"] is None:
        return None
    line = reader.mark()[0]
    made = Check(**check, **rules, area=area, parameters=parameters, each=each, path=reader.path, line=line)  # type: ignore[arg-type]
    return replace(made, standing=names.compiler(each, parameters).standing(made.where, made.unknown, made.require))


def _rule(reader: Reader, key: str, names: Names, each: str, parameters: Mapping[str, Parameter]) -> Rule | None:
    source = reader.text(key, needed=key == "require")
    if not source:
        return None
    try:
        allowed = {f"params.{name}" for name in parameters}
        return names.compiler(each, parameters).compile(source, allowed)
    except RuleError as error:
        written = str(reader.node[key])
        rows = written.strip().split("\n")
        before = len(written) - len(written.lstrip()) + sum(len(row) + 1 for row in rows[: error.line - 1])
        line, column = locate(reader.lines, reader.mark(key), key, written, before + error.column - 1)
        reader.problems.append(PolicyProblem(reader.path, line, column, f"`{key}`: {error.message}"))
        return None


def _parameters(reader: Reader, tiers: Collection[str]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    declared = reader.mapping("parameters")
    for name, node in declared.items():
        inner = Reader(reader.path, node, f"parameter {name}", reader.problems)
        type_ = inner.text("type", needed=True)
        if type_ not in _PARAMETER_TYPES:
            inner.refuse(f"`type` must be one of {', '.join(_PARAMETER_TYPES)}", "type")
            continue
        default = typed(inner, "default", inner.raw("default"), type_)
        for tier in inner.mapping("by_tier"):
            if tiers and tier not in tiers:
                inner.refuse(f"`by_tier`: {tier} is no tier of policy.yaml{suggestion(tier, tiers)}", "by_tier")
        by_tier = {tier: typed(inner, "by_tier", value, type_) for tier, value in inner.mapping("by_tier").items()}
        doc = inner.text("doc", needed=True)
        inner.finish()
        found[name] = Parameter(type_, default, doc, by_tier)
    return found


def typed(reader: Reader, key: str, value: Any, type_: str) -> Any:
    """A parameter's value in its type; a wrong one is told and replaced by an empty one."""
    if type_ == "duration":
        try:
            return times.parse_duration(str(value))
        except ValueError as error:
            reader.refuse(f"`{key}`: {error}", key)
            return timedelta(0)
    if type_ == "strings":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return list(value)
        reader.refuse(f"`{key}` must be a list of texts", key)
        return []
    kinds = _KINDS[type_]
    if not isinstance(value, kinds) or (isinstance(value, bool) and type_ != "bool"):
        reader.refuse(f"`{key}` must be of type {type_}", key)
        return kinds[0]()
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        reader.refuse(f"`{key}` is beyond the whole numbers that rules know (64 bits)", key)
        return kinds[0]()
    return float(value) if type_ == "double" and isinstance(value, int) else value


def _check_remediation(reader: Reader, text: str, names: Names, each: str, parameters: Mapping[str, Parameter]) -> None:
    fact = names.facts.get(each)
    known = set(names.common) | {f"params.{name}" for name in parameters}
    known |= {f"item.{name}" for name in (fact.fields if fact else ())}
    for name in placeholders(text):
        if name not in known:
            reader.refuse(f"`remediation`: {name} is not a name of the schema{suggestion(name, known)}", "remediation")
