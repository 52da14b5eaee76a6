"""What each forge sends when a repository is renamed, transferred, archived, deleted, hidden, or reads another branch.

`told(forge, what, repository)` is one delivery, in the forge's own shape: None where the forge sends nothing of the
kind. Sources: docs.github.com/webhooks (repository, public, push), GitLab's system hooks, Gitea's `HookEventType`s
(repository, create, delete), Atlassian's event payloads (Cloud; Data Center).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.webhooks.forges import FORGES
from app.webhooks.probe import signed
from app.webhooks.receive import Source

SECRET = "made-for-these-tests-alone-0123456789"
WHAT = ("renamed", "transferred", "archived", "deleted", "hidden", "default branch")


@dataclass(frozen=True)
class Told:
    """`name` and `url` after what happened; `was`: the name before. `branch`: the default one now."""

    name: str
    url: str
    was: str = ""
    branch: str = "main"
    owner: str = "acme"


def told(forge: str, what: str, one: Told, secret: str = SECRET) -> tuple[dict[str, str], bytes] | None:
    """Headers, signed, and body."""
    found = _SHAPES[forge](what, one)
    if found is None:
        return None
    event, payload = found
    body = json.dumps(payload).encode()
    headers = signed(Source("main", FORGES[forge], (secret,)), body)
    for name in headers:
        if name.endswith(("-Event", "-Event-Key")):
            headers[name] = event
    return headers, body


def payloads(forge: str, one: Told, head: str = "a" * 40) -> list[tuple[str, dict[str, Any]]]:
    """(event, payload) of everything above that the forge sends, of a push, and of a change request of that head."""
    found = [told for what in WHAT if (told := _SHAPES[forge](what, one))]
    return [*found, *_PUSHED[forge](one, head)]


def _pushed(one: Told, head: str) -> list[tuple[str, dict[str, Any]]]:
    """As GitHub writes it, and Gitea."""
    change = {"number": 7, "head": {"sha": head}, "base": {"ref": one.branch}}
    push = {"ref": f"refs/heads/{one.branch}", "before": "0" * 40, "after": head, "repository": _named(one)}
    asked = {"action": "opened", "pull_request": change, "repository": _named(one)}
    return [("push", push), ("pull_request", asked), ("pull_request", {**asked, "action": "synchronized"})]


def _pushed_gitlab(one: Told, head: str) -> list[tuple[str, dict[str, Any]]]:
    named = {"git_http_url": one.url, "path_with_namespace": f"{one.owner}/{one.name}", "default_branch": one.branch}
    asked = {"iid": 7, "action": "open", "target_branch": one.branch, "last_commit": {"id": head}}
    moved = {"ref": f"refs/heads/{one.branch}", "before": "0" * 40, "after": head}
    return [
        ("Push Hook", {"object_kind": "push", **moved, "project": named}),
        ("System Hook", {"event_name": "repository_update", "changes": [moved], "project": named}),
        ("Merge Request Hook", {"object_kind": "merge_request", "object_attributes": asked, "project": named}),
    ]


def _pushed_cloud(one: Told, head: str) -> list[tuple[str, dict[str, Any]]]:
    full_name = f"{one.owner}/{one.name}"
    named = {"full_name": full_name, "links": {"html": {"href": one.url}}}
    new = {"type": "branch", "name": one.branch, "target": {"hash": head}}
    source = {"commit": {"hash": head}, "branch": {"name": "topic"}, "repository": {"full_name": full_name}}
    asked = {"id": 7, "source": source, "destination": {"branch": {"name": one.branch}}}
    push = {"push": {"changes": [{"new": new, "old": new}]}, "repository": named}
    return [("repo:push", push), ("pullrequest:created", {"pullrequest": asked, "repository": named})]


def _pushed_server(one: Told, head: str) -> list[tuple[str, dict[str, Any]]]:
    links = {"clone": [{"name": "http", "href": one.url}]}
    named = {"slug": one.name, "project": {"key": one.owner.upper()}, "links": links}
    change = {"ref": {"id": f"refs/heads/{one.branch}"}, "toHash": head, "type": "UPDATE"}
    source = {"id": "refs/heads/topic", "latestCommit": head, "repository": {"slug": "its-fork"}}
    asked = {"id": 7, "fromRef": source, "toRef": {"id": f"refs/heads/{one.branch}", "repository": named}}
    push = {"repository": named, "changes": [change]}
    return [("repo:refs_changed", push), ("pr:opened", {"pullRequest": asked})]


def _github(what: str, one: Told) -> tuple[str, dict[str, Any]] | None:
    action = {"hidden": "privatized", "default branch": "edited"}.get(what, what)
    changes = {"renamed": {"repository": {"name": {"from": one.was}}}, "default branch": {"default_branch": "main"}}
    return "repository", {"action": action, "changes": changes.get(what, {}), "repository": _named(one)}


def _gitea(what: str, one: Told) -> tuple[str, dict[str, Any]] | None:
    """Gitea tells of repositories that come and go, and of branches; a renamed branch is one created."""
    if what == "deleted":
        return "repository", {"action": "deleted", "repository": _named(one)}
    if what == "default branch":
        return "create", {"sha": "a" * 40, "ref": one.branch, "ref_type": "branch", "repository": _named(one)}
    return None


def _named(one: Told) -> dict[str, Any]:
    return {"full_name": f"{one.owner}/{one.name}", "clone_url": one.url, "default_branch": one.branch}


def _gitlab(what: str, one: Told) -> tuple[str, dict[str, Any]] | None:
    """Archiving, visibility and the default branch are all changes of a project."""
    event = {"renamed": "rename", "transferred": "transfer", "deleted": "destroy"}.get(what, "update")
    named = {"path": one.name, "path_with_namespace": f"{one.owner}/{one.name}", "project_id": 7}
    old = {"old_path_with_namespace": f"acme/{one.was}"} if one.was else {}
    return "System Hook", {"event_name": f"project_{event}", "project_visibility": "private", **named, **old}


def _cloud(what: str, one: Told) -> tuple[str, dict[str, Any]] | None:
    """Cloud archives nothing, and its payloads never say which branch is the default one."""
    key = {"transferred": "repo:transfer", "deleted": "repo:deleted", "archived": None}.get(what, "repo:updated")
    links = {"html": {"href": one.url}}
    return key and (key, {"repository": {"full_name": f"{one.owner}/{one.name}", "links": links}, "changes": {}})


def _server(what: str, one: Told) -> tuple[str, dict[str, Any]] | None:
    """Data Center tells of another name or project, and of branches."""
    new = {"slug": one.name, "project": {"key": one.owner.upper()}}
    if what in ("renamed", "transferred"):
        old = {"slug": one.was or one.name, "project": {"key": "ACME"}}
        return "repo:modified", {"old": old, "new": new}
    if what == "default branch":
        change = {"ref": {"id": f"refs/heads/{one.branch}"}, "toHash": "a" * 40, "type": "ADD"}
        links = {"clone": [{"name": "http", "href": one.url}]}
        return "repo:refs_changed", {"repository": {**new, "links": links}, "changes": [change]}
    return None


_SHAPES = {
    "github": _github,
    "gitlab": _gitlab,
    "gitea": _gitea,
    "forgejo": _gitea,
    "bitbucket": _cloud,
    "bitbucket-server": _server,
}
_PUSHED = {
    "github": _pushed,
    "gitlab": _pushed_gitlab,
    "gitea": _pushed,
    "forgejo": _pushed,
    "bitbucket": _pushed_cloud,
    "bitbucket-server": _pushed_server,
}
