"""One change request (pull or merge request) kept as it should be: opened, brought up to date, or closed when moot.

Its branch is ours: the last commit says which change it holds, so asking twice does nothing. A branch onto which a
person has pushed is left alone. Sources: GitHub REST API (git data, pulls, issue comments), GitLab API v4 (commits,
merge requests, notes); Gitea's ways are in `requests_gitea`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from app.clients.forges.api import Api
from app.clients.forges.request_parts import FileWrite, Keep, Opened, Requests, Wanted, branch_state, items, or_none
from app.clients.forges.requests_gitea import gitea


def github(asked: Api, wanted: Wanted) -> Opened:
    """Raises ForgeError."""
    repository, owner = f"repos/{wanted.path}", wanted.path.partition("/")[0]
    comments = f"{repository}/issues/{{}}/comments"
    requests = Requests(f"{repository}/pulls", "PATCH", {"state": "closed"}, comments, {"per_page": "100"})
    query = {"state": "open", "head": f"{owner}:{wanted.branch}", "base": wanted.base}
    ours = requests.ours(asked, wanted, lambda: next(iter(items(asked.get(requests.path, query))), None))
    if (ended := requests.ended(ours)) is not None:
        return ended
    head = or_none(lambda: asked.get(f"{repository}/git/ref/heads/{wanted.branch}"))
    last = asked.get(f"{repository}/git/commits/{head['object']['sha']}") if head else None
    state = branch_state(wanted, last and last.get("message"))
    reference = f"{repository}/git/refs/heads/{wanted.branch}"
    if (theirs := requests.left(wanted, ours, state)) is not None:
        return theirs
    if not wanted.files:
        return requests.close(asked, ours, reference if head else "", wanted.farewell)
    if state != "current":
        base = asked.get(f"{repository}/git/commits/{wanted.commit}")
        entries = [_tree_entry(file) for file in wanted.files]
        tree = asked.send("POST", f"{repository}/git/trees", {"base_tree": base["tree"]["sha"], "tree": entries})
        made = {"message": wanted.commit_message, "tree": tree["sha"], "parents": [wanted.commit]}
        commit = asked.send("POST", f"{repository}/git/commits", made)["sha"]
        if head is None:
            asked.send("POST", f"{repository}/git/refs", {"ref": f"refs/heads/{wanted.branch}", "sha": commit})
        else:
            asked.send("PATCH", reference, {"sha": commit, "force": True})
    ends = {"head": wanted.branch, "base": wanted.base}
    return requests.keep(asked, ours, wanted.body("body"), ends, moved=state != "current")


def _tree_entry(file: FileWrite) -> Mapping[str, str]:
    mode = "100755" if file.executable else "100644"
    return {"path": file.path, "mode": mode, "type": "blob", "content": file.text}


def gitlab(asked: Api, wanted: Wanted) -> Opened:
    """Raises ForgeError."""
    project = f"projects/{quote(wanted.path, safe='')}"
    listed = f"{project}/merge_requests"
    notes, paging = f"{listed}/{{}}/notes", {"per_page": "100"}
    requests = Requests(listed, "PUT", {"state_event": "close"}, notes, paging, "web_url", "iid")
    query = {"state": "opened", "source_branch": wanted.branch, "target_branch": wanted.base}
    ours = requests.ours(asked, wanted, lambda: next(iter(items(asked.get(listed, query))), None))
    if (ended := requests.ended(ours)) is not None:
        return ended
    branch = f"{project}/repository/branches/{quote(wanted.branch, safe='')}"
    head = or_none(lambda: asked.get(branch))
    state = branch_state(wanted, head and head["commit"].get("message"))
    if (theirs := requests.left(wanted, ours, state)) is not None:
        return theirs
    if not wanted.files:
        return requests.close(asked, ours, branch if head else "", wanted.farewell)
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


FORGES: Mapping[str, Keep] = {"github": github, "gitlab": gitlab, "gitea": gitea, "forgejo": gitea}
