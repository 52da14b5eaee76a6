"""Setting up a webhook on a forge: one for a whole organisation, or for single repositories. Done twice it is changed.

Sources: GitHub REST API (organisation and repository webhooks), GitLab API v4 (group and project hooks), Gitea's
swagger.v1.json (organisation and repository hooks), Bitbucket Cloud 2.0 (workspace and repository webhooks), Bitbucket
Data Center 1.0 (repository webhooks). A forge never tells a secret again, so an existing hook always gets ours anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError


@dataclass(frozen=True, slots=True)
class Hook:
    """What is set up: our public address, and the secret to sign with."""

    url: str
    secret: str = field(repr=False)


Install = Callable[[Api, str, str, Hook], str]
"""(API, owner, repository "" for all of the owner's, hook) → `created` or `changed`. Raises ForgeError."""


def github(asked: Api, owner: str, repository: str, hook: Hook) -> str:
    config = {"url": hook.url, "content_type": "json", "secret": hook.secret, "insecure_ssl": "0"}
    events = ["push", "repository", "pull_request"]
    place = f"repos/{owner}/{repository}/hooks" if repository else f"orgs/{quote(owner, safe='')}/hooks"
    change = {"active": True, "events": events, "config": config}
    return _put(asked, place, {"name": "web", **change}, hook, "PATCH", change=change, paging="per_page")


def gitea(asked: Api, owner: str, repository: str, hook: Hook) -> str:
    config = {"url": hook.url, "content_type": "json", "secret": hook.secret}
    events = ["push", "create", "delete", "repository", "pull_request", "pull_request_sync"]
    place = f"repos/{owner}/{repository}/hooks" if repository else f"orgs/{quote(owner, safe='')}/hooks"
    change = {"active": True, "events": events, "config": config}
    return _put(asked, place, {"type": "gitea", **change}, hook, "PATCH", change=change, paging="limit")


def gitlab(asked: Api, owner: str, repository: str, hook: Hook) -> str:
    """A group's hook needs GitLab Premium; name projects where there is none."""
    place = f"projects/{quote(f'{owner}/{repository}', safe='')}" if repository else f"groups/{quote(owner, safe='')}"
    wanted = {"push_events": True, "tag_push_events": False, "merge_requests_events": True}
    body = {"url": hook.url, "token": hook.secret, "enable_ssl_verification": True, **wanted}
    return _put(asked, f"{place}/hooks", body, hook, "PUT", paging="per_page")


def bitbucket(asked: Api, owner: str, repository: str, hook: Hook) -> str:
    place = f"repositories/{owner}/{repository}/hooks" if repository else f"workspaces/{quote(owner, safe='')}/hooks"
    events = ["repo:push", "repo:updated", "pullrequest:created", "pullrequest:updated"]
    events += ["repo:transfer"] if repository else []
    body = {"description": "Roadworthy", "url": hook.url, "active": True, "secret": hook.secret, "events": events}
    return _put(asked, place, body, hook, "PUT", key="uuid", paging="pagelen")


def bitbucket_server(asked: Api, owner: str, repository: str, hook: Hook) -> str:
    if not repository:
        raise ForgeError("name the repositories: a project of Data Center has no webhooks of its own", permanent=True)
    events = ["repo:refs_changed", "repo:modified", "pr:opened", "pr:from_ref_updated", "pr:modified"]
    body = {"name": "Roadworthy", "url": hook.url, "active": True, "events": events}
    body |= {"configuration": {"secret": hook.secret}}
    return _put(asked, f"projects/{owner}/repos/{repository}/webhooks", body, hook, "PUT", paging="limit")


FORGES: Mapping[str, Install] = {
    "github": github,
    "gitlab": gitlab,
    "gitea": gitea,
    "forgejo": gitea,
    "bitbucket": bitbucket,
    "bitbucket-server": bitbucket_server,
}


def _put(
    asked: Api,
    place: str,
    body: Mapping[str, Any],
    hook: Hook,
    method: str,
    *,
    paging: str,
    key: str = "id",
    change: Mapping[str, Any] | None = None,
) -> str:
    """`change`: what a hook that is there is told, where that differs from what makes one. `paging`: the parameter by
    which the forge is asked for more at once than its ten or twenty.
    """
    ours = next((one for one in _listed(asked, place, paging) if _address(one) == hook.url), None)
    if ours is None:
        asked.send("POST", place, body)
        return "created"
    asked.send(method, f"{place}/{quote(str(ours[key]), safe='')}", change or body)
    return "changed"


def _listed(asked: Api, place: str, paging: str) -> Sequence[Mapping[str, Any]]:
    """The first hundred; of Gitea and Data Center the first fifty, which is all they give at once."""
    page = asked.get(place, {paging: "50" if paging == "limit" else "100"})
    found = page.get("values") if isinstance(page, dict) else page
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _address(one: Mapping[str, Any]) -> object:
    config = one.get("config")
    return one.get("url") if not isinstance(config, dict) or "url" not in config else config["url"]
