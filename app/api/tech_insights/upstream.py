"""Another Tech Insights backend merged in: a portal's own checks and facts are not lost when we answer in its place.

Each question is bounded in time, and so are those that wait for an answer in number: other requests find a thread.
After a failure nothing is asked for a while, and then by one request alone, so that a dead backend costs one wait and
not one a request. The failure shows: as a check of its own that fails, in the log, and on `/readyz`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from app.api.tech_insights.catalogue import TYPE
from app.api.tech_insights.errors import Refused
from app.api.tech_insights.runs import Ran, dumped
from app.catalog.model import EntityRef
from app.clients.tech_insights import TechInsightsClient, TechInsightsError, UnregisteredError

log = structlog.get_logger(__name__)
T = TypeVar("T")
ANSWERS = "tech-insights-upstream:answers"
"""The id of the boolean that fails while the other backend does not answer."""
_REST_SECONDS = 15.0
_PLACES = 2
"""So many wait for it at once: half the threads of a web process in production."""
_PATIENCE_SECONDS = 1.0
"""So long another waits for a place: one that answers gives it back by then, with a whole bulk run too."""
_CROWDED = "it is slow: as many requests wait for it as may"


@dataclass(frozen=True, slots=True)
class Row:
    """One entity of its bulk run; `error` as it said."""

    runs: tuple[Ran, ...]
    error: Any = None


@dataclass(slots=True)
class Upstream:
    """`problem` says what went wrong last, "" while it answers."""

    client: TechInsightsClient
    clock: Callable[[], float] = time.monotonic
    problem: str = ""
    _ask_again_at: float = 0.0
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_PLACES), repr=False)

    def checks(self, ours: Collection[str]) -> list[dict[str, Any]]:
        """Its checks, without those whose id is ours, and the one that says whether it answers."""
        found, problem = self._tried(self.client.checks)
        return [*(check for check in found or () if check["id"] not in ours), _listed(problem)]

    def schemas(self, ours: Collection[str]) -> list[dict[str, Any]]:
        found = self._asked(self.client.schemas) or []
        return [schema for schema in found if schema["id"] not in ours]

    def run(self, ref: EntityRef, wanted: Sequence[str] | None, ours: Collection[str]) -> tuple[Ran, ...]:
        """Its results for one entity. Raises Refused when neither of us knows a check."""
        asked = _theirs(wanted, ours)
        if asked == ():
            return self.told(wanted, ours)
        found, problem = self._tried(lambda: self.client.run(ref.namespace, ref.kind, ref.name, asked))
        return (*_ran(found or (), ours), *self.told(wanted, ours, problem))

    def run_many(
        self, refs: Sequence[EntityRef], wanted: Sequence[str] | None, ours: Collection[str]
    ) -> tuple[dict[EntityRef, Row], tuple[Ran, ...]]:
        """Its rows of a bulk run by entity, and what `told` says of this one; no `refs` means all of its own."""
        asked = _theirs(wanted, ours)
        if asked == ():
            return {}, self.told(wanted, ours)
        rows, problem = self._tried(lambda: self.client.run_many([str(ref) for ref in refs], asked))
        found = {_ref(row.get("entity")): Row(_ran(row["results"], ours), row.get("error")) for row in rows or ()}
        return {ref: row for ref, row in found.items() if ref is not None}, self.told(wanted, ours, problem)

    def facts(self, which: str, query: Mapping[str, str], ids: Sequence[str]) -> dict[str, Any]:
        """Its `latest` or `range` facts; none while it does not answer."""
        return (self._asked(lambda: self.client.facts(which, query, ids)) if ids else None) or {}

    def told(self, wanted: Sequence[str] | None, ours: Collection[str], problem: str | None = None) -> tuple[Ran, ...]:
        """Whether it answers, as a result: where it was asked and does not, or where this very check is wanted.

        `problem`: what went wrong when it was asked just now; None where it was not.
        """
        problem = self.problem if problem is None else problem
        missed = bool(problem) and _theirs(wanted, ours) != ()
        if not missed and ANSWERS not in (wanted or ()):
            return ()
        facts = {"problem": {"value": problem, "type": "string", "description": "What went wrong"}}
        passed = not problem
        return (Ran(ANSWERS, passed, dumped({"facts": facts, "result": passed, "check": _listed(problem)})),)

    def _asked(self, ask: Callable[[], T]) -> T | None:
        return self._tried(ask)[0]

    def _tried(self, ask: Callable[[], T]) -> tuple[T | None, str]:
        """What it answers, or None and why not. Whoever finds every place taken goes on without it."""
        if not self._may_ask():
            return None, self.problem or _CROWDED
        if not self._places.acquire(timeout=_PATIENCE_SECONDS):
            return None, _CROWDED
        try:
            return self._answer(ask)
        finally:
            self._places.release()

    def _answer(self, ask: Callable[[], T]) -> tuple[T | None, str]:
        try:
            found = ask()
        except UnregisteredError as error:
            self._answered()
            raise Refused(404, str(error)) from None
        except TechInsightsError as error:
            if not self.problem:
                log.warning("tech_insights.upstream_failed", problem=str(error))
            self.problem, self._ask_again_at = str(error), self.clock() + _REST_SECONDS
            return None, str(error)
        self._answered()
        return found, ""

    def _answered(self) -> None:
        if self.problem:
            log.info("tech_insights.upstream_answers")
        self.problem, self._ask_again_at = "", 0.0

    def _may_ask(self) -> bool:
        """Whether it rests no more; of those who then come, one finds out for all."""
        with self._turn:
            now = self.clock()
            if now < self._ask_again_at:
                return False
            if self.problem:
                self._ask_again_at = now + _REST_SECONDS
            return True


def _theirs(wanted: Sequence[str] | None, ours: Collection[str]) -> tuple[str, ...] | None:
    """Of the checks asked for, those that are not ours; None means all."""
    return None if wanted is None else tuple(id_ for id_ in wanted if id_ not in ours and id_ != ANSWERS)


def _ran(results: Iterable[Any], ours: Collection[str]) -> tuple[Ran, ...]:
    """Its results as they came, but for checks that we answer ourselves."""
    found = []
    for one in results:
        check = one.get("check") if isinstance(one, dict) else None
        id_ = check.get("id") if isinstance(check, dict) else None
        if isinstance(id_, str) and id_ not in ours:
            found.append(Ran(id_, bool(one.get("result")), dumped(one)))
    return tuple(found)


def _ref(text: Any) -> EntityRef | None:
    try:
        return EntityRef.parse(text)
    except ValueError:
        return None


def _listed(problem: str) -> dict[str, Any]:
    why = "Checks of the portal's other Tech Insights backend are shown here too, as long as it answers."
    return {
        "id": ANSWERS,
        "type": TYPE,
        "name": "The portal's other checks could be asked",
        "description": f"{why} Now they are missing: {problem}." if problem else why,
        "factIds": ["catalog"],
        # Above every other rank, so that the maturity widgets lower no entity for it.
        "metadata": {"category": "Tech Insights", "rank": 4, "solution": "Tell the portal's team."},
    }
