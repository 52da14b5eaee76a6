"""Change requests on Gitea and Forgejo. Source: Gitea's swagger.v1.json (contents, pulls, issue comments)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError
from app.clients.forges.request_parts import One, Opened, Requests, Wanted, branch_state, items, or_none


def gitea(asked: Api, wanted: Wanted) -> Opened:
    """The API moves no branch: a stale one gets one more commit. Raises ForgeError."""
    repository = f"repos/{wanted.path}"
    comments = f"{repository}/issues/{{}}/comments"  # all come at once
    requests = Requests(f"{repository}/pulls", "PATCH", {"state": "closed"}, comments, {})
    ours = requests.ours(asked, wanted, lambda: _open_one(asked, requests.path, wanted.branch))
    if (ended := requests.ended(ours)) is not None:
        return ended
    branch = f"{repository}/branches/{quote(wanted.branch, safe='')}"
    head = or_none(lambda: asked.get(branch))
    state = branch_state(wanted, head and head["commit"].get("message"))
    if (theirs := requests.left(wanted, ours, state)) is not None:
        return theirs
    if not wanted.files:
        return requests.close(asked, ours, branch if head else "", wanted.farewell)
    if state != "current":
        if head is not None and ours is None:
            asked.send("DELETE", branch)  # left behind by a request that was merged or closed
        _commit(asked, repository, wanted, int(ours["number"]) if ours and head else 0)
    ends = {"head": wanted.branch, "base": wanted.base}
    return requests.keep(asked, ours, wanted.body("body"), ends, moved=state != "current")


def _commit(asked: Api, repository: str, wanted: Wanted, number: int) -> None:
    """All files in one commit; `number`: the open request, whose files that are no longer changed go back."""
    for file in wanted.files:
        if _text(asked, repository, file.path, wanted.base) != file.was:  # it would be taken back unseen
            raise ForgeError(f"{file.path} has changed on {wanted.base} since it was read")
    on = wanted.branch if number else wanted.base
    texts: dict[str, str | None] = {one.path: one.text for one in wanted.files}
    if number:
        for page in asked.pages(f"{repository}/pulls/{number}/files", {"limit": "50"}):
            for path in (str(changed.get("filename")) for changed in items(page)):
                if path not in texts:
                    texts[path] = _text(asked, repository, path, wanted.base)
    files = []
    for path, text in texts.items():
        there = or_none(lambda path=path: asked.get(_contents(repository, path), {"ref": on}))  # type: ignore[misc]
        one: dict[str, Any] = {"path": path, "operation": "update" if there else "create"}
        if there:
            one["sha"] = there["sha"]
        if text is None:
            if not there:
                continue
            one["operation"] = "delete"
        else:
            one["content"] = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
        files.append(one)
    body: dict[str, Any] = {"files": files, "message": wanted.commit_message, "branch": on}
    asked.send("POST", f"{repository}/contents", body if number else {**body, "new_branch": wanted.branch})


def _text(asked: Api, repository: str, path: str, ref: str) -> str | None:
    there = or_none(lambda: asked.get(_contents(repository, path), {"ref": ref}))
    return base64.b64decode(there["content"]).decode("utf-8", "surrogateescape") if there else None


def _contents(repository: str, path: str) -> str:
    return f"{repository}/contents/{quote(path)}"


def _open_one(asked: Api, path: str, branch: str) -> One | None:
    return next((one for one in _open_ones(asked, path) if one["head"].get("ref") == branch), None)


def _open_ones(asked: Api, path: str) -> Iterator[One]:
    for page in asked.pages(path, {"state": "open", "limit": "50"}):
        yield from items(page)
