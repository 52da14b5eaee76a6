"""Alerting: the entity's rules with their runbooks, tests and problems, and the alerts its objectives generate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from app.catalog.model import Entity
from app.facts.alert_items import at_spec, generated_item, objective_link, recording_item, rule_item
from app.facts.inventory import Found
from app.facts.model import Place, Reason, Unknown
from app.facts.retrievers.slo import joined_objectives
from app.facts.routing import route_items
from app.facts.runbook_links import Landing, actions_of, land, sections_of
from app.facts.seen import Item, Seen, unreadable_items
from app.facts.unseen import UnreadablePlace
from app.facts.world import World
from app.formats import ignoring
from app.formats.model import AlertmanagerConfig, AlertRule, Objective, RecordingRule, RuleTest, Runbook, RunbookLink
from app.formats.topics import answered

JSONNET = (".jsonnet", ".libsonnet")
NO_ROUTING = "no Alertmanager configuration is crawled: name its repository in evidence_repositories (alertmanager)"


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    seen.unseen("alerting.loaded", Reason.NOT_CONNECTED, "no monitoring system is connected")
    rules = world.objects(entity.ref, AlertRule.kind)
    recordings = world.objects(entity.ref, RecordingRule.kind)
    tests = world.objects(entity.ref, RuleTest.kind)
    objectives = joined_objectives(entity, world)
    places = _without_rendered(world.unreadable(entity.ref, "alerting"), rules)
    seen.found([*rules, *recordings, *tests, *objectives, *places])
    seen.values["alerting.rules"] = _rules(rules, tests, objectives, world, seen)
    seen.values["alerting.silence_tested"] = bool(_tested(tests)[1])
    seen.values["alerting.recordings"] = [recording_item(found) for found in recordings]
    seen.values["alerting.unreadable"] = unreadable_items(places)
    _problems(seen, [*rules, *recordings], places, world)
    _routes(seen, entity, rules, world)
    return seen


def _routes(seen: Seen, entity: Entity, rules: Sequence[Found], world: World) -> None:
    """By the entity's own Alertmanager configurations and those of the repositories named for it. Another team's
    configuration says nothing about this entity's alerts."""
    shared = world.shared(AlertmanagerConfig.kind)
    own = world.objects(entity.ref, AlertmanagerConfig.kind)
    # What stands in examples routes nobody's alerts.
    counted = (found for found in (*own, *shared) if not (found.ignored or ignoring.of_infrastructure(found.path)))
    configs = list({(found.repository, found.path, found.object.line): found for found in counted}.values())
    seen.found(configs)
    if configs:
        seen.values["alerting.routes"] = route_items(seen.values["alerting.rules"], rules, configs, world.parameters)
        return
    seen.unseen("alerting.routes", Reason.NOT_CONNECTED, NO_ROUTING)


def _rules(
    rules: Sequence[Found], tests: Sequence[Found], objectives: Sequence[Found], world: World, seen: Seen
) -> list[Item]:
    fire, silent = _tested(tests)
    written = [
        _with_runbook(_placed(rule_item(found, fire, silent), found, objectives), _landing(found, world, seen))
        for found in rules
    ]
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
    thing = found.object
    link = objective_link(thing) if isinstance(thing, Objective) else getattr(thing, "runbook", RunbookLink())
    return land(link.value, repository=found.repository, path=found.path, world=world, seen=seen)


def _generates(found: Found, paging: bool, rules: Sequence[Found]) -> bool:
    """The SLO's own tool makes such an alert, and its output is not committed beside it."""
    objective = found.object
    if not isinstance(objective, Objective) or not (objective.page_alert if paging else objective.slow_alert):
        return False
    return not any(isinstance(rule.object, AlertRule) and _is_made_of(rule.object, objective) for rule in rules)


