"""Fixes of runbooks: links from alerts, sections for them, and skeletons that a person fills."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

from app.lib import forge_urls
from app.lib.splices import Splice, after_line
from app.lib.yaml_edits import Uneditable
from app.remediation import pages
from app.remediation.model import Answer, Case, Edit, Item, NewFile, Note, Question, Refusal, editable, guessed

NEW_PAGE = "docs/runbook.md"


def link_runbooks(case: Case) -> Iterator[Answer]:
    """An annotation on each alert that leads to its section; where there is none, a skeleton of it."""
    links, refused = _editable(case, case.items)
    yield from refused
    if not links:
        return
    page = own_page(case)
    yield from sections_for(case, page, [item for item, _ in links])
    for item, splices in links:
        yield Edit(str(item["path"]), tuple(splices), f"{item['name']} links its section of {page}")
    yield from guessed(case, case.answer("repository_url") or case.url)
    if case.url.startswith("file:"):
        yield Note(
            "The links are paths in the repository, since it has no address here: `--set repository_url=https://…` "
            "makes them addresses that a pager can open."
        )


def sections_for(case: Case, page: str, items: Sequence[Item]) -> Iterator[Answer]:
    """Skeletons of the sections that a page does not have yet; the whole page where it is not there."""
    unique = list({pages.anchor_of(str(item["name"])): item for item in items}.values())
    why = "a skeleton: what is marked TODO is for a person to write"
    if page not in case.files.paths:
        yield NewFile(page, pages.runbook(case, unique), why)
        return
    known = anchors(case, page)
    missing = [item for item in unique if pages.anchor_of(str(item["name"])) not in known]
    if missing:
        text = case.files.text(page)
        yield Edit(page, (at_end(text, "\n".join(pages.alert_section(item, "##") for item in missing)),), why)


def own_page(case: Case) -> str:
    """The service's runbook in its own repository, or where one would be."""
    found = [item for item in case.own("runbooks.documents") if item.get("role") == "service" and not item.get("url")]
    inside = [item for item in found if str(item["path"]).startswith(case.beside(""))]
    return str((inside or found)[0]["path"]) if found else case.beside(NEW_PAGE)


def anchors(case: Case, page: str) -> set[str]:
    """The anchors that a page has."""
    found = next((one for one in case.list("runbooks.documents") if one.get("path") == page), None)
    return {str(section["anchor"]).lower() for section in (found or {}).get("sections", ())}


def at_end(text: str, markdown: str) -> Splice:
    """Markdown behind all else, an empty line before it."""
    gap = "" if not text or text.endswith("\n\n") else "\n"
    return after_line(text, len(text), gap + markdown)


def address(case: Case, page: str, anchor: str, origin: str) -> str:
    """The link to a section: an address on the forge; without one, a path from the folder of `origin`."""
    url = case.answer("repository_url") or case.url
    if url.startswith("https://"):
        return f"{forge_urls.branch_url(url, case.branch or 'main', page, forge=case.forge_at(url))}#{anchor}"
    return f"{posixpath.relpath(page, posixpath.dirname(origin) or '.')}#{anchor}"


def _editable(case: Case, items: Sequence[Item]) -> tuple[list[tuple[Item, list[Splice]]], list[Answer]]:
    """The alerts that can be given a link, and how; and those that can't, and why."""
    page = own_page(case)
    done: set[tuple[Any, Any]] = set()
    found: list[tuple[Item, list[Splice]]] = []
    refused: list[Answer] = []
    for item in items:
        place = item.get("path"), item.get("line")
        if place in done:  # the fast and the slow alert of one objective
            continue
        done.add(place)
        named = {**item, "name": item["group"]} if item.get("generated") else item
        try:
            editable(item)
            found.append(
                (named, _linking(case, named, address(case, page, pages.anchor_of(named["name"]), item["path"])))
            )
        except Uneditable as error:
            refused.append(Refusal(str(item["path"]), int(item["line"]), error.why))
    return found, refused


def _linking(case: Case, item: Item, link: str) -> list[Splice]:
    text = case.yaml(str(item["path"]))
    key = item["runbook"]["key"] or _usual_key(case)
    if not item.get("generated"):
        return text.put(text.mapping_at(int(item["line"])), ["annotations", key], link)
    if item["source"] == "sloth":
        return text.put(text.mapping_at(int(item["line"])), ["alerting", "annotations", key], link)
    root = text.document_at(int(item["line"]))
    prefix = "pyrra.dev/" if item["source"] == "pyrra" else ""
    return text.put(root, ["metadata", "annotations", prefix + key], link)


def _usual_key(case: Case) -> str:
    """The annotation by which most of the service's alerts link already."""
    keys = [item["runbook"]["key"] for item in case.list("alerting.rules") if item["runbook"]["key"]]
    return max(sorted(set(keys)), key=keys.count) if keys else "runbook_url"


def whole_page(case: Case, origin: str) -> str:
    """The link to the service's runbook as a whole, or "" where there is none that says something."""
    page = own_page(case)
    written = [one for one in case.own("runbooks.documents") if one.get("path") == page and not one.get("stub")]
    return address(case, page, "", origin).removesuffix("#") if written else ""


