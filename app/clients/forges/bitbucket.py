"""Bitbucket Cloud (API 2.0) and Data Center (API 1.0): pages are followed by what the body says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.clients.forges.api import Api, ForgeError, ForgeRepository
from app.lib.http import Http

PUBLIC = "https://api.bitbucket.org/2.0"
_MOST_PAGES = 1_000


def api(http: Http, base: str, token: Callable[[], str]) -> Api:
    """Cloud: an access token of a workspace, project or repository."""
    return Api(http, base or PUBLIC, _bearer(token))


def server_api(http: Http, base: str, token: Callable[[], str]) -> Api:
    """Data Center: `base` is its address; its API lies at `/rest/api/1.0`."""
    root = base.rstrip("/")
    return Api(http, root if root.endswith("/rest/api/1.0") else f"{root}/rest/api/1.0", _bearer(token))


def _bearer(token: Callable[[], str]) -> Callable[[], Mapping[str, str]]:
    def headers() -> Mapping[str, str]:
        said = token()
        return {"Authorization": f"Bearer {said}"} if said else {}

    return headers


def repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every repository of a workspace. Raises ForgeError."""
    url, params = f"repositories/{quote(owner, safe='')}", {"pagelen": "100", "sort": "full_name"}
    for _ in range(_MOST_PAGES):
        page = _object(asked.get(url, params))
        yield from (_cloud(item) for item in page.get("values") or () if isinstance(item, dict))
        if not isinstance(page.get("next"), str):
            return
        url, params = asked.same_host(page["next"]), {}
    raise ForgeError(f"{asked.base} lists more than {_MOST_PAGES} pages", permanent=True)


def server_repositories(asked: Api, owner: str) -> Iterator[ForgeRepository]:
    """Every repository of a project (by its key). Raises ForgeError."""
    start: Any = 0
    for _ in range(_MOST_PAGES):
        params = {"limit": "100", "start": str(start)}
        page = _object(asked.get(f"projects/{quote(owner, safe='')}/repos", params))
        yield from (_server(item) for item in page.get("values") or () if isinstance(item, dict))
        start = page.get("nextPageStart")
        if page.get("isLastPage", True) or not isinstance(start, int):
            return
    raise ForgeError(f"{asked.base} lists more than {_MOST_PAGES} pages", permanent=True)


def _object(page: Any) -> Mapping[str, Any]:
    if not isinstance(page, dict):
        raise ForgeError("Bitbucket answered without a page", permanent=True)
    return page


def _clone_url(item: Mapping[str, Any]) -> str:
    """The one over HTTP, without the user name that Bitbucket writes into it."""
    links = item.get("links") or {}
    found = [link["href"] for link in links.get("clone") or () if str(link.get("name")).startswith("http")]
    if not found:
        raise ForgeError("a repository came without an address to clone it from", permanent=True)
    scheme, _, rest = str(found[0]).partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _cloud(item: Mapping[str, Any]) -> ForgeRepository:
    try:
        return ForgeRepository(
            id=f"bitbucket:{item['uuid']}",
            path=item["full_name"],
            url=_clone_url(item),
            branch=(item.get("mainbranch") or {}).get("name") or "",
            fork=item.get("parent") is not None,
        )
    except KeyError as missing:
        raise ForgeError(f"a repository came without {missing}", permanent=True) from None


def _server(item: Mapping[str, Any]) -> ForgeRepository:
    try:
        return ForgeRepository(
            id=f"bitbucket-server:{item['id']}",
            path=f"{item['project']['key']}/{item['slug']}",
            url=_clone_url(item),
            archived=bool(item.get("archived")),
            fork=item.get("origin") is not None,
        )
    except KeyError as missing:
        raise ForgeError(f"a repository came without {missing}", permanent=True) from None
