"""GitHub and GitHub Enterprise. Source: its REST API description, version 2022-11-28."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError, ForgeRepository
from app.lib.http import Http

PUBLIC = "https://api.github.com"
_PAGE = "100"


def api(http: Http, base: str, token: Callable[[], str]) -> Api:
    """`token` is asked each time: an App's lives an hour; "" asks anonymously."""

    def headers() -> Mapping[str, str]:
        said = token()
        version = {"X-GitHub-Api-Version": "2022-11-28"}
        return {**version, "Authorization": f"Bearer {said}"} if said else version

    return Api(http, base or PUBLIC, headers)


def repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every repository of an organisation, or of a user where there is no such organisation. Raises ForgeError."""
    name = quote(owner, safe="")
    try:
        yield from _listed(asked, f"orgs/{name}/repos", {"type": "all"})
    except ForgeError as error:
        if error.status != 404:
            raise
        yield from _listed(asked, f"users/{name}/repos", {"type": "owner"})


def installed_repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every repository of an owner that a GitHub App was let see: a user's private ones too. Raises ForgeError."""
    for page in asked.pages("installation/repositories", {"per_page": _PAGE}):
        found = page.get("repositories") if isinstance(page, dict) else None
        if not isinstance(found, list):
            raise ForgeError(f"{asked.base}/installation/repositories answered without a list", permanent=True)
        seen = (_repository(item) for item in found if isinstance(item, dict))
        yield from (one for one in seen if one.path.lower().startswith(f"{owner.lower()}/"))


def _listed(asked: Api, path: str, params: dict[str, str]) -> Iterator[ForgeRepository]:
    for page in asked.pages(path, {**params, "per_page": _PAGE, "sort": "full_name"}):
        if not isinstance(page, list):
            raise ForgeError(f"{asked.base}/{path} answered without a list", permanent=True)
        yield from (_repository(item) for item in page if isinstance(item, dict))


def _repository(item: Mapping[str, Any]) -> ForgeRepository:
    try:
        return ForgeRepository(
            id=f"github:{item['id']}",
            path=item["full_name"],
            url=item["clone_url"],
            branch=item.get("default_branch") or "",
            archived=bool(item.get("archived") or item.get("disabled")),
            fork=bool(item.get("fork")),
        )
    except KeyError as missing:
        raise ForgeError(f"a repository came without {missing}", permanent=True) from None
