"""Telling a forge what a proposed change does to scores: a check run or commit status, and one comment kept current.

Sources: GitHub REST API (checks, statuses, issue comments), GitLab API v4 (commit statuses, merge request notes),
Gitea's swagger.v1.json (statuses, issue comments); Bitbucket's ways are in `changes_bitbucket`.
Nothing here ever blocks a merge: what is worse is still `success` where a forge knows no neutral word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError

MARK = "<!-- roadworthy -->"
"""Hidden in our comment, so that it is found and changed instead of repeated."""
_AT_ONCE, _MOST_ANNOTATIONS = 50, 500
"""How many remarks GitHub takes in one request, and how many are made of one change: nobody reads more."""
_LONGEST_TITLE = 255
MOST_TEXT = 60_000
SHORT = 140


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on a line of a file (from 1): `title` is what is wrong, `message` what to do about it."""

    path: str
    line: int
    message: str
    level: Literal["notice", "warning"] = "notice"
    title: str = ""

    @property
    def line_of_text(self) -> str:
        """Both as one, for forges that know no title."""
        return f"{self.title}. {self.message}" if self.title else self.message


@dataclass(frozen=True, slots=True)
class Report:
    """What is told. `title` is short; `text` is Markdown; `comment` false: only keep up a comment that is there."""

    name: str
    title: str
    text: str
    conclusion: Literal["success", "neutral"]
    annotations: Sequence[Annotation] = ()
    comment: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """A change on its forge: `path` is `group/name` as the API names the repository."""

    path: str
    number: int
    head: str


Tell = Callable[[Api, ChangePlace, Report], None]


def github_app(asked: Api, place: ChangePlace, report: Report) -> None:
    """A check run (only an App may make one) and the comment. Raises ForgeError."""
    repository = f"repos/{place.path}"
    output = {"title": report.title, "summary": cut(report.text, MOST_TEXT)}
    batches = _batches(report.annotations)
    body: dict[str, Any] = {"name": report.name, "status": "completed", "conclusion": report.conclusion}
    body |= {"output": {**output, "annotations": next(batches, [])}, **details(report, "details_url")}
    runs = asked.get(f"{repository}/commits/{place.head}/check-runs", {"check_name": report.name})
    ours = next((run["id"] for run in listed(runs, "check_runs")), None)
    if ours is None:
        made = asked.send("POST", f"{repository}/check-runs", {**body, "head_sha": place.head})
        ours = made["id"]
    else:
        asked.send("PATCH", f"{repository}/check-runs/{ours}", body)
    for more in batches:
        asked.send("PATCH", f"{repository}/check-runs/{ours}", {"output": {**output, "annotations": more}})
    _issue_comment(asked, place, report, {"per_page": "100"})


def github_token(asked: Api, place: ChangePlace, report: Report) -> None:
    """A commit status and the comment. Raises ForgeError."""
    status = {"state": "success", "context": report.name, "description": report.title[:SHORT]}
    status |= details(report, "target_url")
    asked.send("POST", f"repos/{place.path}/statuses/{place.head}", status)
    _issue_comment(asked, place, report, {"per_page": "100"})


def gitea(asked: Api, place: ChangePlace, report: Report) -> None:
    """Gitea and Forgejo know `warning`, which blocks nothing. Raises ForgeError."""
    state = "success" if report.conclusion == "success" else "warning"
    status = {"state": state, "context": report.name, "description": report.title[:SHORT]}
    asked.send("POST", f"repos/{place.path}/statuses/{place.head}", {**status, **details(report, "target_url")})
    _issue_comment(asked, place, report, {})  # all come at once


def _issue_comment(asked: Api, place: ChangePlace, report: Report, paging: Mapping[str, str]) -> None:
    issues = f"repos/{place.path}/issues"
    comments = (one for page in asked.pages(f"{issues}/{place.number}/comments", paging) for one in page)
    keep_comment(
        comments,
        report,
        text_of=lambda one: one.get("body"),
        add=lambda text: asked.send("POST", f"{issues}/{place.number}/comments", {"body": text}),
        change=lambda one, text: asked.send("PATCH", f"{issues}/comments/{one['id']}", {"body": text}),
    )


def gitlab(asked: Api, place: ChangePlace, report: Report) -> None:
    """A commit status and the note. Raises ForgeError."""
    project = f"projects/{quote(place.path, safe='')}"
    status = {"state": "success", "name": report.name, "description": report.title[:SHORT]}
    try:
        asked.send("POST", f"{project}/statuses/{place.head}", {**status, **details(report, "target_url")})
    except ForgeError as error:
        if error.status != 400:  # GitLab refuses to go from a state to the same state
            raise
    notes = f"{project}/merge_requests/{place.number}/notes"
    found = (one for page in asked.pages(notes, {"per_page": "100", "sort": "asc"}) for one in page)
    keep_comment(
        found,
        report,
        text_of=lambda one: one.get("body"),
        add=lambda text: asked.send("POST", notes, {"body": text}),
        change=lambda one, text: asked.send("PUT", f"{notes}/{one['id']}", {"body": text}),
    )


def keep_comment(
    found: Iterator[Mapping[str, Any]],
    report: Report,
    *,
    text_of: Callable[[Mapping[str, Any]], Any],
    add: Callable[[str], Any],
    change: Callable[[Mapping[str, Any], str], Any],
    mark: str = MARK,
    most: int = MOST_TEXT,
) -> None:
    """One comment: changed where ours is, added where there is something to say, and never repeated."""
    text = f"{mark}\n{cut(report.text, most)}"
    ours = next((one for one in found if _plain(text_of(one)).startswith(mark.strip())), None)
    if ours is not None and _plain(text_of(ours)) != _plain(text):
        change(ours, text)
    elif ours is None and report.comment:
        add(text)


def cut(text: str, most: int) -> str:
    """A text of so many characters at most, ended after a whole line."""
    if len(text) <= most:
        return text
    return text[:most].rpartition("\n")[0] + "\n\n… and more; the rest is too long for this place."


def _plain(text: Any) -> str:
    """A forge may end lines its own way, and cut what is blank at the ends."""
    return str(text or "").replace("\r\n", "\n").strip()


def details(report: Report, name: str) -> dict[str, str]:
    return {name: report.url} if report.url else {}


def _batches(annotations: Sequence[Annotation]) -> Iterator[list[dict[str, Any]]]:
    annotations = annotations[:_MOST_ANNOTATIONS]
    for start in range(0, len(annotations), _AT_ONCE):
        yield [
            {
                "path": one.path,
                "start_line": max(one.line, 1),
                "end_line": max(one.line, 1),
                "annotation_level": one.level,
                "message": one.message,
                **({"title": one.title[:_LONGEST_TITLE]} if one.title else {}),
            }
            for one in annotations[start : start + _AT_ONCE]
        ]


def listed(answer: Any, name: str) -> Sequence[Mapping[str, Any]]:
    found = answer.get(name) if isinstance(answer, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
