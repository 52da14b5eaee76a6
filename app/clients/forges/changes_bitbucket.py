"""Telling Bitbucket, Cloud and Data Center, what a change does: a build status, remarks on lines, and one comment.

The remarks are annotations of a Code Insights report, which stand on the lines of the diff.

Sources: Bitbucket Cloud 2.0 (build statuses, reports, pull request comments), Bitbucket Data Center REST 1.0 (builds,
insights, pull request activities and comments). A status knows nothing between good and bad, so that what is worse is
still SUCCESSFUL; the report then says neither PASS nor FAIL, which is grey and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError
from app.clients.forges.changes import SHORT, Annotation, ChangePlace, Report, details, keep_comment, listed

MARK = "[//]: # (roadworthy)\n"
"""Bitbucket shows HTML as it is written, comments too; a link that nobody refers to is shown by neither."""
_MOST_REMARKS, _AT_ONCE, _LONGEST_REMARK = 1_000, 100, 400
_MOST_PAGES = 50
_LONGEST_COMMENT = 30_000
"""Both take 32,768 characters."""
_SEVERITY = {"notice": "LOW", "warning": "MEDIUM"}


def cloud(asked: Api, place: ChangePlace, report: Report) -> None:
    """Raises ForgeError."""
    repository = f"repositories/{place.path}"
    commit = f"{repository}/commit/{place.head}"
    status = {**_status(report), "url": report.url or "https://bitbucket.org/" + place.path}
    asked.send("POST", f"{commit}/statuses/build", status)
    ours = f"{commit}/reports/{_key(report)}"
    _if_there(asked, ours)  # with its annotations, which another policy may have made
    asked.send("PUT", ours, {**_summary(report, "PASSED"), "report_type": "TEST"})
    remarks = [_cloud_remark(number, one) for number, one in enumerate(report.annotations[:_MOST_REMARKS])]
    for start in range(0, len(remarks), _AT_ONCE):
        asked.send("POST", f"{ours}/annotations", remarks[start : start + _AT_ONCE])
    comments = f"{repository}/pullrequests/{place.number}/comments"
    page = asked.get(comments, {"pagelen": "100", "q": 'content.raw ~ "roadworthy"'})
    keep_comment(
        (one for one in listed(page, "values") if not one.get("deleted")),
        report,
        text_of=lambda one: (one.get("content") or {}).get("raw"),
        add=lambda text: asked.send("POST", comments, {"content": {"raw": text}}),
        change=lambda one, text: asked.send("PUT", f"{comments}/{one['id']}", {"content": {"raw": text}}),
        mark=MARK,
        most=_LONGEST_COMMENT,
    )


def server(asked: Api, place: ChangePlace, report: Report) -> None:
    """Data Center. `place.path` is `PROJECT/slug`. Raises ForgeError."""
    project, _, slug = place.path.partition("/")
    repository = f"projects/{quote(project, safe='~')}/repos/{quote(slug, safe='')}"
    root = asked.base.removesuffix("/rest/api/1.0")
    page_url = report.url or f"{root}/{repository}/pull-requests/{place.number}"
    asked.send("POST", f"{repository}/commits/{place.head}/builds", {**_status(report), "url": page_url})
    ours = f"{root}/rest/insights/1.0/{repository}/commits/{place.head}/reports/{_key(report)}"
    asked.send("PUT", ours, {**_summary(report, "PASS"), "reporter": report.name})
    asked.send("DELETE", f"{ours}/annotations")  # else they pile up
    remarks = [_server_remark(one) for one in report.annotations[:_MOST_REMARKS]]
    if remarks:
        asked.send("POST", f"{ours}/annotations", {"annotations": remarks})
    change = f"{repository}/pull-requests/{place.number}"
    keep_comment(
        _server_comments(asked, f"{change}/activities"),
        report,
        text_of=lambda one: one.get("text"),
        add=lambda text: asked.send("POST", f"{change}/comments", {"text": text}),
        change=lambda one, text: _server_change(asked, f"{change}/comments/{one['id']}", one, text),
        mark=MARK,
        most=_LONGEST_COMMENT,
    )


def _server_comments(asked: Api, activities: str) -> Iterator[Mapping[str, Any]]:
    """There is no list of comments; those of a pull request stand among what happened to it, the newest first."""
    start: Any = 0
    for _ in range(_MOST_PAGES):
        page = asked.get(activities, {"limit": "100", "start": str(start)})
        for one in listed(page, "values"):
            if one.get("action") == "COMMENTED" and isinstance(comment := one.get("comment"), dict):
                yield comment
        start = page.get("nextPageStart") if isinstance(page, dict) else None
        if not isinstance(start, int):
            return


def _server_change(asked: Api, path: str, comment: Mapping[str, Any], text: str) -> None:
    """Refused (409) when another worker changed it meanwhile: then it is read and told again."""
    try:
        asked.send("PUT", path, {"text": text, "version": comment.get("version", 0)})
    except ForgeError as error:
        raise ForgeError(str(error), error.status, permanent=error.permanent and error.status != 409) from None


def _status(report: Report) -> dict[str, str]:
    return {
        "key": _key(report),
        "name": report.name,
        "state": "SUCCESSFUL",
        "description": report.title[:SHORT],
    }


def _summary(report: Report, good: str) -> dict[str, str]:
    said = {"title": report.name, "details": report.title, **details(report, "link")}
    return {**said, "result": good} if report.conclusion == "success" else said


def _key(report: Report) -> str:
    """The same for a status and a report; safe in a path."""
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in report.name.lower())[:40]


def _cloud_remark(number: int, one: Annotation) -> dict[str, Any]:
    """Its id must be its own among all of the report's."""
    told = {"external_id": f"roadworthy-{number}", "annotation_type": "CODE_SMELL", "severity": _SEVERITY[one.level]}
    return {**told, "path": one.path, "line": max(one.line, 1), "summary": one.line_of_text[:_LONGEST_REMARK]}


def _server_remark(one: Annotation) -> dict[str, Any]:
    told = {"path": one.path, "line": max(one.line, 1), "message": one.line_of_text[:_LONGEST_REMARK]}
    return {**told, "severity": _SEVERITY[one.level], "type": "CODE_SMELL"}


def _if_there(asked: Api, path: str) -> None:
    try:
        asked.send("DELETE", path)
    except ForgeError as error:
        if error.status != 404:
            raise
