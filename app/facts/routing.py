"""Where Alertmanager would send each alert of an entity, as far as files tell: an item of `alerting.routes` each.

Asked by the alerting retriever. Known of an alert are its name and the labels written into its rule; a label that its
series may carry, or that Prometheus adds on sending, is open. What open labels decide is unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from app.facts.inventory import Found
from app.facts.parameters import Parameters
from app.facts.seen import Item
from app.formats import promql, promql_labels
from app.formats.alertmanager_routing import Arrival, TooManyWays, ways
from app.formats.model import AlertmanagerConfig, AlertRule
from app.formats.templates import TOKEN

ADDED_ON_SENDING = frozenset(
    ("cluster", "env", "environment", "region", "zone", "site", "stage", "datacenter", "dc", "prometheus", "replica")
)
"""Names that `external_labels` of Prometheus commonly have: any alert may carry them, whatever its expression."""
_OUTCOME = ("receiver", "integrations", "pages", "opaque", "default", "muted")
_GENERATED = "its labels are made by the tool of its objective"


def route_items(
    items: Sequence[Item], rules: Sequence[Found], configs: Sequence[Found], known: Parameters
) -> list[Item]:
    """One item an alert that counts, with its best way to a pager: of several configurations one that pages is enough.

    `items`: those of `alerting.rules`, one for each of `rules` and then those that a tool generates; `configs` hold
    `AlertmanagerConfig`s, at least one.
    """
    made = []
    for item, found in zip_longest(items, rules):
        if item["ignored"]:
            continue
        rule = found.object if found else None
        about: Item = {key: item[key] for key in ("name", "severity") if key in item}
        about |= {"rule_path": item["path"], "rule_line": item["line"], "unknown": dict(_unknown_of(item))}
        if isinstance(rule, AlertRule):
            made.append(about | min((_through(rule, config, known) for config in configs), key=_rank))
        else:
            made.append(about | _place(configs[0], configs[0].object.line) | _unseen(_GENERATED))
    return [_merged(item) for item in made]


def _unknown_of(item: Item) -> Iterator[tuple[str, str]]:
    for name in ("name", "severity"):
        if name not in item:
            yield name, item.get("unknown", {}).get(name, "")


def _merged(item: Item) -> Item:
    """The item with what could not be seen under one key, which goes where there is nothing."""
    unseen = item.pop("unknown") | item.pop("unseen", {})
    return item | ({"unknown": unseen} if unseen else {})


def _through(rule: AlertRule, found: Found, known: Parameters) -> Item:
    """What one configuration does with one alert."""
    config = found.object
    assert isinstance(config, AlertmanagerConfig)
    if config.templated:
        return _place(found, config.line) | _unseen("parts of the routing tree are written by a template")
    try:
        possible = ways(config, labels_of(rule, config))
    except TooManyWays:
        return _place(found, config.line) | _unseen("too many labels of the alert are open to tell its route")
    outcomes = [(_outcome(way, config, known), way) for way in possible.reached]
    first, way = outcomes[0]
    if any(other["pages"] != first["pages"] or _rank(other) != _rank(first) for other, _ in outcomes):
        names = ", ".join(sorted(possible.deciding))
        return _place(found, config.line) | _unseen(f"its route depends on labels that the rule doesn't set: {names}")
    return _place(found, _line(way, config, known)) | first


def labels_of(rule: AlertRule, config: AlertmanagerConfig) -> dict[str, str | None]:
    """The labels that the configuration asks for, as far as they are known; None for those that are open."""
    wanted = {matcher[0] for route in _routes(config.route) for matcher in route["matchers"]}
    carried = promql_labels.result(tree) if (tree := promql.parse(rule.expr).tree) is not None else promql_labels.ANY
    found: dict[str, str | None] = {}
    for name in wanted:
        if name == "alertname":
            found[name] = None if "name" in rule.templated else rule.name
        elif name in rule.labels:
            text = rule.labels[name]
            found[name] = None if "{{" in text or TOKEN in text else text
        elif carried.has(name) and len(rule.matchers.get(name, ())) == 1:
            found[name] = rule.matchers[name][0]
        elif carried.has(name) or name in ADDED_ON_SENDING or "labels" in rule.templated:
            found[name] = None
    return found


def _routes(route: Mapping[str, object]) -> Iterator[Mapping[str, list[list[str]]]]:
    stack: list[Mapping[str, object]] = [route]
    while stack:
        node = stack.pop()
        yield node  # type: ignore[misc]
        stack.extend(node["routes"])  # type: ignore[arg-type]


def _outcome(way: tuple[Arrival, ...], config: AlertmanagerConfig, known: Parameters) -> Item:
    """What a way comes to: all its receivers that are never silent, or where all are at times, all of them."""
    awake = [one for one in way if not one.intervals] or list(way)
    kinds = sorted({kind for one in awake for kind in _integrations(one.receiver, config)})
    return {
        "receiver": ", ".join(dict.fromkeys(one.receiver for one in awake)),
        "integrations": kinds,
        "pages": any(kind in known.paging_receivers for kind in kinds),
        "opaque": any(kind in known.opaque_receivers for kind in kinds),
        "default": any(one.default for one in way),
        "muted": bool(way) and all(one.intervals for one in way),
    }


def _integrations(receiver: str, config: AlertmanagerConfig) -> tuple[str, ...]:
    return next((one.integrations for one in config.receivers if one.name == receiver), ())


def _rank(item: Item) -> int:
    """How near an alert comes to a pager: 0 reaches it, 1 may reach it, 2 does not."""
    if "pages" not in item:
        return 1
    if item["pages"] and not item["default"] and not item["muted"]:
        return 0
    return 1 if item["opaque"] and not item["pages"] and not item["default"] else 2


def _line(way: tuple[Arrival, ...], config: AlertmanagerConfig, known: Parameters) -> int:
    """The route to point at: the first that pages, else the first, else where the configuration begins."""
    paging = (one for one in way if set(_integrations(one.receiver, config)) & set(known.paging_receivers))
    chosen = next(paging, way[0] if way else None)
    return chosen.line if chosen else config.line


def _place(found: Found, line: int) -> Item:
    return {"repository": found.repository, "commit": found.commit, "path": found.path, "line": line, "ignored": ""}


def _unseen(why: str) -> Item:
    return {"unseen": dict.fromkeys(_OUTCOME, why)}
