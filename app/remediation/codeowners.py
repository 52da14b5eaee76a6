"""Fixes of CODEOWNERS: lines for what nobody reviews, with the owner as the forge knows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.lib.splices import after_line
from app.remediation.model import Answer, Case, Edit, NewFile, Question, Refusal

TEAM_SLUGS = ("github.com/team-slug", "gitlab.com/group-path", "gitea.com/team")
_HANDLE = re.compile(r"@?[\w.-]+(/[\w.-]+)*|[\w.+-]+@[\w.-]+")


def cover(case: Case) -> Iterator[Answer]:
    """A line for each file of the service that has no owner; a file of its own where there is none."""
    handle = _handle(case)
    if not handle:
        team = case.subject.owner.rpartition("/")[2] or "the team"
        organisation = case.url.split("/")[3] if case.url.startswith("https://") else "organisation"
        text = f"How does the forge call {team} (@organisation/team or @user)?"
        yield Question("codeowner", text, (f"@{organisation}/{team}",) if team != "the team" else ())
        return
    path = str(case.facts.values.get("codeowners.path") or "")
    if not path:
        yield NewFile(_place(case), f"{_pattern(case)} {handle}\n", f"{handle} reviews all of it")
        return
    uncovered = [str(item["path"]) for item in case.items]
    if not uncovered:
        for item in case.list("codeowners.problems"):
            yield Refusal(str(item["path"]), int(item["line"]), str(item["message"]))
        return
    folder = case.entity.root.strip("/")
    lines = [_escaped(one) for one in uncovered] if not folder else [_pattern(case)]
    text = case.files.text(path)
    added = "".join(f"{line} {handle}\n" for line in dict.fromkeys(lines))
    yield Edit(path, (after_line(text, len(text), added),), f"{handle} reviews what nobody did")


def _handle(case: Case) -> str:
    """The answer; else what the owning group's own annotation says; else the only owner in the file so far."""
    said = case.answer("codeowner")
    ref = case.world.catalog.owner(case.entity.ref)
    group = case.world.catalog.get(ref) if ref else None
    if not said and group is not None:
        said = next((group.annotations[key] for key in TEAM_SLUGS if group.annotations.get(key)), "")
    if not said:
        owners = {tuple(item.get("owners", ())) for item in case.list("codeowners.paths") if item.get("covered")}
        said = next(iter(owners))[0] if len(owners) == 1 and len(next(iter(owners))) == 1 else ""
    said = said.strip()
    if not _HANDLE.fullmatch(said):
        return ""
    return said if "@" in said else f"@{said}"


def _place(case: Case) -> str:
    return ".github/CODEOWNERS" if "://github." in case.url else "CODEOWNERS"


def _pattern(case: Case) -> str:
    folder = case.entity.root.strip("/")
    return f"/{_escaped(folder).lstrip('/')}/" if folder else "*"


def _escaped(path: str) -> str:
    return "/" + path.replace(" ", "\\ ").replace("#", "\\#")
