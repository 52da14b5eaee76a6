"""GitHub's webhooks (docs.github.com/webhooks): HMAC over the raw body, one ref a push, no retries of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.webhooks import signatures
from app.webhooks.model import (
    Event,
    Forge,
    Headers,
    Kind,
    Proposed,
    Ref,
    Refused,
    branch_of,
    mapping,
    number,
    text,
    texts,
)

_JUDGED = ("opened", "synchronize", "synchronized", "reopened", "ready_for_review", "edited")
"""What may change what a pull request does; Gitea says `synchronized`."""
_PLACES = ("clone_url", "ssh_url", "html_url", "git_url")
_ABOUT_REPOSITORIES = ("repository", "installation_repositories", "installation", "installation_target", "organization")
_CATALOG = frozenset(
    {
        *("created", "renamed", "transferred", "archived", "unarchived", "deleted", "privatized", "publicized"),
        *("edited", "added", "removed", "suspend", "unsuspend"),
    }
)


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """`X-Hub-Signature-256`; the older SHA-1 header alone proves nothing. Only JSON is read. Raises Refused."""
    scheme, _, presented = headers.get("x-hub-signature-256", "").partition("=")
    signatures.hexadecimal(secrets, body, presented if scheme == "sha256" else "")
    only_json(headers)


def only_json(headers: Headers) -> None:
    """A form wraps the payload, and forges differ in what they then sign. Raises Refused."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("content-type-not-json", 415)


def delivery(headers: Headers) -> str:
    """The same again when a person redelivers."""
    return headers.get("x-github-delivery", "")


def event(headers: Headers, payload: Mapping[str, Any]) -> Event:
    """Never raises."""
    return read(headers.get("x-github-event", ""), payload)


def read(name: str, payload: Mapping[str, Any], places: Sequence[str] = _PLACES) -> Event:
    """The event by its name: Gitea and Forgejo write the same shapes."""
    repository = mapping(payload.get("repository"))
    action = text(payload.get("action"))
    return Event(
        name=name,
        kind=_kind(name, action),
        action=action,
        places=texts(repository, *places),
        path=text(repository.get("full_name")),
        refs=tuple(_refs(name, payload)),
        default_branch=text(repository.get("default_branch")),
        proposed=_proposed(payload) if name == "pull_request" and action in _JUDGED else None,
        gone=(name, action) == ("repository", "deleted"),
    )


def _refs(name: str, payload: Mapping[str, Any]) -> Iterator[Ref]:
    """A branch that moved. Gitea tells of a branch that is renamed or deleted by `create` and `delete` alone."""
    if name == "push" and (branch := branch_of(text(payload.get("ref")))):
        after = text(payload.get("after"))
        gone = payload.get("deleted") is True or (after != "" and not after.strip("0"))
        yield Ref(branch, "" if gone else after, gone)
    elif name in ("create", "delete") and payload.get("ref_type") == "branch":
        branch = text(payload.get("ref")).removeprefix("refs/heads/")
        if branch:
            yield Ref(branch, text(payload.get("sha")) if name == "create" else "", name == "delete")


def _proposed(payload: Mapping[str, Any]) -> Proposed | None:
    change = mapping(payload.get("pull_request"))
    which, head = number(change.get("number")), text(mapping(change.get("head")).get("sha"))
    branch = text(mapping(change.get("base")).get("ref"))
    return Proposed(which, head, branch, f"refs/pull/{which}/head") if which and head and branch else None


def _kind(name: str, action: str) -> Kind:
    """`public` is what GitHub says, with no action, of a repository that everyone may see from now on."""
    if name == "ping":
        return "ping"
    if name in ("push", "create", "delete"):
        return "push"
    if name == "pull_request":
        return "change_request"
    if name == "public" or (name in _ABOUT_REPOSITORIES and action in _CATALOG):
        return "catalog"
    return "other"


FORGE = Forge("github", verify, delivery, event)
