"""Where an alert's runbook link leads, and what stands there. Both the alerting and the runbook facts ask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.facts.inventory import Found
from app.facts.model import Unknown
from app.facts.seen import Seen
from app.facts.world import World
from app.formats import links
from app.formats.model import Runbook, Section

PLACEHOLDER = re.compile(
    r"(?i)\W*(todo|tbd|none|n/?a|null|fixme|change-?me|x{3,})?\W*|.*://(www\.)?example\.(com|org|net)\b.*"
)
"""Seen in public rule sets: 57 × TODO in one, five × None in another."""


_OUT_OF_SIGHT = {
    "external": "the page lies outside the crawled repositories",
    "not_crawled": "its repository is not crawled",
    "templated": "the link holds a template",
}
"""State → why the page is not seen."""


@dataclass(frozen=True, slots=True)
class Landing:
    """The end of a link. `state` as in the schema of `alerting.rules`; `page` when it is a crawled document, `file`
    when anything but a folder stands there."""

    state: str
    repository: str = ""
    path: str = ""
    anchor: str = ""
    url: str = ""
    message: str = ""
    page: Found | None = None
    file: bool = False

    @property
    def unread(self) -> str:
        """Why nothing can be said of what stands there, or "" where it was read, or there is nothing to read."""
        if self.state in _OUT_OF_SIGHT:
            return self.message or _OUT_OF_SIGHT[self.state]
        if self.state == "resolved" and self.page is None and self.file:
            return f"{self.path} is not Markdown, which alone is read"
        return ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What two links must share to lead to the same section."""
        return self.repository, self.path or self.url, self.anchor


def land(value: str, *, repository: str, path: str, world: World, seen: Seen) -> Landing:
    """Follows one link as written in the file `path` of `repository`; what it looked at is recorded in `seen`."""
    if not value:
        return Landing("missing")
    if PLACEHOLDER.fullmatch(value):
        return Landing("placeholder")
    target = links.resolve(value, repository=repository, path=path)
    if target.state != "file":
        return Landing(target.state, url=target.url, anchor=target.anchor)
    if (target.repository, target.path) == (repository, path):
        return Landing("missing_anchor", repository, path, target.anchor)  # a bare `#anchor`: the rule file itself
    return _landed(target, world, seen)


def _landed(target: links.Target, world: World, seen: Seen) -> Landing:
    """The first candidate that is a page, else the first that is there at all."""
    view = world.repository(target.repository)
    place = Landing("", target.repository, target.path, target.anchor, target.url)
    if isinstance(view, Unknown):
        seen.looked_at(target.repository, "", target.path)
        return replace(place, state="not_crawled", message=view.message)
    place = replace(place, repository=view.url)  # the name it is known by, whatever the link calls it
    there = ""
    for written in (target.path, *target.alternatives):
        path = (view.spelled(written) or written) if target.any_case else written
        seen.looked_at(view.url, view.commit, path)
        page = view.runbook(path)
        if page is not None:
            anchored = not target.anchor or _has_anchor(page, target.anchor)
            return replace(place, state="resolved" if anchored else "missing_anchor", path=path, page=page)
        there = there or (path if view.has(path) else "")
    state = "resolved" if there else "missing_file"
    return replace(place, state=state, path=there or target.path, file=bool(view.spelled(there)) if there else False)


def _has_anchor(page: Found, anchor: str) -> bool:
    wanted = anchor.lower()
    return isinstance(page.object, Runbook) and any(wanted == known.lower() for known in page.object.anchors)


def sections_of(landing: Landing) -> tuple[Section, ...]:
    """The linked section and all below it; the whole page when no anchor is given."""
    page = landing.page.object if landing.page else None
    if not isinstance(page, Runbook) or landing.state != "resolved":
        return ()
    if not landing.anchor:
        return page.sections
    return _subtree(page.sections, landing.anchor.lower())


def _subtree(sections: tuple[Section, ...], anchor: str) -> tuple[Section, ...]:
    start = next((i for i, section in enumerate(sections) if section.anchor.lower() == anchor), None)
    if start is None:
        return ()
    rest = sections[start + 1 :]
    below = next((i for i, section in enumerate(rest) if section.level <= sections[start].level), len(rest))
    return sections[start : start + 1 + below]


def actions_of(sections: Iterable[Section]) -> int:
    """Commands, links and steps under the mitigation headings: what one can do, not only read."""
    mitigation = [section for section in sections if "mitigation" in section.topics]
    return sum(section.commands + section.links + section.steps for section in mitigation)
