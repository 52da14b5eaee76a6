"""Examples of checks: read with the policy, and run by `roadworthy policy test` and the test suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.facts.model import Facts, Reason, Unknown
from app.facts.schema import Fact
from app.lib import times
from app.policy.asks import alone
from app.policy.judging import judge
from app.policy.model import Check, CheckResult, Outcome, Policy, Subject
from app.policy.reader import Reader, suggestion
from app.policy.rules import ENTITY
from app.policy.scene import Scene, entity_names
from app.policy.telling import Teller
from app.policy.told import Told
from app.policy.written import Example, Parameter

NOW = datetime(2026, 6, 1, tzinfo=UTC)
_PLAIN: Mapping[str, type] = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "timestamp": datetime,
    "duration": timedelta,
}
WANTED = (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example whose check says something else."""

    check: str
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.check}: {self.message}"


def read_examples(
    reader: Reader, facts: Mapping[str, Fact], parameters: Mapping[str, Parameter]
) -> tuple[Example, ...]:
    """The examples of one check, their facts typed by the schema."""
    inner = reader.readers("examples", "an example", needed=True)
    return tuple(_example(example, facts, parameters) for example in inner)


def _example(reader: Reader, facts: Mapping[str, Fact], parameters: Mapping[str, Parameter]) -> Example:
    given = {name: _fact(reader, name, value, facts) for name, value in reader.mapping("facts").items()}
    unknown = {name: str(reason) for name, reason in reader.mapping("unknown").items()}
    for name, reason in unknown.items():
        if reason not in list(Reason):
            reader.refuse(f"“{reason}” is no reason{suggestion(reason, list(Reason))}", "unknown")
        if name not in facts:
            reader.refuse(f"{name} is not a fact{suggestion(name, facts)}", "unknown")
    outcome = reader.text("outcome", needed=True)
    if outcome not in list(Outcome):
        reader.refuse(f"`outcome` “{outcome}” is none{suggestion(outcome, list(Outcome))}", "outcome")
    offenders = reader.texts("offenders") if "offenders" in reader.node else None
    example = Example(
        facts=given,
        unknown=unknown,
        entity=_entity(reader),
        parameters=_parameters(reader, parameters),
        now=reader.instant("now"),
        outcome=outcome,
        offenders=offenders,
        line=reader.mark()[0],
    )
    reader.finish()
    return example


def _entity(reader: Reader) -> dict[str, Any]:
    found = {}
    for name, value in reader.mapping("entity").items():
        if name not in ENTITY:
            reader.refuse(f"an entity has no {name}{suggestion(name, ENTITY)}", "entity")
        elif not _is(value, ENTITY[name]):
            reader.refuse(f"entity.{name} must be of type {ENTITY[name]}", "entity")
        else:
            found[name] = tuple(value) if isinstance(value, list) else value
    return found


def _parameters(reader: Reader, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    found = {}
    for name, value in reader.mapping("parameters").items():
        if name not in parameters:
            reader.refuse(f"the check has no parameter {name}{suggestion(name, parameters)}", "parameters")
            continue
        made = _duration(value) if parameters[name].type == "duration" else _typed(value, parameters[name].type)
        if not _is(made, parameters[name].type):
            reader.refuse(f"{name} must be of type {parameters[name].type}", "parameters")
        found[name] = made
    return found


def _duration(value: Any) -> Any:
    try:
        return times.parse_duration(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _is(value: Any, type_: str) -> bool:
    if type_ == "strings":
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    if type_ == "map":
        return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
    return isinstance(value, _PLAIN[type_]) and (type_ == "bool" or not isinstance(value, bool))


def _fact(reader: Reader, name: str, value: Any, facts: Mapping[str, Fact]) -> Any:
    fact = facts.get(name)
    if fact is None:
        reader.refuse(f"{name} is not a fact{suggestion(name, facts)}", "facts")
        return value
    if fact.type != "items":
        return _checked(reader, name, value, fact.type)
    types = {key: field.type for key, field in fact.fields.items()}
    return [_item(reader, name, item, types, "") for item in (value if isinstance(value, list) else [value])]


def _item(reader: Reader, fact: str, item: Any, types: Mapping[str, str], prefix: str) -> Any:
    if not isinstance(item, dict):
        reader.refuse(f"an item of {fact} must be a mapping", "facts")
        return {}
    made = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        if name in types:
            made[key] = _checked(reader, f"{fact}.{name}", value, types[name])
        elif isinstance(value, dict) and any(known.startswith(f"{name}.") for known in types):
            made[key] = _item(reader, fact, value, types, f"{name}.")
        elif name in ("unknown", "repository", "commit", "path", "line", "url"):
            made[key] = value
        else:
            reader.refuse(f"{fact} has no field {name}{suggestion(name, types)}", "facts")
    return made


def _checked(reader: Reader, name: str, value: Any, type_: str) -> Any:
    made = _typed(value, type_)
    if type_ in (*_PLAIN, "strings") and not _is(made, type_):
        reader.refuse(f"{name} must be of type {type_}", "facts")
    return made


def _typed(value: Any, type_: str) -> Any:
    if type_ == "timestamp" and isinstance(value, str):
        try:
            return times.parse_instant(value)
        except ValueError:
            return value
    return float(value) if type_ == "double" and isinstance(value, int) else value


def run_examples(policy: Policy) -> list[ExampleFailure]:
    """Every example of every check. Each check must show a pass, a fail and an unknown."""
    failures = []
    for check in policy.checks.values():
        shown = {example.outcome for example in check.examples}
        if missing := [outcome for outcome in WANTED if outcome not in shown]:
            failures.append(ExampleFailure(check.id, check.path, check.line, f"has no example of {', '.join(missing)}"))
        for example in check.examples:
            if message := _told(check, example):
                failures.append(ExampleFailure(check.id, check.path, example.line, message))
    return failures


def verdict_of(check: Check, example: Example) -> tuple[Outcome, Told]:
    """What the check says of an example's facts."""
    facts = Facts(values=dict(example.facts), collected_at=example.now or NOW)
    facts.unknown = {name: Unknown(Reason(reason), f"{name} is {reason}") for name, reason in example.unknown.items()}
    subject = replace(_SUBJECT, **example.entity)
    parameters = {f"params.{name}": p.by_tier.get(subject.tier, p.default) for name, p in check.parameters.items()}
    parameters |= {f"params.{name}": value for name, value in example.parameters.items()}
    ask, scene = alone(check, parameters), Scene(facts, entity_names(subject), example.now or NOW)
    outcome, clue = judge(ask, scene)
    teller = Teller(scene, {check.id: ask})
    return outcome, CheckResult(check, "", 1, outcome, outcome, teller=teller, clue=clue).told


_SUBJECT = Subject(ref="component:default/example", kind="component", type="service", name="example")


def _told(check: Check, example: Example) -> str:
    outcome, told = verdict_of(check, example)
    if outcome != example.outcome:
        return f"expected {example.outcome}, got {outcome} ({told.reason or 'no reason'})"
    if example.offenders is None:
        return ""
    places = [f"{offender.place.path}:{offender.place.line}" for offender in told.offenders]
    return "" if places == list(example.offenders) else f"expected offenders {list(example.offenders)}, got {places}"
