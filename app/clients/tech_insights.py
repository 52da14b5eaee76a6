"""Another Tech Insights backend, asked as its front end asks it: checks, runs, facts. It may fail; callers go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from app.errors import RoadworthyError
from app.lib.http import Http, HttpError, Response

BATCH = 750
"""Entities in one bulk run, as the original's client asks: its server takes 100 kB."""


class TechInsightsError(RoadworthyError):
    """It did not answer, or not as Tech Insights does."""

    permanent = False


class UnregisteredError(TechInsightsError):
    """It does not know a check that was asked for."""


@dataclass(frozen=True, slots=True)
class TechInsightsClient:
    """`url` is the plugin's base: `https://backstage.example.org/api/tech-insights`. `http` bounds time and size."""

    http: Http
    url: str
    token: str = field(default="", repr=False)

    def checks(self) -> list[dict[str, Any]]:
        return _named(self._get("/checks", {}), "checks")

    def schemas(self) -> list[dict[str, Any]]:
        return _named(self._get("/fact-schemas", {}), "fact schemas")

    def run(self, namespace: str, kind: str, name: str, checks: Sequence[str] | None) -> list[dict[str, Any]]:
        """One entity's check results. Raises UnregisteredError for an unknown check."""
        path = "/".join(quote(part, safe="") for part in (namespace, kind, name))
        answer = self._sent(f"/checks/run/{path}", {} if checks is None else {"checks": list(checks)})
        if checks and answer.status == 404 and (message := _not_registered(answer)):
            raise UnregisteredError(message)
        return _dicts(self._good(answer), "check results")

    def run_many(self, entities: Sequence[str], checks: Sequence[str] | None) -> list[dict[str, Any]]:
        """Rows of a bulk run, in batches; no entities means all of its own."""
        more = {} if checks is None else {"checks": list(checks)}
        rows: list[dict[str, Any]] = []
        for start in range(0, max(1, len(entities)), BATCH):
            batch = list(entities[start : start + BATCH])
            rows += _rows(self._good(self._sent("/checks/run", {"entities": batch, **more})))
        return rows

    def facts(self, which: str, query: Mapping[str, str], ids: Sequence[str]) -> dict[str, Any]:
        """`latest` or `range` facts by retriever."""
        body = self._get(f"/facts/{which}", {**query, **{f"ids[{place}]": id_ for place, id_ in enumerate(ids)}})
        if not isinstance(body, dict):
            raise TechInsightsError(f"{self.url} answered without facts")
        return body

    def _get(self, path: str, query: Mapping[str, str]) -> Any:
        text = f"?{urlencode(query)}" if query else ""
        try:
            answer = self.http.get_json(f"{self.url}{path}{text}", self._headers())
        except HttpError as error:
            raise TechInsightsError(str(error)) from None
        return self._good(answer)

    def _sent(self, path: str, body: Mapping[str, Any]) -> Response:
        try:
            return self.http.post_json(f"{self.url}{path}", body, self._headers())
        except HttpError as error:
            raise TechInsightsError(str(error)) from None

    def _good(self, answer: Response) -> Any:
        if answer.status in (401, 403):
            raise TechInsightsError(f"{self.url} refused the token ({answer.status})")
        if answer.status != 200:
            raise TechInsightsError(f"{self.url} answered {answer.status}")
        try:
            return answer.json()
        except HttpError as error:
            raise TechInsightsError(str(error)) from None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _dicts(body: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise TechInsightsError(f"the other Tech Insights answered without {what}")
    return body


def _named(body: Any, what: str) -> list[dict[str, Any]]:
    """Those of a list of objects, each with an id."""
    found = _dicts(body, what)
    if not all(isinstance(one.get("id"), str) for one in found):
        raise TechInsightsError(f"the other Tech Insights answered with {what} that have no id")
    return found


def _rows(body: Any) -> list[dict[str, Any]]:
    """Those of a bulk run, each with its results."""
    found = _dicts(body, "a bulk run")
    if not all(isinstance(row.get("results"), list) for row in found):
        raise TechInsightsError("the other Tech Insights answered a bulk run without results")
    return found


def _not_registered(answer: Response) -> str:
    """What it says of a check that it does not know; "" where it is only the address that nothing answers at."""
    try:
        error = answer.json()["error"]
        return str(error["message"]) if error["name"] == "NotFoundError" else ""
    except (HttpError, KeyError, TypeError):
        return ""
