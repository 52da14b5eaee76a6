"""Fixes of runbooks: links from alerts, sections for them, and skeletons that a person fills."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from app.lib.splices import Splice, after_line
from app.lib.yaml_edits import Uneditable
from app.remediation import pages
from app.remediation.model import Answer, Case, Edit, Item, NewFile, Note, Refusal

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
        host = url.split("/")[2]
        view = "-/blob" if "gitlab" in host else "src/branch" if _is_gitea(host) else "blob"
        return f"{url.removesuffix('.git')}/{view}/{case.branch or 'main'}/{quote(page)}#{anchor}"
    return f"{posixpath.relpath(page, posixpath.dirname(origin) or '.')}#{anchor}"


def _is_gitea(host: str) -> bool:
    return any(name in host for name in ("gitea", "forgejo", "codeberg"))


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
