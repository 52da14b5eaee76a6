"""GitLab. Source: its REST API v4 documentation, "List a group's projects"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError, ForgeRepository
from app.lib.http import Http

PUBLIC = "https://gitlab.com/api/v4"


def api(http: Http, base: str, token: Callable[[], str]) -> Api:
    def headers() -> Mapping[str, str]:
        said = token()
        return {"PRIVATE-TOKEN": said} if said else {}

    return Api(http, base or PUBLIC, headers)


def repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every project of a group and the groups below it, or of a user. Raises ForgeError."""
    name = quote(owner, safe="")
    common = {"per_page": "100", "order_by": "id", "sort": "asc"}
    own = {"include_subgroups": "true", "with_shared": "false"}  # what another group shares is that group's
    try:
        yield from _listed(asked, f"groups/{name}/projects", {**common, **own})
    except ForgeError as error:
        if error.status != 404:
            raise
        yield from _listed(asked, f"users/{name}/projects", common)


def _listed(asked: Api, path: str, params: dict[str, str]) -> Iterator[ForgeRepository]:
    for page in asked.pages(path, params):
        if not isinstance(page, list):
            raise ForgeError(f"{asked.base}/{path} answered without a list", permanent=True)
        yield from (_project(item) for item in page if isinstance(item, dict))


def _project(item: Mapping[str, Any]) -> ForgeRepository:
    try:
        return ForgeRepository(
            id=f"gitlab:{item['id']}",
            path=item["path_with_namespace"],
            url=item["http_url_to_repo"],
            branch=item.get("default_branch") or "",
            archived=bool(item.get("archived")),
            fork="forked_from_project" in item,
        )
    except KeyError as missing:
        raise ForgeError(f"a project came without {missing}", permanent=True) from None