def _placed(item: Item, found: Found, objectives: Sequence[Found]) -> Item:
    """A rule of Sloth's output is placed in its spec, where that is crawled too: there it can be mended."""
    rule = found.object
    if found.ignored or not isinstance(rule, AlertRule) or not _is_output(rule):
        return item
    specs = (one for one in objectives if isinstance(one.object, Objective) and not one.ignored)
    made_of = next((one for one in specs if isinstance(one.object, Objective) and _is_made_of(rule, one.object)), None)
    return item if made_of is None else at_spec(item, made_of)


def _is_output(rule: AlertRule) -> bool:
    """Sloth's own groups and labels; a rule that only reads its series was written by hand."""
    return rule.group.startswith("sloth-slo-alerts-") or "sloth_severity" in rule.labels


def _is_made_of(rule: AlertRule, objective: Objective) -> bool:
    """Whether a rule is what Sloth made of an objective: it says so in labels, or in the series that it reads."""
    if not objective.slo:
        return False
    said = {name: {rule.labels.get(name, ""), *rule.matchers.get(name, ())} for name in ("sloth_slo", "sloth_service")}
    named = objective.slo in said["sloth_slo"]
    return named and (objective.service in said["sloth_service"] or said["sloth_service"] == {""})


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
        "topics": list(answered(sections)),
        "actions": actions_of(sections),
        "stub": page.stub if isinstance(page, Runbook) and not landing.anchor else "",
        "shared": landing.key,
    }
    if why := landing.unread:
        for field in ("topics", "actions", "stub"):
            del item["runbook"][field]
            item.setdefault("unknown", {})[f"runbook.{field}"] = why
    return item


def _shared(items: list[Item]) -> list[Item]:
    """Replaces each link's key by the number of counted alerts that share it."""
    counts = Counter(item["runbook"]["shared"] for item in items if not item["ignored"])
    for item in items:
        key = item["runbook"]["shared"]
        item["runbook"]["shared"] = counts[key] if key else 0
    return items


def _problems(seen: Seen, rules: Sequence[Found], places: Sequence[UnreadablePlace], world: World) -> None:
    """Problems of the files its rules stand in, or would if they could be read. Who shares a file shares its problems.

    A file that only a template engine can read is no mistake: without other problems their number is then unknown.
    """
    broken = [place for place in places if not place.ignored and not _is_template(place)]
    files = sorted({(rule.repository, rule.path) for rule in rules} | {(b.repository, b.path) for b in broken})
    items = [item for repository, path in files for item in _file_problems(repository, path, world)]
    counted = [item for item in items if not item["ignored"]]
    seen.values["alerting.problems"] = items
    seen.values["alerting.problem_count"] = len(counted)
    if counted:
        place = {key: counted[0][key] for key in ("repository", "commit", "path", "line")}
        seen.evidence["alerting.problem_count"] = Place(**place)
    elif any(not place.ignored for place in places):
        seen.unseen("alerting.problem_count", Reason.UNREADABLE, "some of its rules can't be read")


def _without_rendered(places: Sequence[UnreadablePlace], rules: Sequence[Found]) -> list[UnreadablePlace]:
    """Jsonnet is not evaluated; where the same repository has rules that can be read, those are what it renders to."""
    rendered = {rule.repository for rule in rules if not rule.ignored}
    return [
        replace(place, ignored=place.ignored or "the rules rendered from it are read instead")
        if place.path.endswith(JSONNET) and place.repository in rendered
        else place
        for place in places
    ]


def _is_template(place: UnreadablePlace) -> bool:
    return "/templates/" in f"/{place.path}" or place.path.endswith(JSONNET)


def _file_problems(repository: str, path: str, world: World) -> list[Item]:
    view = world.repository(repository)
    if isinstance(view, Unknown):
        return []
    return [
        {
            "code": problem.code,
            "message": problem.message,
            "ignored": ignoring.reason(problem.path),
            "repository": repository,
            "commit": view.commit,
            "path": problem.path,
            "line": problem.line,
        }
        for problem in view.problems([path])
    ]
