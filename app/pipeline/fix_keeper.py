"""Keeps fix pull requests as they were asked for: brought up to date after a judging, closed when moot.

Runs beside judging in a worker. Only what was asked for is mended, also where more fails by now. A forge is asked once
a change: as long as the diff is the same nothing is sent, and what a person has ended, or taken over, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app.catalog.model import Entity, EntityRef
from app.clients.forges.api import ForgeError
from app.clients.forges.request_parts import Opened, Wanted
from app.errors import NotFoundError, RepositoryError
from app.pipeline.fix_requests import LOOK_EVERY, STATE_OF, FixRequests, digest_of, mended, next_look
from app.pipeline.fixing_stored import fix_entity
from app.pipeline.services import Pipeline
from app.policy.model import Outcome
from app.remediation import request_text
from app.remediation.proposal import Proposal
from app.store.engine import is_database_trouble
from app.store.proposed import FixRequest, Held

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=10)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
_MOST_TRIES = 40
"""A week or more of a forge that does not answer, or refuses: then the request is nobody's here."""
_BY_A_PERSON = {"merged": "merged on its forge", "dismissed": "closed on its forge by a person, or its branch deleted"}


@dataclass(frozen=True, slots=True)
class FixKeeper:
    pipeline: Pipeline
    requests: FixRequests

    def tick(self) -> int:
        """Looks at what is due. Returns how many requests."""
        claimed = self.pipeline.store.fix_requests.claim(self.pipeline.clock(), LEASE)
        for held in claimed:
            self._look(held)
        return len(claimed)

    def keep_all(self) -> Iterator[tuple[EntityRef, Opened | str]]:
        """Looks at every living request now, on its forge too; tells what became of each, or why it could not."""
        book, clock = self.pipeline.store.fix_requests, self.pipeline.clock
        book.look_again(clock())
        while claimed := book.claim(clock(), LEASE):
            for held in claimed:
                yield held.request.entity, self._look(held)

    def _look(self, held: Held) -> Opened | str:
        request, now = held.request, self.pipeline.clock()
        try:
            opened, found = self._kept(held, now)
        except (ForgeError, NotFoundError, RepositoryError) as error:
            found = self._failed(request, str(error), now, permanent=getattr(error, "permanent", False))
            return self._remembered(found, str(error))
        except Exception as error:
            # One request's surprise must not end the thread that keeps all others; it is kept where people see it.
            if is_database_trouble(error):
                raise
            log.exception("fix_request.failed", entity=str(request.entity))
            said = f"an unexpected {type(error).__name__}; the log tells more"
            return self._remembered(self._failed(request, said, now, permanent=False), said)
        found = replace(found, seen_at=held.judged_at, tries=0, error="")
        return self._remembered(found, opened)

    def _remembered(self, found: FixRequest, said: Opened | str) -> Opened | str:
        book = self.pipeline.store.fix_requests
        if not book.keep(found):  # asked for again meanwhile: what the forge was told may not be that
            book.look_again(self.pipeline.clock(), found.entity)
        log.info("fix_request.looked_at", entity=str(found.entity), state=found.state, error=found.error or None)
        return said

    def _kept(self, held: Held, now: datetime) -> tuple[Opened, FixRequest]:
        """Raises ForgeError, NotFoundError, RepositoryError."""
        request = held.request
        entity = self.pipeline.store.entities.get(request.entity) if held.is_living else None
        if (moot := self._moot(request, entity)) or entity is None:
            return self._ended(request, moot, now)
        proposal = fix_entity(self.pipeline, entity, checks=request.checks, answers=request.answers)
        if unseen := _unseen(proposal, request):
            why = f"left as it is: {', '.join(unseen)} can't be seen now"
            return _as_it_is(request), replace(request, reason=why, due_at=now + LOOK_EVERY)
        if proposal.files:
            return self._current(request, entity, proposal, now)
        return self._ended(request, request_text.farewell(proposal, request.checks), now)

    def _moot(self, request: FixRequest, entity: Entity | None) -> str:
        """Why nothing is left to mend whatever the files say, or ""."""
        if entity is None:
            return f"No source tells of {request.entity} any more."
        if entity.repository != request.repository:
            return f"{request.entity} is found in another repository now."
        if not any(check in self.pipeline.policy.checks for check in request.checks):
            return "The policy no longer asks for what this mends."
        return ""

    def _current(
        self, request: FixRequest, entity: Entity, proposal: Proposal, now: datetime
    ) -> tuple[Opened, FixRequest]:
        """Brought up to date where its diff is another one, or where it is time to ask how it stands."""
        is_time = request.due_at is not None and request.due_at <= now
        if not is_time and (request.state == "taken over" or digest_of(proposal) == request.digest):
            return _as_it_is(request), replace(request, reason="", mends=mended(proposal))
        forge, path = self.requests.speaking(request.repository)
        opened = forge.keep(forge.api, self.requests.wanted(proposal, entity, path, number=request.number))
        found = _after(request, opened, now)
        if found.state != "open":
            return opened, found
        return opened, replace(found, mends=mended(proposal), commit=proposal.commit, digest=digest_of(proposal))

    def _ended(self, request: FixRequest, why: str, now: datetime) -> tuple[Opened, FixRequest]:
        """Closed with a comment that says why, unless it is a person's by now."""
        forge, path = self.requests.speaking(request.repository)
        farewell = f"{why} So this request is closed."
        gone = Wanted(path, request.branch, request.base, "", "", "", "", "", number=request.number, farewell=farewell)
        opened = forge.keep(forge.api, gone)
        found = _after(request, opened, now)
        return opened, replace(found, reason=why) if found.state == "closed" else found

    def _failed(self, request: FixRequest, error: str, now: datetime, *, permanent: bool) -> FixRequest:
        """Tried again later and later; what a forge refuses, once a day."""
        tries = request.tries + 1
        log.warning("fix_request.not_kept", entity=str(request.entity), error=error, tries=tries)
        if tries >= _MOST_TRIES:
            reason = f"given up after {tries} tries"
            return replace(request, state="lost", reason=reason, error=error, tries=tries, due_at=None)
        rest = LOOK_EVERY if permanent else min(_LONGEST, _FIRST * 2 ** min(tries - 1, 20))
        return replace(request, error=error, tries=tries, due_at=now + rest)


def _after(request: FixRequest, opened: Opened, now: datetime) -> FixRequest:
    """The request as the forge left it."""
    state = STATE_OF[opened.state]
    changed_at = request.changed_at if opened.state in ("unchanged", "taken over") else now
    reason = _BY_A_PERSON.get(state, "")
    return replace(request, state=state, reason=reason, changed_at=changed_at, due_at=next_look(state, now))


def _as_it_is(request: FixRequest) -> Opened:
    return Opened("taken over" if request.state == "taken over" else "unchanged", request.url, request.number)


def _unseen(proposal: Proposal, request: FixRequest) -> list[str]:
    """Checks that the request mends and of which nobody can say now whether they pass: a source may be away."""
    blind = (Outcome.UNKNOWN, Outcome.ERROR)
    seen = {one.check.id for card in proposal.before for one in card.checks if one.outcome in blind}
    return sorted(seen & set(request.mends) - set(mended(proposal)))
