"""Where an alert goes: Alertmanager's routing tree, walked as it walks it (`dispatch/route.go`).

A label may be open: its value comes from the alert's series or a template, and isn't known from the text. The tree
is then walked once for every way the open labels can be told apart by its matchers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from app.formats.model import AlertmanagerConfig
from app.formats.templates import TOKEN
from app.lib import patterns

MOST_WAYS = 512
_MOST_OPEN = 8

_POSITIVE = {"!=": "=", "!~": "=~"}

Matcher = tuple[str, str, str]
"""(label, `=` or `=~`, what it is compared with): `!=` and `!~` are asked as these and turned round."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A receiver that is reached. `line`: of the route that holds the alert. `default`: that is the root of a tree with
    routes, so no route was meant for this alert. `intervals`: times at which the route is silent, by name."""

    receiver: str
    line: int
    default: bool = False
    intervals: tuple[str, ...] = ()


class TooManyWays(Exception):
    """The open labels leave more than `MOST_WAYS` ways through the tree."""


@dataclass(frozen=True, slots=True)
class Ways:
    """`reached`: each way's arrivals, one way where no open label matters; a way without arrivals doesn't take the
    alert. `deciding`: the open labels that matter."""

    reached: tuple[tuple[Arrival, ...], ...]
    deciding: tuple[str, ...] = ()


def ways(config: AlertmanagerConfig, labels: Mapping[str, str | None]) -> Ways:
    """Every way the tree may take the alert. Raises TooManyWays.

    `labels` maps to None what is open; a label that isn't there is the empty text, as in Alertmanager.
    """
    open_ = _open(config, labels)
    choices = [list(_choices(matchers)) for matchers in open_.values()]
    if prod(len(options) for options in choices) > MOST_WAYS:
        raise TooManyWays
    found: dict[tuple[int, ...], tuple[Arrival, ...]] = {}
    for world in product(*(range(len(options)) for options in choices)):
        truths = {
            asked: held for options, at in zip(choices, world, strict=True) for asked, held in options[at].items()
        }
        walker = _Walker(config, labels, truths)
        found[world] = tuple(dict.fromkeys(walker.walk(config.route, "", root=not config.namespaced)))
    deciding = tuple(name for position, name in enumerate(open_) if _decides(position, found))
    return Ways(tuple(dict.fromkeys(found.values())), deciding)


def _decides(position: int, found: Mapping[tuple[int, ...], tuple[Arrival, ...]]) -> bool:
    """Whether two worlds that differ in one label only lead to different places."""
    by_others: dict[tuple[int, ...], set[tuple[Arrival, ...]]] = {}
    for world, reached in found.items():
        by_others.setdefault(world[:position] + world[position + 1 :], set()).add(reached)
    return any(len(places) > 1 for places in by_others.values())


@dataclass(slots=True)
class _Walker:
    config: AlertmanagerConfig
    labels: Mapping[str, str | None]
    truths: Mapping[Matcher, bool]

    def walk(self, route: Mapping[str, Any], inherited: str, *, root: bool) -> list[Arrival]:
        """Depth first; the first matching child wins unless it says `continue`; no child: the node itself."""
        if not all(self._matches(matcher) for matcher in route["matchers"]):
            return []
        receiver = route["receiver"] or inherited
        found: list[Arrival] = []
        for child in route["routes"]:
            reached = self.walk(child, receiver, root=False)
            found += reached
            if reached and not child["continue"]:
                break
        default = root and bool(route["routes"])
        return found or [Arrival(receiver, route["line"], default, tuple(route["intervals"]))]

    def _matches(self, matcher: list[str]) -> bool:
        asked, turned = _asked(matcher)
        held = self.truths[asked] if asked in self.truths else _holds(asked, self.labels.get(asked[0], "") or "")
        return held is not None and held is not turned


def _asked(matcher: list[str]) -> tuple[Matcher, bool]:
    """The positive form of a matcher, and whether it is to be turned round."""
    name, operator, expected = matcher
    return (name, _POSITIVE.get(operator, operator), expected), operator in _POSITIVE


def _holds(asked: Matcher, value: str) -> bool | None:
    """Whether a value matches; None for a matcher or pattern that can't be read, which matches nothing."""
    _, operator, expected = asked
    if operator == "=":
        return value == expected
    return patterns.full_match(expected, value) if operator == "=~" else None


def _open(config: AlertmanagerConfig, labels: Mapping[str, str | None]) -> dict[str, list[Matcher]]:
    """Label → the matchers that its text doesn't decide."""
    found: dict[str, list[Matcher]] = {}
    for asked in dict.fromkeys(_asked(matcher)[0] for matcher in _matchers(config.route)):
        if TOKEN in asked[2] or (asked[0] in labels and labels[asked[0]] is None):
            found.setdefault(asked[0], []).append(asked)
    return found


def _choices(matchers: list[Matcher]) -> Iterator[dict[Matcher, bool]]:
    """What may be true of one label: one of the values it is compared with, or another, which patterns may match."""
    texts = [asked for asked in matchers if asked[1] == "=" and TOKEN not in asked[2]]
    templated = [asked for asked in matchers if TOKEN in asked[2]]
    others = [asked for asked in matchers if asked not in texts]
    if len(others) > _MOST_OPEN:
        raise TooManyWays
    for text, truths in product(texts, product((False, True), repeat=len(templated))):
        decided = {asked: bool(_holds(asked, text[2])) for asked in matchers}
        yield decided | dict(zip(templated, truths, strict=True))
    for truths in product((False, True), repeat=len(others)):
        yield dict.fromkeys(texts, False) | dict(zip(others, truths, strict=True))


def _matchers(route: Mapping[str, Any]) -> Iterator[list[str]]:
    stack = [route]
    while stack:
        node = stack.pop()
        yield from node["matchers"]
        stack.extend(node["routes"])
