"""Bitbucket's webhooks, Cloud and Data Center: one signature scheme, two shapes; a push may move many refs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.webhooks import github, signatures
from app.webhooks.model import Event, Forge, Headers, Kind, Proposed, Ref, branch_of, items, mapping, number, text

_JUDGED = ("pullrequest:created", "pullrequest:updated")
_SERVER_JUDGED = ("pr:opened", "pr:from_ref_updated", "pr:modified")
"""Made, pushed to, or meant for another branch."""
_OF_A_FORK = "its head lies in a fork, which can't be read through this repository"
_CATALOG = ("repo:transfer", "repo:updated", "repo:created", "repo:deleted", "repo:modified", "project:modified")


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """`X-Hub-Signature: sha256=…`, sent when the hook has a secret. Raises Refused."""
    scheme, _, presented = headers.get("x-hub-signature", "").partition("=")
    signatures.hexadecimal(secrets, body, presented if scheme == "sha256" else "")
    github.only_json(headers)


def _kind(key: str, push: str) -> Kind:
    if key == push:
        return "push"
    if key == "diagnostics:ping":
        return "ping"
    if key.startswith(("pullrequest:", "pr:")):
        return "change_request"
    return "catalog" if key in _CATALOG else "other"


def _cloud(headers: Headers, payload: Mapping[str, Any]) -> Event:
    key = headers.get("x-event-key", "")
    repository = mapping(payload.get("repository"))
    full_name = text(repository.get("full_name"))
    page = text(mapping(mapping(repository.get("links")).get("html")).get("href"))
    named = (f"https://bitbucket.org/{full_name}", f"ssh://git@bitbucket.org/{full_name}") if full_name else ()
    return Event(
        name=key,
        kind=_kind(key, "repo:push"),
        places=tuple(dict.fromkeys((*((page,) if page else ()), *named))),
        path=full_name,
        refs=tuple(_cloud_refs(payload)),
        default_branch=text(mapping(repository.get("mainbranch")).get("name")),
        proposed=_cloud_proposed(payload, full_name) if key in _JUDGED else None,
        gone=key == "repo:deleted",
        unseen=_OF_A_FORK if key in _JUDGED and _is_of_a_fork(payload, full_name) else "",
    )


def _is_of_a_fork(payload: Mapping[str, Any], full_name: str) -> bool:
    source = mapping(mapping(payload.get("pullrequest")).get("source"))
    return text(mapping(source.get("repository")).get("full_name")) != full_name


def _cloud_proposed(payload: Mapping[str, Any], full_name: str) -> Proposed | None:
    """Bitbucket Cloud shows a head only as its branch, and a fork's not at all."""
    change = mapping(payload.get("pullrequest"))
    source, target = mapping(change.get("source")), mapping(change.get("destination"))
    if _is_of_a_fork(payload, full_name):
        return None
    which, head = number(change.get("id")), text(mapping(source.get("commit")).get("hash"))
    branch, topic = text(mapping(target.get("branch")).get("name")), text(mapping(source.get("branch")).get("name"))
    return Proposed(which, head, branch, f"refs/heads/{topic}") if which and head and branch and topic else None


def _cloud_refs(payload: Mapping[str, Any]) -> Iterator[Ref]:
    """`new: null` is a deleted branch."""
    for change in items(mapping(payload.get("push")).get("changes")):
        new, old = mapping(change.get("new")), mapping(change.get("old"))
        branch = new or old
        if branch.get("type") != "branch" or not text(branch.get("name")):
            continue
        yield Ref(text(branch.get("name")), text(mapping(new.get("target")).get("hash")), not new)


def _server(headers: Headers, payload: Mapping[str, Any]) -> Event:
    key = headers.get("x-event-key", "")
    target = mapping(mapping(payload.get("pullRequest")).get("toRef"))
    repository = mapping(payload.get("repository")) or mapping(payload.get("new")) or mapping(target.get("repository"))
    project, slug = text(mapping(repository.get("project")).get("key")), text(repository.get("slug"))
    links = mapping(repository.get("links"))
    places = [text(link.get("href")) for name in ("clone", "self") for link in items(links.get(name))]
    return Event(
        name=key,
        kind=_kind(key, "repo:refs_changed"),
        places=tuple(dict.fromkeys(_without_browse(place) for place in places if place)),
        path=f"scm/{project.lower()}/{slug}" if project and slug else "",
        refs=tuple(_server_refs(payload)),
        proposed=_server_proposed(payload, f"{project}/{slug}") if key in _SERVER_JUDGED else None,
    )


def _server_proposed(payload: Mapping[str, Any], path: str) -> Proposed | None:
    """Data Center shows every head in the repository that it is meant for, forks' too."""
    change = mapping(payload.get("pullRequest"))
    which, head = number(change.get("id")), text(mapping(change.get("fromRef")).get("latestCommit"))
    branch = branch_of(text(mapping(change.get("toRef")).get("id")))
    return (
        Proposed(which, head, branch, f"refs/pull-requests/{which}/from", path) if which and head and branch else None
    )


def _without_browse(place: str) -> str:
    """The page `…/projects/KEY/repos/slug/browse` names the clone URL `…/scm/key/slug`."""
    if not place.endswith("/browse"):
        return place
    head, _, rest = place.removesuffix("/browse").partition("/projects/")
    project, _, slug = rest.partition("/repos/")
    return f"{head}/scm/{project.lower()}/{slug}" if project and slug else place


def _server_refs(payload: Mapping[str, Any]) -> Iterator[Ref]:
    for change in items(payload.get("changes")):
        branch = branch_of(text(mapping(change.get("ref")).get("id")) or text(change.get("refId")))
        if branch:
            gone = change.get("type") == "DELETE"
            yield Ref(branch, "" if gone else text(change.get("toHash")), gone)


CLOUD = Forge("bitbucket", verify, lambda headers: headers.get("x-request-uuid", ""), _cloud)
SERVER = Forge("bitbucket-server", verify, lambda headers: headers.get("x-request-id", ""), _server)
