"""GitLab's webhooks: a plain token, or (newer) Standard Webhooks signatures. Retried by GitLab under one id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.webhooks import github, signatures
from app.webhooks.model import (
    Event,
    Forge,
    Headers,
    Kind,
    Proposed,
    Ref,
    branch_of,
    items,
    mapping,
    number,
    text,
    texts,
)

_PROJECT = ("git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url")
_CATALOG = frozenset(
    {
        *("project_create", "project_destroy", "project_rename", "project_transfer", "project_update"),
        *("group_rename", "group_destroy"),
    }
)


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """A signature where there is one (a token beside it is then not enough), else the token. Raises Refused."""
    github.only_json(headers)
    if "webhook-signature" in headers:
        identity, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        signatures.standard(secrets, identity, moment, headers["webhook-signature"], body, now)
    else:
        signatures.token(secrets, headers.get("x-gitlab-token", ""))


def delivery(headers: Headers) -> str:
    """The id that stays the same over retries."""
    names = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")
    return next((headers[name] for name in names if headers.get(name)), "")


def event(headers: Headers, payload: Mapping[str, Any]) -> Event:
    """Project, group and system hooks. Never raises."""
    name = text(payload.get("object_kind")) or text(payload.get("event_name"))
    project = mapping(payload.get("project"))
    path = text(project.get("path_with_namespace")) or text(payload.get("path_with_namespace"))
    places = texts(project, *_PROJECT) or texts(mapping(payload.get("repository")), "git_http_url", "git_ssh_url")
    return Event(
        name=name or headers.get("x-gitlab-event", ""),
        kind=_kind(name),
        action=text(mapping(payload.get("object_attributes")).get("action")),
        places=places or _by_instance(headers, path),
        path=path,
        refs=tuple(_refs(name, payload)),
        default_branch=text(project.get("default_branch")),
        proposed=_proposed(payload) if name == "merge_request" else None,
        gone=name == "project_destroy",
    )


def _by_instance(headers: Headers, path: str) -> tuple[str, ...]:
    """Events of projects name no URL, but GitLab says beside each delivery where it lives."""
    instance = headers.get("x-gitlab-instance", "").rstrip("/")
    return (f"{instance}/{path}",) if path and instance.startswith(("https://", "http://")) else ()


def _refs(name: str, payload: Mapping[str, Any]) -> Iterator[Ref]:
    """The branches that moved: one a push; the system hook `repository_update` tells of all, however many they are."""
    moved = items(payload.get("changes")) if name == "repository_update" else [payload] if name == "push" else []
    for one in moved:
        if branch := branch_of(text(one.get("ref"))):
            after = text(one.get("after"))
            gone = after != "" and not after.strip("0")
            yield Ref(branch, "" if gone else after, gone)


def _proposed(payload: Mapping[str, Any]) -> Proposed | None:
    """Opened, reopened, or pushed to (`oldrev` tells an update that brought commits from one of words alone)."""
    change = mapping(payload.get("object_attributes"))
    action = text(change.get("action"))
    if action not in ("open", "reopen") and not (action == "update" and change.get("oldrev")):
        return None
    which, head = number(change.get("iid")), text(mapping(change.get("last_commit")).get("id"))
    branch = text(change.get("target_branch"))
    return Proposed(which, head, branch, f"refs/merge-requests/{which}/head") if which and head and branch else None


def _kind(name: str) -> Kind:
    if name in ("push", "tag_push", "repository_update"):
        return "push"
    if name == "ping":  # only our own probe says so
        return "ping"
    if name == "merge_request":
        return "change_request"
    return "catalog" if name in _CATALOG else "other"


FORGE = Forge("gitlab", verify, delivery, event)
