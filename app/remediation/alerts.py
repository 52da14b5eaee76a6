"""Fixes of alerting rules: severity, hold, words, names, and an alert for missing data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from app.formats.model import AlertRule, RuleTest
from app.lib import yaml_nodes
from app.lib.splices import Splice
from app.lib.times import format_duration
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation import runbooks, signals, slos
from app.remediation.model import Answer, Case, Edit, Item, Note, Question, Refusal, each

SPELLINGS = {"crit": "critical", "warn": "warning", "err": "error", "information": "info", "informational": "info"}
"""Other spellings of severities: the same word, so no decision."""
_MOMENTARY = re.compile(r"uptime|start_time|boot|restart|reload|last_|_created", re.IGNORECASE)
"""Metrics whose change is the event itself."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+")
_LONGEST = 240
_UNHEARD = "10m"
"""As kube-prometheus' TargetDown waits."""


def severities(case: Case) -> Iterator[Answer]:
    """The agreed spelling of a severity; one that is missing is asked for."""
    allowed = list(case.params.get("severities", ()))

    def mend(item: Item) -> Iterator[Answer]:
        name, said = str(item["name"]), str(item.get("severity") or "")
        meant = _spelled(said, allowed) or case.answer(f"severity.{name}", "severity")
        if item.get("burn_rate") and not said and not meant:
            meant = _of_burn_rate(item, allowed)
        if meant not in allowed:
            what = f"“{said}” is none of them" if said else "it has none"
            yield Question(f"severity.{name}", f"How urgent is {name} ({what})?", tuple(allowed))
            return
        text = case.yaml(str(item["path"]))
        rule = text.mapping_at(int(item["line"]))
        yield _edit(item, text.put(rule, ["labels", "severity"], meant), f"{name} is labelled {meant}")

    yield from each(case, case.items, mend)


def _spelled(said: str, allowed: list[str]) -> str:
    by_case = {one.lower(): one for one in allowed}
    return by_case.get(said.lower(), "") or by_case.get(SPELLINGS.get(said.lower(), ""), "")


def _of_burn_rate(item: Item, allowed: list[str]) -> str:
    """A burn over hours pages, one over days opens a ticket: so the workbook has it."""
    slow = int(item.get("range_seconds") or 0) > 6 * 3600
    return next((one for one in (("ticket", "warning") if slow else ("page", "critical")) if one in allowed), "")


def present(case: Case) -> Iterator[Answer]:
    """Where a severity that pages is only spelled otherwise, its spelling; else an objective that brings alerts."""
    allowed = list(case.params.get("page_severities", ()))
    meant = {id(item): _spelled(str(item.get("severity") or ""), allowed) for item in case.own("alerting.rules")}
    items = [item for item in case.own("alerting.rules") if meant[id(item)]]

    def mend(item: Item) -> Iterator[Answer]:
        text = case.yaml(str(item["path"]))
        edits = text.put(text.mapping_at(int(item["line"])), ["labels", "severity"], meant[id(item)])
        yield _edit(item, edits, f"{item['name']} is labelled {meant[id(item)]}, as pages are")

    yield from each(case, items, mend)
    if not items:
        yield from slos.define(case)


def holds(case: Case) -> Iterator[Answer]:
    """`for`: the shortest that policy allows where one sample decides, the longest where a page waits longer.

    What is true only for a moment (a restart) would never hold, so there it is asked.
    """
    longest = int(case.params.get("max_page_seconds", 3600))
    shortest = int(case.params.get("min_seconds", 60))

    def mend(item: Item) -> Iterator[Answer]:
        late = int(item.get("for_seconds") or 0) > longest
        said = case.answer(f"for.{item['name']}")
        if not said and not late and _MOMENTARY.search(str(item.get("expr"))):
            text_ = f"How long does the condition of {item['name']} hold? A `for` that is longer keeps it from firing."
            yield Question(f"for.{item['name']}", text_)
            return
        hold = said or format_duration(timedelta(seconds=longest if late else shortest))
        text = case.yaml(str(item["path"]))
        why = "no longer waits longer than that" if late else "no longer fires on a single sample"
        rule = text.mapping_at(int(item["line"]))
        yield _edit(item, text.put(rule, ["for"], hold, after="expr"), f"{item['name']} {why}: {hold}")

    yield from each(case, case.items, mend)


def words(case: Case) -> Iterator[Answer]:
    """A summary from the alert's name, and a description that states its condition."""
    longest = int(case.params.get("max_summary", 120))

    def mend(item: Item) -> Iterator[Answer]:
        name = str(item["name"])
        if labels := item.get("unavailable_labels"):
            why = f"its annotations use {', '.join(labels)}, which its expression aggregates away: keep it or drop it"
            yield Refusal(str(item["path"]), int(item["line"]), why)
        if int(item.get("summary_length") or 0) > longest:
            why = f"its summary is longer than {longest} characters: a person must say it shorter"
            yield Refusal(str(item["path"]), int(item["line"]), why)
        text = case.yaml(str(item["path"]))
        rule = text.mapping_at(int(item["line"]))
        said: dict[str, str] = {}
        if not item.get("summary"):
            said["summary"] = f"{spoken(name)} ({case.entity.name})"
        if not item.get("description") or item["description"] == item.get("summary"):
            said["description"] = _condition(item)
        if said:
            edits = text.put(rule, ["annotations"], said)
            yield _edit(item, edits, f"{name} says in words what its expression says")

    yield from each(case, case.items, mend)


