"""The gatekeeper: judges proposed changes that are due and tells their forge. Runs beside judging in a worker.

A change is told at least once; telling again changes the same status and the same comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from app.clients.forges.api import Api, ForgeError
from app.clients.forges.changes import Annotation, ChangePlace, Report, Tell
from app.errors import RepositoryError
from app.pipeline.gate import Proposal, Verdict, judge_change
from app.pipeline.services import Pipeline
from app.policy import telling
from app.policy.change_report import Wording, text_of, title_of
from app.remediation import offers
from app.store.gates import Gate

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=10)
_MOST_TRIES = 8
_FIRST = timedelta(seconds=30)
_UNSEEN = (
    "### Roadworthy: could not be judged\n\n"
    "The commits of this change can't be read, so what it does to scores is not known. Nothing is blocked."
)


@dataclass(frozen=True, slots=True)
class Telling:
    """How one forge's repositories below `owner` are told. `provider` lists them."""

    forge: str
    owner: str
    api: Api
    tell: Tell
    provider: str = ""


@dataclass(slots=True)
class Gatekeeper:
    """`mode` advisory: remarks are notices; warn: warnings. Neither blocks a merge."""

    pipeline: Pipeline
    tellings: tuple[Telling, ...]
    mode: Literal["advisory", "warn"] = "advisory"
    name: str = "Roadworthy"
    page_url: str = ""

    def tick(self) -> int:
        """Judges and tells what is due. Returns how many changes."""
        store, now = self.pipeline.store, self.pipeline.clock()
        claimed = store.gates.claim(now, LEASE)
        for gate in claimed:
            self._one(gate)
        return len(claimed)

    def _one(self, gate: Gate) -> None:
        store = self.pipeline.store
        try:
            report, summary = self._judged(gate)
            telling = self._telling(gate)
            telling.tell(telling.api, ChangePlace(gate.path, gate.number, str(summary["head"])), report)
        except RepositoryError as error:
            self._failed(gate, str(error), permanent=error.permanent)
            if error.permanent or gate.tries >= _MOST_TRIES:
                self._say_unseen(gate)
        except ForgeError as error:
            self._failed(gate, str(error), permanent=error.permanent, at_least=timedelta(seconds=error.wait))
        except Exception as error:
            # One change's surprise must not end the thread that judges all others; it is kept where people see it.
            log.exception("gate.failed", repository=gate.repository, number=gate.number)
            self._failed(gate, f"an unexpected {type(error).__name__}; the log tells more", permanent=False)
        else:
            store.gates.done(gate, summary, self.pipeline.clock())
            log.info("gate.told", repository=gate.repository, number=gate.number, title=report.title)

    def _say_unseen(self, gate: Gate) -> None:
        """What can't be read is neutral, not silence: a reviewer would take no word for a good one."""
        report = Report(self.name, "Could not be judged", _UNSEEN, "neutral", comment=False, url=self.page_url)
        try:
            telling = self._telling(gate)
            place = ChangePlace(gate.path, gate.number, gate.head)
            telling.tell(telling.api, place, report)
        except ForgeError as error:
            log.warning("gate.unseen_not_told", repository=gate.repository, number=gate.number, error=str(error))

    def _judged(self, gate: Gate) -> tuple[Report, Mapping[str, object]]:
        verdict = judge_change(self.pipeline, Proposal(gate.repository, gate.ref, gate.branch))
        comparison = verdict.comparison
        unseen = comparison.of("unseen")
        report = Report(
            name=self.name,
            title=title_of(comparison),
            text=text_of(comparison, Wording(self.page_url, command=offers.command)),
            conclusion="success" if comparison.entities and not (comparison.of("worse") or unseen) else "neutral",
            annotations=self._annotations(verdict),
            comment=bool(comparison.turns or comparison.levels or comparison.gone),
            url=self.page_url,
        )
        counts = {how: len(comparison.of(how)) for how in ("worse", "better", "unseen")}
        return report, {"title": report.title, "head": verdict.head, "base": verdict.base, **counts}

    def _annotations(self, verdict: Verdict) -> list[Annotation]:
        """A remark on each new offender's line, in files of the change itself."""
        level: Literal["notice", "warning"] = "warning" if self.mode == "warn" else "notice"
        return [
            Annotation(
                one.place.path,
                one.place.line,
                telling.remedy(turn.result, one) or turn.result.check.why,
                level,
                f"{one.name}: {turn.result.check.title}" if one.name else turn.result.check.title,
            )
            for turn in verdict.comparison.of("worse")
            for one in turn.offenders
            if one.place.path and one.place.line and one.place.commit == verdict.head
        ]

    def _telling(self, gate: Gate) -> Telling:
        """Of two forges with an owner of this name, the one that lists the repository: the other may have a namesake.

        Raises ForgeError when no source of the settings knows how to speak for the repository.
        """
        path = gate.path.lower()
        able = [one for one in self.tellings if one.forge == gate.forge and path.startswith(f"{one.owner.lower()}/")]
        if len(able) > 1:
            listed = self.pipeline.store.repositories.listed_by(gate.repository)
            able = [one for one in able if one.provider in listed]
        if not able:
            raise ForgeError(f"no source under sources.forges has the credentials of {gate.path}", permanent=True)
        return able[0]

    def _failed(self, gate: Gate, error: str, *, permanent: bool, at_least: timedelta = timedelta()) -> None:
        """`at_least`: for how long the forge wants to be left alone."""
        now: datetime = self.pipeline.clock()
        wait = max(_FIRST * 2 ** (gate.tries - 1), at_least)
        again = None if permanent or gate.tries >= _MOST_TRIES else now + wait
        self.pipeline.store.gates.failed(gate, error, again)
        log.warning("gate.not_told", repository=gate.repository, number=gate.number, error=error)
