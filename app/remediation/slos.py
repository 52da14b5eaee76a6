"""Fixes of objectives: one from the metrics that alerts read, units, windows, descriptions and burn-rate alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.lib import yaml_writing
from app.lib.splices import Splice
from app.lib.yaml_edits import Uneditable, YamlText
from app.lib.yaml_nodes import Node
from app.remediation import burn_rules, pages, runbooks, signals
from app.remediation.model import Answer, Case, Edit, Item, NewFile, Question, Refusal, each

WINDOW = "28d"
"""Four weeks: the window of the SRE workbook."""


def define(case: Case) -> Iterator[Answer]:
    """An availability objective over the requests that the service's alerts count, in Sloth's format."""
    source = signals.requests(case)
    percent = _target(case)
    if source is None:
        text = "Which counter counts requests, and which matcher picks the failed ones?"
        yield Question("slo.total", f'{text} The total, such as http_requests_total{{job="{case.entity.name}"}}')
        yield Question("slo.errors", 'The matcher of failed requests, such as code=~"5.."')
    if not percent:
        tier = case.subject.tier
        yield Question("slo.target", f"Which share of requests is to be answered well, in percent (tier {tier})?")
    if source is None or not percent:
        return
    path = case.beside(f"slo/{case.entity.name}.yaml")
    name = "requests-availability"
    yield from _page(case, name)
    said = f"{percent:g} % of the requests to {case.entity.name} are answered without an error."
    document = _document(case, name, percent, said, (source.errors, source.total), path)
    why = f"{percent:g} % of what {source.metric} counts, where policy begins for tier {case.subject.tier}"
    yield NewFile(path, yaml_writing.document(document), why)


def _document(
    case: Case, name: str, percent: float, said: str, queries: tuple[str, str], path: str
) -> Mapping[str, Any]:
    """A Sloth specification with one objective. `queries`: bad events, all events."""
    slo = {
        "name": name,
        "objective": percent,
        "description": said,
        "sli": {"events": {"error_query": queries[0], "total_query": queries[1]}},
        "alerting": _alerting(case, name, path),
    }
    return {"version": "prometheus/v1", "service": case.entity.name, "slos": [slo]}


def _target(case: Case) -> float:
    """The answer, or where policy has objectives of a tier begin; 0 for neither. Percent."""
    begin = case.settings.get("objectives")
    said = case.answer("slo.target") or (begin.get(case.subject.tier) if isinstance(begin, dict) else "")
    try:
        number = float(said or 0)
    except ValueError:
        return 0
    return number if 0 < number < 100 else 0


def _alerting(case: Case, name: str, path: str, *, camel: bool = False) -> Mapping[str, Any]:
    page, ticket = ("pageAlert", "ticketAlert") if camel else ("page_alert", "ticket_alert")
    parts = re.split(r"[^A-Za-z0-9]+", f"{case.entity.name}-{name}")
    now, later = _severities(case)
    return {
        "name": "".join(part[:1].upper() + part[1:] for part in parts) + "BudgetBurn",
        "annotations": {"runbook_url": _link(case, name, path)},
        page: {"labels": {"severity": now}},
        ticket: {"labels": {"severity": later}},
    }


def _severities(case: Case) -> tuple[str, str]:
    """Of a page and of a ticket: as the service's alerts are labelled, else the workbook's words."""
    return signals.usual_severity(case, signals.LOUD, "page"), signals.usual_severity(case, signals.QUIET, "ticket")


def _link(case: Case, name: str, path: str) -> str:
    page = runbooks.own_page(case)
    return runbooks.whole_page(case, path) or runbooks.address(case, page, pages.anchor_of(name), path)


def _page(case: Case, name: str) -> Iterator[Answer]:
    """The section that a new alert links, where the runbook as a whole says nothing yet."""
    if not runbooks.whole_page(case, ""):
        item = {"name": name, "description": "", "summary": "", "expr": ""}
        yield from runbooks.sections_for(case, runbooks.own_page(case), [item])


def targets(case: Case) -> Iterator[Answer]:
    """A target in the unit of its format; one that leaves no budget is asked for."""

    def mend(item: Item) -> Iterator[Answer]:
        text, node = _target_node(case, item)
        number = _number(node.value)
        unit = any(str(one).startswith("objective-unit") for one in item.get("problems", ()))
        percent = str(item["format"]) in ("sloth", "pyrra") or _key_of(text, node) == "targetPercent"
        said = case.answer(f"objective.{item['slo']}")
        if unit and number is not None and not said:
            meant = number * 100 if percent else number / 100
            said = f"{round(meant, 9):g}"
        value = _number(said)
        if value is None:
            text_ = f"Which target does {item['name']} have, {'in percent' if percent else 'as a ratio'}?"
            yield Question(f"objective.{item['slo']}", f"{text_} It says {node.value or 'nothing'}.")
            return
        new: Any = said if node.quote else value
        yield _edit(item, text.replace(node, new), f"{item['name']}: {node.value} was written in the wrong unit")

    yield from each(case, case.items, mend)


def _number(text: str) -> float | int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else value


def _key_of(text: YamlText, node: Node) -> str:
    line = text.text[: node.start].rsplit("\n", 1)[-1]
    return line.strip().removeprefix("- ").split(":")[0].strip("\"' ")


def _target_node(case: Case, item: Item) -> tuple[YamlText, Node]:
    text, line = case.yaml(str(item["path"])), int(item["line"])
    root = text.document_at(line)
    if item["format"] == "sloth":
        node = text.mapping_at(line).get("objective")
    elif item["format"] == "openslo":
        inner = text.mapping_at(line)
        node = inner.get("target") or inner.get("targetPercent")
    else:
        node = root.at("spec", "target") or root.at("spec", "goal")
    if node is None or node.kind != "scalar":
        raise Uneditable("its target is not written there", line)
    return text, node


def windows(case: Case) -> Iterator[Answer]:
    """A rolling window of four weeks."""

    def mend(item: Item) -> Iterator[Answer]:
        text = case.yaml(str(item["path"]))
        root = text.document_at(int(item["line"]))
        if item["format"] == "pyrra":
            edits = text.put(root, ["spec", "window"], "4w")
        elif item["format"] == "openslo":
            edits = _openslo_window(text, root)
        else:
            raise Uneditable(f"the window of {item['format']} is set where its tool runs", int(item["line"]))
        yield _edit(item, edits, f"{item['name']} is kept over {WINDOW}, as most objectives are")

    yield from each(case, case.items, mend)


def _openslo_window(text: YamlText, root: Node) -> list[Splice]:
    old = root.at("spec", "timeWindows", 0)
    if old is not None:
        return text.put(old, [], {"unit": "Day", "count": 28})
    window = root.at("spec", "timeWindow", 0)
    if window is None:
        return text.put(root, ["spec", "timeWindow"], [{"duration": WINDOW, "isRolling": True}])
    if window.get("calendar") is not None:
        raise Uneditable("it follows the calendar, which people chose", window.line)
    return text.put(window, ["duration"], WINDOW)


def describe(case: Case) -> Iterator[Answer]:
    """One sentence made of what the objective itself says: the share, the signal, the window."""

    def mend(item: Item) -> Iterator[Answer]:
        text, line = case.yaml(str(item["path"])), int(item["line"])
        said = case.answer(f"describe.{item['slo']}") or _promise(case, item)
        if not said:
            yield Question(f"describe.{item['slo']}", f"What does {item['name']} promise, in one sentence?")
            return
        if item["format"] == "sloth":
            edits = text.put(text.mapping_at(line), ["description"], said, after="objective")
        else:
            edits = text.put(text.document_at(line), ["spec", "description"], said)
        yield _edit(item, edits, f"{item['name']} says what it promises")

    yield from each(case, case.items, mend)


_PROMISES = {
    "availability": "are answered without an error",
    "latency": "are answered in time",
}


def _promise(case: Case, item: Item) -> str:
    how, ratio = _PROMISES.get(str(item.get("signal"))), float(item.get("objective_ratio") or 0)
    if not how or not 0 < ratio < 1:
        return ""
    over = f" over {item['window']}" if item.get("window") and not item.get("window_assumed") else ""
    return f"{ratio * 100:.6g} % of the requests to {item.get('service') or case.entity.name} {how}{over}."


def guard(case: Case) -> Iterator[Answer]:
    """Burn-rate alerts: turned on where the format's tool makes them, else written as rules from the SLI's queries."""

    def mend(item: Item) -> Iterator[Answer]:
        if item.get("implausible_pairs"):
            why = f"alerts guard {item['name']} with thresholds that fit no burn rate of it: correct or remove those"
            yield Refusal(str(item["path"]), int(item["line"]), why)
            return
        text, line = case.yaml(str(item["path"])), int(item["line"])
        why = f"a fast and a slow burn-rate alert guard {item['name']}"
        if item["format"] == "sloth":
            yield from _page(case, str(item["slo"]))
            yield _edit(item, _sloth(case, item, text, line), why)
        elif item["format"] == "pyrra":
            root = text.document_at(line)
            alerting = root.at("spec", "alerting")
            edits = text.put(root, ["spec", "alerting", "burnrates"], True)
            if alerting is not None and (off := alerting.get("disabled")) is not None:
                edits += text.replace(off, False)
            yield _edit(item, edits, why)
        else:
            yield from _written(case, item, text, why)

    yield from each(case, case.items, mend)


def _sloth(case: Case, item: Item, text: YamlText, line: int) -> list[Splice]:
    slo = text.mapping_at(line)
    camel = text.document_at(line).get("apiVersion") is not None
    wanted = _alerting(case, str(item["slo"]), str(item["path"]), camel=camel)
    there = slo.get("alerting")
    if there is None or there.is_null:
        return text.put(slo, ["alerting"], wanted)
    edits: list[Splice] = []
    for key, value in wanted.items():
        node = there.get(key)
        if node is None:
            edits += text.put(there, [key], value) if key != "annotations" or not item["runbook"]["value"] else []
        elif (off := node.get("disable")) is not None and off.value == "true":
            edits += text.replace(off, False)
    return edits


def _written(case: Case, item: Item, text: YamlText, why: str) -> Iterator[Answer]:
    root = text.document_at(int(item["line"]))
    ratio = float(item.get("objective_ratio") or 0)
    expression = burn_rules.error_ratio(root)
    if expression is None or not 0 < ratio < 1:
        why = "its queries are not Prometheus' own in this file, so no rule can be written from them"
        yield Refusal(str(item["path"]), int(item["line"]), why)
        return
    folder = str(item["path"]).rpartition("/")[0]
    path = f"{folder}/{item['slo']}-burn-rate.rules.yaml".lstrip("/")
    yield from _page(case, str(item["slo"]))
    name = pages.title_of(f"{case.entity.name}-{item['slo']}")
    rules = burn_rules.rules(
        expression,
        ratio,
        int(item.get("window_seconds") or 0),
        name=f"{name}BudgetBurn",
        labels={"slo": str(item["slo"]), "service": str(item.get("service") or case.entity.name)},
        runbook=_link(case, str(item["slo"]), path),
        severities=_severities(case),
    )
    yield NewFile(path, yaml_writing.document({"groups": [{"name": f"{item['slo']}-burn-rate", "rules": rules}]}), why)


def signals_covered(case: Case) -> Iterator[Answer]:
    """The objective that is missing beside the one there is."""
    facts = case.facts.values
    if not facts.get("slo.covers_availability") and facts.get("slo.covers_latency"):
        yield from define(case)
        return
    source, percent = signals.durations(case), _target(case)
    bound = case.answer("slo.latency_seconds")
    if source is None:
        yield Question("slo.duration", "Which histogram measures how long requests take (its name without _bucket)?")
    if not bound:
        known = source.bounds if source else ()
        yield Question("slo.latency_seconds", "Within how many seconds is an answer in time (a bucket of it)?", known)
    if source is None or not bound or not percent:
        return
    path, name = case.beside(f"slo/{case.entity.name}-latency.yaml"), "requests-latency"
    yield from _page(case, name)
    said = f"{percent:g} % of the requests to {case.entity.name} are answered within {bound} s."
    document = _document(case, name, percent, said, (source.slower_than(bound), source.count), path)
    yield NewFile(path, yaml_writing.document(document), f"{percent:g} % within {bound} s, from {source.metric}")


def _edit(item: Item, splices: list[Splice], why: str) -> Edit:
    return Edit(str(item["path"]), tuple(splices), why)
