"""Loading a policy folder: `policy.yaml`, `checks/*.yaml`, scorecards and `waivers.yaml`. Whole, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.catalog.model import EntityRef
from app.errors import DocumentError, PolicyError
from app.facts.schema import Schema
from app.lib import documents
from app.policy.checks import Names, agreed_types, read_check, typed
from app.policy.model import Check, Entry, Level, Policy, Scorecard, Waiver
from app.policy.reader import Reader, suggestion
from app.policy.rules import ENTITY, Compiler, Rule, RuleError
from app.policy.settings import read_settings
from app.policy.written import Parameter, PolicyProblem, Scope

_SETTINGS, _WAIVERS, _CHECKS = "policy.yaml", "waivers.yaml", "checks/"


def load(folder: Path, schema: Schema) -> Policy:
    """The policy of a folder. Raises PolicyError with every problem: file, line, column, sentence."""
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("checks/*.yaml")])
    if not paths:
        raise PolicyError(
            (PolicyProblem(str(folder), 1, 1, "holds no policy: expected policy.yaml and checks/*.yaml"),)
        )
    return load_texts(_texts(folder, paths), schema)


def _texts(folder: Path, paths: Sequence[Path]) -> dict[str, str]:
    texts, problems = {}, []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            texts[name] = documents.decode(path.read_bytes())
        except DocumentError as error:
            problems.append(PolicyProblem(name, error.line, error.column, error.message))
        except OSError as error:
            problems.append(PolicyProblem(name, 1, 1, f"can't be read: {error.strerror}"))
    if problems:
        raise PolicyError(tuple(problems))
    return texts


def load_texts(texts: Mapping[str, str], schema: Schema) -> Policy:
    """The policy of documents by relative name: also how the last good policy comes back from the store."""
    problems: list[PolicyProblem] = []
    nodes = {name: _parse(name, text, problems) for name, text in sorted(texts.items())}
    if problems:  # what a file does not even say can't be missed in others
        raise PolicyError(tuple(problems))
    tiers = _stated_tiers(nodes.get(_SETTINGS))
    parts = {name: node for name, node in nodes.items() if name.startswith(_CHECKS)}
    checks = _checks(parts, texts, Names(schema, tiers, agreed_types(parts.values())), problems)
    known = {*checks, *(str(node.get("area")) for node in parts.values() if isinstance(node, dict))}
    settings = read_settings(nodes.get(_SETTINGS), known, problems)
    others = {name: node for name, node in nodes.items() if "/" not in name and name not in (_SETTINGS, _WAIVERS)}
    scorecards = _in_order(_scorecards(others, checks, tiers, problems), nodes.get(_SETTINGS), problems)
    waivers = _waivers(nodes.get(_WAIVERS), checks, problems)
    if problems:
        raise PolicyError(tuple(sorted(problems, key=lambda p: (p.path, p.line, p.column))))
    digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:12]
    return Policy(
        checks=checks,
        scorecards=scorecards,
        waivers=waivers,
        settings=settings,
        version=digest,
        documents=dict(texts),
    )


def _in_order(scorecards: dict[str, Scorecard], node: Any, problems: list[PolicyProblem]) -> dict[str, Scorecard]:
    """Scorecards as policy.yaml lists them, the first before all others; those it leaves out come last."""
    settings = Reader(_SETTINGS, node or {}, "policy.yaml", [])
    stated = settings.texts("scorecards")
    for name in stated:
        if name not in scorecards and not problems:
            message = f"`scorecards`: there is no scorecard {name}{suggestion(name, scorecards)}"
            problems.append(PolicyProblem(_SETTINGS, *settings.item_mark("scorecards", name), message))
    order = [name for name in stated if name in scorecards]
    return {name: scorecards[name] for name in (*order, *(name for name in scorecards if name not in order))}


def _stated_tiers(node: Any) -> list[str]:
    """The tiers that policy.yaml names, before all of it is known to be right."""
    tiers = node.get("tiers") if isinstance(node, dict) else None
    return [tier for tier in tiers if isinstance(tier, str)] if isinstance(tiers, list) else []


def _parse(name: str, text: str, problems: list[PolicyProblem]) -> Any:
    try:
        return documents.load(text)
    except DocumentError as error:
        problems.append(PolicyProblem(name, error.line, error.column, error.message))
        return documents.Mapping((error.line, error.column))


def _checks(
    nodes: Mapping[str, Any], texts: Mapping[str, str], names: Names, problems: list[PolicyProblem]
) -> dict[str, Check]:
    found: dict[str, Check] = {}
    seen: dict[str, str] = {}
    written: dict[str, Reader] = {}
    for path, node in nodes.items():
        reader = Reader(path, node, "a file of checks", problems, texts[path].split("\n"))
        area = reader.text("area", needed=True)
        for inner in reader.readers("checks", "a check", needed=True):
            check = read_check(inner, area, names)
            name = str(inner.node.get("id", ""))
            if name and name in seen:
                inner.refuse(f"check {name} is already defined in {seen[name]}", "id")
            seen[name] = f"{path}:{inner.mark()[0]}"
            if check is not None:
                found[check.id], written[check.id] = check, inner
        reader.finish()
    for check in found.values():
        place = written[check.id].item_mark
        for key, says, names_ in (("requires", "requires", check.requires), ("after", "comes after", check.after)):
            for name in (name for name in names_ if name not in seen):
                message = f"{check.id} {says} {name}, which does not exist{suggestion(name, seen)}"
                problems.append(PolicyProblem(check.path, *place(key, name), message))
        if cycle := _cycle(check.id, found):
            key, says = ("requires", "require") if cycle[1] in check.requires else ("after", "come after")
            message = f"checks {says} each other: {' → '.join(cycle)}"
            problems.append(PolicyProblem(check.path, *place(key, cycle[1]), message))
    return found


def _cycle(start: str, checks: Mapping[str, Check]) -> list[str]:
    stack = [(start, [start])]
    visited: set[str] = set()
    while stack:
        name, trail = stack.pop()
        for required in (*checks[name].requires, *checks[name].after) if name in checks else ():
            if required == start:
                return [*trail, start]
            if required not in visited:
                visited.add(required)
                stack.append((required, [*trail, required]))
    return []


def _scorecards(
    nodes: Mapping[str, Any], checks: Mapping[str, Check], tiers: Sequence[str], problems: list[PolicyProblem]
) -> dict[str, Scorecard]:
    found: dict[str, Scorecard] = {}
    for path, node in nodes.items():
        reader = Reader(path, node, "a scorecard", problems)
        scorecard = _scorecard(reader, checks, tiers)
        if scorecard is None:
            continue
        if scorecard.id in found:
            reader.refuse(f"scorecard {scorecard.id} is defined twice", "id")
        found[scorecard.id] = scorecard
    return found


def _scorecard(reader: Reader, checks: Mapping[str, Check], tiers: Sequence[str]) -> Scorecard | None:
    levels: list[Level] = []
    for inner in reader.readers("levels", "a level", needed=True):
        level = Level(inner.text("id", needed=True), inner.text("title", needed=True))
        if level.id in ("none", "not_rated") or level.id in [other.id for other in levels]:
            inner.refuse(f"{level.id} can't be the name of another level", "id")
        levels.append(level)
        inner.finish()
    ids = [level.id for level in levels]
    targets = {str(tier): str(level) for tier, level in reader.mapping("targets").items()}
    for tier, target in targets.items():
        if target not in ids:
            reader.refuse(f"`targets`: {target} is no level of this scorecard{suggestion(target, ids)}", "targets")
        if tiers and tier not in tiers:
            reader.refuse(f"`targets`: {tier} is no tier of policy.yaml{suggestion(tier, tiers)}", "targets")
    entries = _entries(reader, checks, ids, tiers, _scopes(reader))
    areas = {checks[entry.check].area for entry in entries if entry.check in checks}
    required = reader.texts("required_areas")
    for area in required:
        if areas and area not in areas:
            reader.refuse(
                f"`required_areas`: no check of this scorecard is in {area}{suggestion(area, areas)}", "required_areas"
            )
    applies_to = _applies_to(reader)
    scorecard = {name: reader.text(name, needed=True) for name in ("id", "title", "owner")}
    description = reader.text("description")
    reader.finish()
    if applies_to is None:
        return None
    return Scorecard(
        **scorecard,
        description=description,
        applies_to=applies_to,
        levels=tuple(levels),
        entries=tuple(entries),
        targets=targets,
        required_areas=required,
    )


def _scopes(reader: Reader) -> dict[str, Scope]:
    """Named parts of the entities that a scorecard is for, which its checks may be narrowed to."""
    found = {}
    for name, node in reader.mapping("scopes").items():
        inner = Reader(reader.path, node, f"scope {name}", reader.problems)
        title, rule = inner.text("title", needed=True), _applies_to(inner)
        inner.finish()
        if rule is not None:
            found[name] = Scope(title, rule)
    return found


def _applies_to(reader: Reader) -> Rule | None:
    source = reader.text("applies_to", needed=True)
    if not source:
        return None
    try:
        return Compiler({f"entity.{name}": type_ for name, type_ in ENTITY.items()}).compile(source)
    except RuleError as error:
        reader.refuse(f"`applies_to`: {error.message}", "applies_to")
        return None


def _entries(
    reader: Reader,
    checks: Mapping[str, Check],
    levels: Sequence[str],
    tiers: Sequence[str],
    scopes: Mapping[str, Scope],
) -> list[Entry]:
    entries: list[Entry] = []
    places: dict[str, int] = {}
    for inner in reader.readers("checks", "a check of a scorecard", needed=True):
        name, level = inner.text("check", needed=True), inner.text("level", needed=True)
        check = checks.get(name)
        if check is None and name and not any(p.path.startswith(_CHECKS) for p in reader.problems):
            inner.refuse(f"there is no check {name}{suggestion(name, checks)}", "check")
        if level and level not in levels:
            inner.refuse(f"{level} is no level of this scorecard{suggestion(level, levels)}", "level")
        if name in places:
            inner.refuse(f"{name} stands here twice", "check")
        for required in check.requires if check else ():
            if required not in places or (level in levels and places[required] > levels.index(level)):
                inner.refuse(
                    f"{name} requires {required}, which must stand before it at the same or a lower level", "check"
                )
        for tier in inner.texts("tiers"):
            if tiers and tier not in tiers:
                inner.refuse(f"`tiers`: {tier} is no tier of policy.yaml{suggestion(tier, tiers)}", "tiers")
        scope = inner.text("scope")
        if scope and scope not in scopes:
            inner.refuse(f"there is no scope {scope}{suggestion(scope, scopes)}", "scope")
        places[name] = levels.index(level) if level in levels else 0
        entries.append(
            Entry(
                check=name,
                level=level,
                weight=inner.whole("weight", 1, 1, 100),
                tiers=inner.texts("tiers"),
                scope=scopes.get(scope),
                enforced_from=inner.instant("enforced_from"),
                parameters=_overrides(inner, check.parameters if check else {}),
            )
        )
        inner.finish()
    return entries


def _overrides(reader: Reader, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    found = {}
    for name, value in reader.mapping("parameters").items():
        if name not in parameters:
            reader.refuse(f"the check has no parameter {name}{suggestion(name, parameters)}", "parameters")
            continue
        found[name] = typed(reader, "parameters", value, parameters[name].type)
    return found


def _waivers(node: Any, checks: Mapping[str, Check], problems: list[PolicyProblem]) -> tuple[Waiver, ...]:
    if node is None:
        return ()
    reader = Reader(_WAIVERS, node, "the file of waivers", problems)
    found = []
    for inner in reader.readers("waivers", "a waiver"):
        check = inner.text("check", needed=True)
        if check and checks and check not in checks:
            inner.refuse(f"there is no check {check}{suggestion(check, checks)}", "check")
        until = inner.instant("until", needed=True)
        entity, reason, by = (inner.text(key, needed=True) for key in ("entity", "reason", "approved_by"))
        try:
            ref = str(EntityRef.parse(entity)) if entity else ""
        except ValueError as error:
            inner.refuse(f"`entity`: {error}", "entity")
            ref = ""
        inner.finish()
        if until is not None and ref:
            found.append(Waiver(ref, check, reason, until, by))
    reader.finish()
    return tuple(found)
