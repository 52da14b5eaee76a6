"""Alerting: the entity's rules with their runbooks, tests and problems, and the alerts its objectives generate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from app.catalog.model import Entity
from app.facts.alert_items import generated_item, recording_item, rule_item
from app.facts.inventory import Found
from app.facts.model import Place, Reason, Unknown
from app.facts.retrievers.slo import joined_objectives
from app.facts.runbook_links import Landing, actions_of, land, sections_of, topics_of
from app.facts.seen import Item, Seen, unreadable_items
from app.facts.world import World
from app.formats import ignoring
from app.formats.model import AlertRule, Objective, RecordingRule, RuleTest, Runbook


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    for live in ("loaded", "routes"):
        seen.unseen(f"alerting.{live}", Reason.NOT_CONNECTED, "no monitoring system is connected")
    rules = world.objects(entity.ref, AlertRule.kind)
    recordings = world.objects(entity.ref, RecordingRule.kind)
    tests = world.objects(entity.ref, RuleTest.kind)
    objectives = joined_objectives(entity, world)
    places = world.unreadable(entity.ref, "alerting")
    seen.found([*rules, *recordings, *tests, *objectives, *places])
    seen.values["alerting.rules"] = _rules(rules, tests, objectives, world, seen)
    seen.values["alerting.recordings"] = [recording_item(found) for found in recordings]
    seen.values["alerting.unreadable"] = unreadable_items(places)
    _problems(seen, [*rules, *recordings], world)
    return seen


def _rules(
    rules: Sequence[Found], tests: Sequence[Found], objectives: Sequence[Found], world: World, seen: Seen
) -> list[Item]:
    fire, silent = _tested(tests)
    written = [_with_runbook(rule_item(found, fire, silent), _landing(found, world, seen)) for found in rules]
    made = [
        _with_runbook(generated_item(found, paging), _landing(found, world, seen))
        for found in objectives
        for paging in (True, False)
        if _generates(found, paging, rules)
    ]
    return _shared([*written, *made])


def _tested(tests: Iterable[Found]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of alerts that unit tests expect to fire, and to stay silent."""
    counted = [f.object for f in tests if isinstance(f.object, RuleTest) and not _untestable(f)]
    fire = frozenset(name for test in counted for name in test.positive)
    return fire, frozenset(name for test in counted for name in test.negative)


def _untestable(found: Found) -> bool:
    """A rule test is at home in a test folder, so only other reasons to ignore it (vendored, a skeleton) hold."""
    return bool(found.ignored) and "test" not in found.ignored


def _landing(found: Found, world: World, seen: Seen) -> Landing:
    link = found.object.runbook if isinstance(found.object, AlertRule | Objective) else None
    return land(link.value if link else "", repository=found.repository, path=found.path, world=world, seen=seen)


def _generates(found: Found, paging: bool, rules: Sequence[Found]) -> bool:
    """The SLO's own tool makes such an alert, and its output is not committed beside it."""
    objective = found.object
    if not isinstance(objective, Objective) or not (objective.page_alert if paging else objective.slow_alert):
        return False
    return not any(
        isinstance(rule.object, AlertRule) and objective.slo and rule.object.labels.get("sloth_slo") == objective.slo
        for rule in rules
    )


def _with_runbook(item: Item, landing: Landing) -> Item:
    if "runbook" in item.get("unknown", {}):
        landing = Landing("templated")
    sections = sections_of(landing)
    page = landing.page.object if landing.page else None
    item["runbook"] |= {
        "state": landing.state,
        "repository": landing.repository,
        "path": landing.path,
        "anchor": landing.anchor,
        "url": landing.url,
        "topics": topics_of(sections),
        "actions": actions_of(sections),
        "stub": page.stub if isinstance(page, Runbook) and not landing.anchor else "",
        "shared": landing.key,
    }
    return item


def _shared(items: list[Item]) -> list[Item]:
    """Replaces each link's key by the number of counted alerts that share it."""
    counts = Counter(item["runbook"]["shared"] for item in items if not item["ignored"])
    for item in items:
        item["runbook"]["shared"] = counts[item["runbook"]["shared"]]
    return items


def _problems(seen: Seen, rules: Sequence[Found], world: World) -> None:
    """Problems of the files its rules stand in. Whoever shares a file shares what is wrong with it."""
    items: list[Item] = []
    for repository in sorted({found.repository for found in rules}):
        view = world.repository(repository)
        if isinstance(view, Unknown):
            continue
        for problem in view.problems({found.path for found in rules if found.repository == repository}):
            items.append(
                {
                    "code": problem.code,
                    "message": problem.message,
                    "ignored": ignoring.reason(problem.path),
                    "repository": repository,
                    "commit": view.commit,
                    "path": problem.path,
                    "line": problem.line,
                }
            )
    counted = [item for item in items if not item["ignored"]]
    seen.values["alerting.problems"] = items
    seen.values["alerting.problem_count"] = len(counted)
    if counted:
        first = counted[0]
        seen.evidence["alerting.problem_count"] = Place(
            first["repository"], first["commit"], first["path"], first["line"]
        )
