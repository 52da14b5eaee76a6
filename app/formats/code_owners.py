"""CODEOWNERS files, as GitHub documents them (GitLab's sections accepted). The door to the `codeowners` library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from codeowners import CodeOwners as Matcher

from app.formats.model import CodeOwners, Finding, OwnerRule, Parsed

NAME = "code_owners"
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""The first that exists counts; the others are ignored by the forge."""
_MAX_LINES = 20_000
_FOLDERS = "(?:.*/)?"
"""What the library makes of `**/`, as it makes `[^/]*` of `*` and `[^/]` of `?`; all else is escaped."""
_BEFORE_STAR = re.compile(r"\[\^/\]\*((?:\\.|\[\^/\](?!\*)|[^\\/\[(.])+)(?=\[\^/\]\*)", re.DOTALL)
_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)*|[^@\s]+@[^@\s]+\.[^@\s]+")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?(?P<owners>(?:\s+\S+)*)")


def read(text: str) -> Parsed:
    """One CodeOwners object: the rules that count, and a finding for each line that a forge would reject."""
    rules: list[OwnerRule] = []
    findings: list[Finding] = []
    defaults: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines()[:_MAX_LINES], 1):
        bare = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if not bare:
            continue
        if section := _SECTION.fullmatch(bare):
            defaults = tuple(section["owners"].split())
            continue
        pattern, *owners = re.split(r"(?<!\\)\s+", bare)
        if problem := _problem(pattern, owners):
            findings.append(Finding(number, "codeowners-line", problem))
            continue
        rules.append(OwnerRule(line=number, pattern=pattern, owners=tuple(owners) or defaults))
    if not rules and not findings:
        findings.append(Finding(1, "codeowners-empty", "names no owner at all"))
    return Parsed(objects=(CodeOwners(line=1, rules=tuple(rules), findings=tuple(findings)),))


def _problem(pattern: str, owners: Iterable[str]) -> str:
    if pattern.startswith("!"):
        return f"“{pattern}”: a pattern can't be negated with ! in CODEOWNERS"
    if re.search(r"(?<!\\)\[", pattern):
        return f"“{pattern}”: character ranges in [ ] don't work in CODEOWNERS"
    if _OWNER.fullmatch(pattern):
        return f"“{pattern}” stands where a path pattern belongs; begin the line with a pattern such as *"
    for owner in owners:
        if not _OWNER.fullmatch(owner):
            return f"“{owner}” is no owner: write @user, @organisation/team or an e-mail address"
    return ""


def owners_of(file: CodeOwners, path: str) -> tuple[str, ...]:
    """Who owns a path: the last rule that matches; one without owners takes ownership away."""
    rule = _matcher(file.rules)
    return tuple(owner for _, owner in rule.of(path))


def uncovered(file: CodeOwners, paths: Iterable[str]) -> list[str]:
    """Those paths that nobody owns."""
    matcher = _matcher(file.rules)
    return [path for path in paths if not matcher.of(path)]


@lru_cache(maxsize=64)
def _matcher(rules: tuple[OwnerRule, ...]) -> Matcher:
    matcher = Matcher("\n".join(" ".join((rule.pattern, *rule.owners)) for rule in rules))
    matcher.paths = [(_linear(entry[0].pattern), *entry[1:]) for entry in matcher.paths]
    return matcher


def _linear(regex: str) -> re.Pattern[str]:
    """The library's translation, without its backtracking: a few `*` in one hostile pattern would take minutes.

    What follows a wildcard is found at its first place and kept, as long as another wildcard comes after it.
    """
    head, *rest = (_kept(part) for part in regex.split(_FOLDERS))
    middle = (f"(?>(?:.*?/)??{part})" for part in rest[:-1])
    return re.compile("".join((head, *middle, *(f"{_FOLDERS}{part}" for part in rest[-1:]))))


def _kept(regex: str) -> str:
    return _BEFORE_STAR.sub(r"(?>[^/]*?\1)", re.sub(r"(?:\[\^/\]\*)+", "[^/]*", regex))