def resolve_links(case: Case) -> Iterator[Answer]:
    """Dead links lead to the alert's section of the service's own runbook."""
    own = [item for item in case.items if item["runbook"].get("repository") in (case.url, "", None)]
    for item in (one for one in case.items if one not in own):
        why = f"it links a page of {item['runbook']['repository']}, which is mended there"
        yield Refusal(str(item["path"]), int(item["line"]), why)
    links, refused = _editable(case, own)
    yield from refused
    if not links:
        return
    yield from sections_for(case, own_page(case), [item for item, _ in links])
    for item, splices in links:
        was = item["runbook"]["value"]
        yield Edit(str(item["path"]), tuple(splices), f"{item['name']} linked {was}, which is not there")


def start_page(case: Case) -> Iterator[Answer]:
    """A skeleton of the service's runbook, or of what a stub lacks."""
    page = own_page(case)
    if page not in case.files.paths:
        alerts = [item for item in case.list("alerting.rules") if not item.get("generated")]
        unique = list({pages.anchor_of(str(item["name"])): item for item in alerts}.values())
        yield NewFile(page, pages.runbook(case, unique), "a skeleton: what is marked TODO is for a person to write")
        return
    yield from _missing_topics(case, page, tuple(pages.TOPICS))


def complete_page(case: Case) -> Iterator[Answer]:
    """Headings for the topics that the runbook says nothing of."""
    page = own_page(case)
    if page in case.files.paths:
        yield from _missing_topics(case, page, tuple(case.params.get("topics", ())))


def _missing_topics(case: Case, page: str, topics: Sequence[str]) -> Iterator[Answer]:
    found = next((one for one in case.own("runbooks.documents") if one.get("path") == page), None)
    headed = {topic for section in (found or {}).get("sections", ()) for topic in section["topics"]}
    wanted = [topic for topic in topics if topic in pages.TOPICS and topic not in headed]
    if wanted:
        text = case.files.text(page)
        markdown = "\n".join(pages.topic_section(case, topic) for topic in wanted)
        yield Edit(page, (at_end(text, markdown),), "headings to fill; what is known stands under them")


def escalation(case: Case) -> Iterator[Answer]:
    """The owner's contacts under a heading of their own, as the catalog has them."""
    page = own_page(case)
    if page not in case.files.paths:
        return
    known = list(pages.contacts(case)) or [one for one in [case.answer("escalation")] if one]
    if not known:
        yield Question("escalation", "Whom does on-call turn to when it is stuck (a link, #channel or address)?")
        return
    lines = "".join(f"- {one}\n" for one in known)
    text = case.files.text(page)
    section = next((one for one in _sections(case, page) if "escalation" in one["topics"]), None)
    if section is None:
        splice = at_end(text, f"## Escalation\n\n{lines}")
    else:
        at = sum(len(line) + 1 for line in text.split("\n")[: int(section["line"]) - 1])
        splice = after_line(text, at, f"\n{lines}")
    yield Edit(page, (splice,), "whom to turn to, as the catalog has it")


def actionable(case: Case) -> Iterator[Answer]:
    """Sub-headings of the four questions where a linked section lacks them; a person answers them."""
    wanted = tuple(case.params.get("topics", ()))
    done: set[tuple[str, str]] = set()
    for item in case.items:
        link = item["runbook"]
        place = str(link.get("path")), str(link.get("anchor")).lower()
        if place in done or link.get("repository") != case.url or not place[0].endswith(".md"):
            continue
        done.add(place)
        yield from _four_questions(case, *place, wanted)


def _four_questions(case: Case, page: str, anchor: str, wanted: Sequence[str]) -> Iterator[Answer]:
    sections = _sections(case, page)
    start = next((i for i, one in enumerate(sections) if str(one["anchor"]).lower() == anchor), None)
    if start is None:
        return
    level = int(sections[start]["level"])
    end = next((i for i, one in enumerate(sections[start + 1 :], start + 1) if one["level"] <= level), len(sections))
    headed = {topic for one in sections[start:end] for topic in one["topics"]}
    missing = [topic for topic in wanted if topic not in headed and topic in pages.QUESTIONS]
    if not missing:
        return
    text = case.files.text(page)
    lines = text.split("\n")
    last = int(sections[end]["line"]) - 1 if end < len(sections) else len(lines)
    while last > int(sections[start]["line"]) and not lines[last - 1].strip():
        last -= 1
    at = sum(len(line) + 1 for line in lines[:last]) - 1
    hashes = "#" * min(level + 1, 6)
    markdown = "".join(f"\n{hashes} {topic.capitalize()}\n\n{pages.QUESTIONS[topic]}\n" for topic in missing)
    why = f"headings for what #{anchor} leaves open; a person fills them"
    yield Edit(page, (after_line(text, max(at, 0), markdown),), why)


def _sections(case: Case, page: str) -> Sequence[Item]:
    found = next((one for one in case.own("runbooks.documents") if one.get("path") == page), None)
    sections: Sequence[Item] = (found or {}).get("sections", ())
    return sections


def budget_policy(case: Case) -> Iterator[Answer]:
    """A skeleton of an error-budget policy: who approves it, and when, is for people."""
    page = case.beside("docs/error-budget-policy.md")
    if page not in case.files.paths:
        yield NewFile(page, pages.budget_policy(case), "a skeleton: what is marked TODO is for people to agree on")
