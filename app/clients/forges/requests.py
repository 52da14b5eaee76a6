"""One change request (pull or merge request) kept as it should be: opened, brought up to date, or closed when moot.

Its branch is ours: the last commit says which change it holds, so asking twice does nothing. A branch onto which a
person has pushed is left alone. Sources: GitHub REST API (git data, pulls), GitLab API v4 (commits, merge requests),
Gitea's swagger.v1.json (repository contents, pulls).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError

MARK = "Roadworthy-Fix:"
PREFIX = "roadworthy/fix-"
"""Of every branch that is ours."""
_MOST_TEXT = 60_000
State = Literal["opened", "updated", "unchanged", "closed", "nothing", "taken over"]


@dataclass(frozen=True, slots=True)
class FileWrite:
    """`was` None: the file is new."""

    path: str
    was: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the request should be. `path` is `group/name`; without `files` it should not be there.

    `digest` names the change: a branch whose last commit carries it is up to date.
    """

    path: str
    branch: str
    base: str
    commit: str
    title: str
    text: str
    message: str
    digest: str
    files: Sequence[FileWrite] = ()

    @property
    def commit_message(self) -> str:
        return f"{self.message}\n\n{MARK} {self.digest}\n"

    def body(self, key: str) -> dict[str, str]:
        """Title and text, the latter as the forge calls it."""
        return {"title": self.title, key: self.text[:_MOST_TEXT]}


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of it. `taken over`: a person has pushed to the branch, which is theirs now."""

    state: State
    url: str = ""
    number: int = 0


Keep = Callable[[Api, Wanted], Opened]


@dataclass(frozen=True, slots=True)
class _Requests:
    """Where a forge keeps its requests, and how it calls their parts. `method` changes one, `closing` closes it."""

    path: str
    method: str
    closing: Mapping[str, str]
    address: str = "html_url"
    number: str = "number"

    def told(self, state: State, one: Mapping[str, Any] | None) -> Opened:
        return Opened(state) if one is None else Opened(state, str(one.get(self.address) or ""), int(one[self.number]))

    def close(self, asked: Api, ours: Mapping[str, Any] | None, branch: str) -> Opened:
        """Closes the request and deletes its branch; `branch` "" where there is none."""
        if ours is not None:
            asked.send(self.method, f"{self.path}/{ours[self.number]}", self.closing)
        if branch:
            asked.send("DELETE", branch)
        return self.told("closed" if ours is not None else "nothing", ours)

    def keep(
        self, asked: Api, ours: Mapping[str, Any] | None, body: dict[str, str], ends: Mapping[str, Any], *, moved: bool
    ) -> Opened:
        """Opens the request, or says in it what it is now. `moved`: its branch was."""
        if ours is None:
            return self.told("opened", asked.send("POST", self.path, {**body, **ends}))
        same = all(str(ours.get(key) or "") == value for key, value in body.items())
        if not same:
            asked.send(self.method, f"{self.path}/{ours[self.number]}", body)
        return self.told("unchanged" if same and not moved else "updated", ours)


def github(asked: Api, wanted: Wanted) -> Opened:
    """Raises ForgeError."""
    repository, owner = f"repos/{wanted.path}", wanted.path.partition("/")[0]
    requests = _Requests(f"{repository}/pulls", "PATCH", {"state": "closed"})
    query = {"state": "open", "head": f"{owner}:{wanted.branch}", "base": wanted.base}
    ours = next(iter(_items(asked.get(requests.path, query))), None)
    head = _or_none(lambda: asked.get(f"{repository}/git/ref/heads/{wanted.branch}"))
    last = asked.get(f"{repository}/git/commits/{head['object']['sha']}") if head else None
    state = _branch_state(wanted, last and last.get("message"))
    reference = f"{repository}/git/refs/heads/{wanted.branch}"
    if state == "taken over":
        return requests.told("taken over", ours)
    if not wanted.files:
        return requests.close(asked, ours, reference if head else "")
    if state != "current":
        base = asked.get(f"{repository}/git/commits/{wanted.commit}")
        entries = [{"path": f.path, "mode": "100644", "type": "blob", "content": f.text} for f in wanted.files]
        tree = asked.send("POST", f"{repository}/git/trees", {"base_tree": base["tree"]["sha"], "tree": entries})
        made = {"message": wanted.commit_message, "tree": tree["sha"], "parents": [wanted.commit]}
        commit = asked.send("POST", f"{repository}/git/commits", made)["sha"]
        if head is None:
            asked.send("POST", f"{repository}/git/refs", {"ref": f"refs/heads/{wanted.branch}", "sha": commit})
        else:
            asked.send("PATCH", reference, {"sha": commit, "force": True})
    ends = {"head": wanted.branch, "base": wanted.base}
    return requests.keep(asked, ours, wanted.body("body"), ends, moved=state != "current")


def gitlab(asked: Api, wanted: Wanted) -> Opened:
    """Raises ForgeError."""
    project = f"projects/{quote(wanted.path, safe='')}"
    requests = _Requests(f"{project}/merge_requests", "PUT", {"state_event": "close"}, "web_url", "iid")
    query = {"state": "opened", "source_branch": wanted.branch, "target_branch": wanted.base}
    ours = next(iter(_items(asked.get(requests.path, query))), None)
    branch = f"{project}/repository/branches/{quote(wanted.branch, safe='')}"
    head = _or_none(lambda: asked.get(branch))
    state = _branch_state(wanted, head and head["commit"].get("message"))
    if state == "taken over":
        return requests.told("taken over", ours)
    if not wanted.files:
        return requests.close(asked, ours, branch if head else "")
    if state != "current":
        actions = [
            {"action": "create" if f.was is None else "update", "file_path": f.path, "content": f.text}
            for f in wanted.files
        ]
        made = {"branch": wanted.branch, "start_sha": wanted.commit, "force": True}
        made |= {"commit_message": wanted.commit_message, "actions": actions}
        asked.send("POST", f"{project}/repository/commits", made)
    ends = {"source_branch": wanted.branch, "target_branch": wanted.base, "remove_source_branch": True}
    return requests.keep(asked, ours, wanted.body("description"), ends, moved=state != "current")


def gitea(asked: Api, wanted: Wanted) -> Opened:
    """Gitea and Forgejo, whose API moves no branch: a stale one gets one more commit. Raises ForgeError."""
    repository = f"repos/{wanted.path}"
    requests = _Requests(f"{repository}/pulls", "PATCH", {"state": "closed"})
    ours = next((one for one in _open_pulls(asked, requests.path) if one["head"].get("ref") == wanted.branch), None)
    branch = f"{repository}/branches/{quote(wanted.branch, safe='')}"
    head = _or_none(lambda: asked.get(branch))
    state = _branch_state(wanted, head and head["commit"].get("message"))
    if state == "taken over":
        return requests.told("taken over", ours)
    if not wanted.files:
        return requests.close(asked, ours, branch if head else "")
    if state != "current":
        if head is not None and ours is None:
            asked.send("DELETE", branch)  # left behind by a request that was merged or closed
        _gitea_commit(asked, repository, wanted, int(ours["number"]) if ours and head else 0)
    ends = {"head": wanted.branch, "base": wanted.base}
    return requests.keep(asked, ours, wanted.body("body"), ends, moved=state != "current")


def _gitea_commit(asked: Api, repository: str, wanted: Wanted, number: int) -> None:
    """All files in one commit; `number`: the open request, whose files that are no longer changed go back."""
    on = wanted.branch if number else wanted.base
    texts: dict[str, str | None] = {one.path: one.text for one in wanted.files}
    if number:
        for changed in _items(asked.get(f"{repository}/pulls/{number}/files", {"limit": "50"})):
            path = str(changed.get("filename"))
            if path not in texts:
                texts[path] = _gitea_text(asked, repository, path, wanted.base)
    files = []
    for path, text in texts.items():
        there = _or_none(lambda path=path: asked.get(_contents(repository, path), {"ref": on}))  # type: ignore[misc]
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


def _gitea_text(asked: Api, repository: str, path: str, ref: str) -> str | None:
    there = _or_none(lambda: asked.get(_contents(repository, path), {"ref": ref}))
    return base64.b64decode(there["content"]).decode("utf-8", "surrogateescape") if there else None


def _contents(repository: str, path: str) -> str:
    return f"{repository}/contents/{quote(path)}"


def _open_pulls(asked: Api, path: str) -> Iterator[Mapping[str, Any]]:
    for page in asked.pages(path, {"state": "open", "limit": "50"}):
        yield from _items(page)


def _branch_state(wanted: Wanted, message: Any) -> Literal["absent", "current", "stale", "taken over"]:
    if message is None:
        return "absent"
    marks = [line.removeprefix(MARK).strip() for line in str(message).splitlines() if line.startswith(MARK)]
    if not marks:
        return "taken over"
    return "current" if marks[-1] == wanted.digest and wanted.files else "stale"


def _or_none(ask: Callable[[], Any]) -> Any:
    """What is not there is None; every other refusal is one."""
    try:
        return ask()
    except ForgeError as error:
        if error.status == 404:
            return None
        raise


def _items(answer: Any) -> list[Mapping[str, Any]]:
    return [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []


def open_branches(asked: Api, forge: str, path: str) -> frozenset[str]:
    """The branches of a repository's open requests that are ours, whoever's service they mend. Raises ForgeError."""
    if forge == "gitlab":
        listed, query = f"projects/{quote(path, safe='')}/merge_requests", {"state": "opened", "per_page": "100"}
    else:
        paging = {"per_page": "100"} if forge == "github" else {"limit": "50"}
        listed, query = f"repos/{path}/pulls", {"state": "open", **paging}
    found = [one for page in asked.pages(listed, query) for one in _items(page)]
    heads = (one.get("source_branch") if forge == "gitlab" else (one.get("head") or {}).get("ref") for one in found)
    return frozenset(str(head) for head in heads if str(head).startswith(PREFIX))


FORGES: Mapping[str, Keep] = {"github": github, "gitlab": gitlab, "gitea": gitea, "forgejo": gitea}