def spoken(name: str) -> str:
    """`HighErrorRate`: High error rate."""
    parts = _WORDS.findall(name)
    said = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    return said[:1].upper() + said[1:]


def _condition(item: Item) -> str:
    expr = " ".join(str(item.get("expr") or "").split())
    held = str(item.get("for") or "")
    since = f" for {held}" if held and not held.startswith("0") else ""
    if "{{" in expr or "`" in expr or len(expr) > _LONGEST or not expr:
        return f"The condition of {item['name']} has held{since}. Its value is {{{{ $value }}}}."
    return f"`{expr}` has held{since}. Its value is {{{{ $value }}}}."


def names(case: Case) -> Iterator[Answer]:
    """CamelCase in the rule, and in the unit tests that name it."""
    taken = {str(item["name"]) for item in case.list("alerting.rules")}

    def mend(item: Item) -> Iterator[Answer]:
        old, new = str(item["name"]), camel(str(item["name"]))
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", new) or new in taken:
            yield Question(f"name.{old}", f"What is {old} to be called, in CamelCase?")
            return
        text = case.yaml(str(item["path"]))
        key = text.mapping_at(int(item["line"])).get("alert")
        if key is None or key.value != old:
            raise Uneditable("its name stands elsewhere", int(item["line"]))
        yield _edit(item, text.replace(key, new), f"{old} becomes {new}")
        yield from _in_tests(case, old, new)
        yield Note(f"{old} becomes {new}: silences, routes and dashboards that name it must follow.")

    yield from each(case, case.items, mend)


def camel(name: str) -> str:
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    rest = [part[1:].lower() if part.isupper() and len(parts) > 1 else part[1:] for part in parts]
    return "".join(part[:1].upper() + end for part, end in zip(parts, rest, strict=True))


def _in_tests(case: Case, old: str, new: str) -> Iterator[Answer]:
    tests = case.world.objects(case.entity.ref, RuleTest.kind)
    for path in sorted({found.path for found in tests if found.repository == case.url}):
        text = case.yaml(path)
        nodes = [node for root in text.roots for node in yaml_nodes.walk(root) if node.kind == "mapping"]
        named = [one for node in nodes if (one := node.get("alertname")) is not None and one.value == old]
        edits = [splice for one in named for splice in text.replace(one, new)]
        if edits:
            yield Edit(path, tuple(edits), f"the test expects {new}")


def absence(case: Case) -> Iterator[Answer]:
    """An alert for when the service's target or its data is gone, beside the first alert that there is."""
    rules = [item for item in case.own("alerting.rules") if not (item.get("generated") or item.get("output_path"))]
    job = case.answer("job") or _job(case)
    if not rules:
        yield Refusal("", 0, "it has no rule file in this repository to which an alert could be added")
        return
    if not job:
        yield Question("job", f"Under which job does Prometheus scrape {case.entity.name}?", (case.entity.name,))
        return
    item = rules[0]
    try:
        text = case.yaml(str(item["path"]))
        rule = text.mapping_at(int(item["line"]))
        around = rules_around(text, rule)
        edits = text.append(around, _absent(case, item, job, rule))
    except Uneditable as error:
        yield Refusal(str(item["path"]), int(item["line"]), error.why)
        return
    yield _edit(item, edits, f"an alert fires when nothing is heard of the job {job}")


def _absent(case: Case, item: Item, job: str, rule: Node) -> Mapping[str, object]:
    name = f"{camel(case.entity.name)}Absent"
    labels = rule.get("labels")
    kept = {k.value: v.value for k, v in labels.pairs if k.value != "severity"} if labels is not None else {}
    annotations = {
        "summary": f"Nothing is heard of {case.entity.name}",
        "description": f"No target of the job {job} has been there for {_UNHEARD}: alerts over its data can't fire.",
    }
    if link := runbooks.whole_page(case, str(item["path"])):
        annotations["runbook_url"] = link
    return {
        "alert": name,
        "expr": f'absent(up{{job="{job}"}} == 1)',
        "for": _UNHEARD,
        "labels": {**kept, "severity": quiet_severity(case)},
        "annotations": annotations,
    }


def rules_around(text: YamlText, rule: Node) -> Node:
    """The list that a rule stands in."""
    for root in text.roots:
        for node in yaml_nodes.walk(root):
            if node.kind == "sequence" and any(one is rule for one in node.items):
                return node
    raise Uneditable("it stands in no list", rule.line)


def quiet_severity(case: Case) -> str:
    """The severity by which most alerts of the service that page nobody are labelled."""
    return signals.usual_severity(case, signals.QUIET, "warning")


def _job(case: Case) -> str:
    """The one job that the service's expressions name, or ""."""
    found = case.world.objects(case.entity.ref, AlertRule.kind)
    jobs = {
        job
        for one in found
        if isinstance(one.object, AlertRule) and not one.ignored
        for job in one.object.matchers.get("job", ())
    }
    return jobs.pop() if len(jobs) == 1 else ""


def _edit(item: Item, splices: list[Splice], why: str) -> Edit:
    return Edit(str(item["path"]), tuple(splices), why)
