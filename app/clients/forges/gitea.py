"""Gitea and Forgejo. Source: their OpenAPI document, `/swagger.v1.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError, ForgeRepository
from app.lib.http import Http


def api(http: Http, base: str, token: Callable[[], str]) -> Api:
    """`base` is the forge's address; its API lies at `/api/v1`."""

    def headers() -> Mapping[str, str]:
        said = token()
        return {"Authorization": f"token {said}"} if said else {}

    root = base.rstrip("/")
    return Api(http, root if root.endswith("/api/v1") else f"{root}/api/v1", headers)


def repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every repository of an organisation, or of a user. Raises ForgeError."""
    name = quote(owner, safe="")
    try:
        yield from _listed(asked, f"orgs/{name}/repos")
    except ForgeError as error:
        if error.status != 404:
            raise
        yield from _listed(asked, f"users/{name}/repos")


def _listed(asked: Api, path: str) -> Iterator[ForgeRepository]:
    for page in asked.pages(path, {"limit": "50", "page": "1"}):
        if not isinstance(page, list):
            raise ForgeError(f"{asked.base}/{path} answered without a list", permanent=True)
        yield from (_repository(item) for item in page if isinstance(item, dict))


def _repository(item: Mapping[str, Any]) -> ForgeRepository:
    try:
        return ForgeRepository(
            id=f"gitea:{item['id']}",
            path=item["full_name"],
            url=item["clone_url"],
            branch="" if item.get("empty") else item.get("default_branch") or "",
            archived=bool(item.get("archived")),
            fork=bool(item.get("fork")),
        )
    except KeyError as missing:
        raise ForgeError(f"a repository came without {missing}", permanent=True) from None
