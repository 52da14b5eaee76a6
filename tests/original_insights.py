"""A portal's own Tech Insights backend, answering with what was captured from the original. A part with state."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CAPTURED = Path(__file__).parent / "golden" / "tech_insights" / "captured.json"
PAIRS = {pair["name"]: pair for pair in json.loads(CAPTURED.read_text("utf-8"))}


def first_elements(text: str) -> list[Any]:
    """The complete elements of a JSON list that was cut."""
    found, at, decoder = [], 1, json.JSONDecoder()
    while True:
        try:
            element, at = decoder.raw_decode(text, at)
        except ValueError:
            return found
        found.append(element)
        at += 2


@dataclass
class Original:
    """A WSGI application that knows `svc-00001` and the checks `titleCheck` (fails) and `groupOwnerCheck` (passes).

    `broken`: it answers 500. `odd`: the status and body of every answer. `delay`: seconds before each answer. `asked`
    holds (method, path, token) of each request.
    """

    broken: bool = False
    delay: float = 0.0
    odd: tuple[int, bytes] | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
        self.asked.append((environ["REQUEST_METHOD"], path, environ.get("HTTP_AUTHORIZATION", "")))
        time.sleep(self.delay)
        if self.odd is not None:
            start_response(f"{self.odd[0]} Said", [("Content-Type", "application/json"), ("Location", "/elsewhere")])
            return [self.odd[1]]
        status, answer = (500, {}) if self.broken else self._answer(path, json.loads(body or b"{}"), environ)
        start_response(f"{status} Said", [("Content-Type", "application/json; charset=utf-8")])
        return [json.dumps(answer).encode()]

    def _answer(self, path: str, body: dict[str, Any], environ: dict[str, Any]) -> tuple[int, Any]:
        if path == "/checks":
            return 200, first_elements(PAIRS["list checks"]["cut"])
        if path == "/fact-schemas":
            return 200, PAIRS["fact schemas"]["answer"]
        if path == "/facts/latest":
            return 200, PAIRS["facts latest"]["answer"] if "svc-00001" in environ["QUERY_STRING"] else {}
        if path == "/checks/run":
            return 200, [self._row(entity, body.get("checks")) for entity in body["entities"] or [ENTITY, ONLY_THEIRS]]
        known = path.endswith("/svc-00001")
        return self._run(body.get("checks")) if known else (200, [])

    def _run(self, checks: list[str] | None) -> tuple[int, Any]:
        for check in checks or ():
            if check not in ("titleCheck", "groupOwnerCheck"):
                return 404, PAIRS["run one entity, unknown check"]["answer"]
        both = PAIRS["run one entity, two checks"]["answer"]
        return 200, [one for one in both if checks is None or one["check"]["id"] in checks]

    def _row(self, entity: str, checks: list[str] | None) -> dict[str, Any]:
        status, answer = self._run(checks)
        if status != 200:
            return {"entity": entity, "error": answer["error"], "results": []}
        return {"entity": entity, "results": answer if entity in (ENTITY, ONLY_THEIRS) else []}


ENTITY, ONLY_THEIRS = "component:default/svc-00001", "component:default/only-theirs"
