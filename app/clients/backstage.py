"""Backstage's catalog API: every entity, page by page. Source: its OpenAPI description, `GET /entities/by-query`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.errors import ProviderError
from app.lib.http import Http, HttpError, Response

_SPEC = (
    *(
        "type",
        "lifecycle",
        "owner",
        "system",
        "domain",
        "subcomponentOf",
        "subdomainOf",
        "profile",
        "target",
        "targets",
    ),
    *("providesApis", "consumesApis", "dependsOn", "dependencyOf", "parent", "children", "members", "memberOf"),
)
FIELDS = ("apiVersion", "kind", "metadata", "relations", "status", *(f"spec.{name}" for name in _SPEC))
"""All but `spec.definition` and other bulk, which nobody reads from here."""
_PAGE = 500
_MOST_PAGES = 2_000
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class BackstageClient:
    """`url` is the backend's (`https://backstage.example.org`) or its catalog's (`…/api/catalog`).

    `attempts` a page, `total` seconds for all pages and waits together.
    """

    http: Http
    url: str
    token: str = field(default="", repr=False)
    attempts: int = 5
    total: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def entities(self) -> list[Mapping[str, Any]]:
        """Every entity as the API gives it. Raises ProviderError unless all of them were listed."""
        deadline = self.clock() + self.total
        items: list[Mapping[str, Any]] = []
        params = {"fields": ",".join(FIELDS), "limit": str(_PAGE), "orderField": "metadata.uid,asc"}
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = self._page(params, deadline)
            items += [item for item in page["items"] if isinstance(item, dict)]
            cursor = _cursor(page)
            if not cursor:
                self._check_whole(len(items), page.get("totalItems"))
                return items
            if cursor in seen:
                raise ProviderError(f"{self.url} gives the same page again and again")
            seen.add(cursor)
            params = {"fields": params["fields"], "limit": params["limit"], "cursor": cursor}
        raise ProviderError(f"{self.url} lists more than {_MOST_PAGES} pages")

    def _check_whole(self, count: int, total: object) -> None:
        """A catalog that lost entities between pages, or shows none to this token, must not orphan them all."""
        if count == 0:
            raise ProviderError(f"{self.url} lists no entities: its token may not be allowed to see them")
        if isinstance(total, int) and count < total - max(10, total // 100):
            raise ProviderError(f"{self.url} listed {count} of {total} entities")

    def _page(self, params: Mapping[str, str], deadline: float) -> dict[str, Any]:
        problem = ""
        for attempt in range(self.attempts):
            wait = min(2.0**attempt, _LONGEST_WAIT)
            try:
                response = self.http.get_json(f"{self._catalog()}/entities/by-query", self._headers(), params)
            except HttpError as error:
                if error.permanent:
                    raise ProviderError(str(error)) from None
                problem = str(error)
            else:
                if response.status == 200:
                    return self._body(response)
                problem = self._refusal(response)
                wait = self._asked_wait(response, wait)
            if attempt + 1 < self.attempts:
                if self.clock() + wait >= deadline:
                    raise ProviderError(f"{problem}; all pages together may take {self.total:g} s")
                self.sleep(wait)
        raise ProviderError(f"{problem}, {self.attempts} times in a row")

    def _catalog(self) -> str:
        base = self.url.rstrip("/")
        return base if base.endswith("/api/catalog") else f"{base}/api/catalog"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _asked_wait(self, response: Response, wait: float) -> float:
        asked = response.retry_after(self.now())
        return wait if asked is None else asked

    def _refusal(self, response: Response) -> str:
        """What to say of a status that may pass. Raises ProviderError for one that won't."""
        status = response.status
        if status == 429 or status >= 500:
            return f"{self.url} answered {status}"
        if status in (401, 403):
            raise ProviderError(f"{self.url} refused the token ({status}): check backend.auth.externalAccess there")
        if status == 404:
            raise ProviderError(f"{self.url} has no catalog API with /entities/by-query (404): check the URL")
        raise ProviderError(f"{self.url} answered {status}")

    def _body(self, response: Response) -> dict[str, Any]:
        try:
            body = response.json()
        except HttpError as error:
            raise ProviderError(str(error)) from None
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise ProviderError(f"{self.url} answered without a list of entities: is it the backend's URL?")
        return body


def _cursor(page: Mapping[str, Any]) -> str:
    info = page.get("pageInfo")
    cursor = info.get("nextCursor") if isinstance(info, dict) else None
    return cursor if isinstance(cursor, str) else ""
