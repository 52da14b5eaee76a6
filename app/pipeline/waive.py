"""Grants and ends waivers: what may be waived, for how long. Nothing is judged here; the entity is made due.

Policy's file of waivers is for what SREs agree to by review; this is for a team lead at the portal, within the bounds
that policy sets (`waivers.longest`). Both are judged, shown and told alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.catalog.model import EntityRef
from app.errors import NotFoundError, RoadworthyError
from app.lib.times import format_duration
from app.pipeline.services import Pipeline
from app.policy.model import Outcome
from app.store.audit import AuditRow
from app.store.waivers import Granted

LONGEST_REASON = 1000


class WaiverError(RoadworthyError):
    """A waiver can't be granted. `problems`: field → what is wrong with it."""

    def __init__(self, message: str, found: Mapping[str, list[str]]) -> None:
        super().__init__(message)
        self.problems = found


def waive(pipeline: Pipeline, entity: EntityRef, check: str, reason: str, until: datetime, by: str) -> Granted:
    """Grants a waiver of one check to one entity; one that holds already is replaced by it.

    `by` is who asks: whoever may grant answers for it by name. Raises WaiverError, or NotFoundError for an entity
    that the reader does not see or that no source tells of any more.
    """
    now, reason = pipeline.clock(), " ".join(reason.split())
    if pipeline.store.entities.get(entity) is None:
        raise NotFoundError(f"There is no entity {entity} here.")
    problems = _problems(pipeline, entity, check, reason, until, now)
    if problems:
        raise WaiverError("The waiver can't be granted.", problems)
    wanted = Granted(entity=entity, check=check, reason=reason, granted_by=by, granted_at=now, until=until)
    granted = pipeline.store.waivers.grant(wanted)
    if granted is None:
        raise NotFoundError(f"{entity} is no longer in the catalog.")
    _tell(pipeline, "waiver.grant", granted, by, now)
    return granted


def end_waiver(pipeline: Pipeline, id_: int, reason: str, by: str) -> Granted:
    """Ends a waiver before its time. Raises NotFoundError when none such is in force."""
    now = pipeline.clock()
    ended = pipeline.store.waivers.end(id_, by, " ".join(reason.split()), now)
    if ended is None:
        raise NotFoundError(f"There is no waiver {id_} in force.")
    _tell(pipeline, "waiver.end", ended, by, now)
    return ended


def _problems(
    pipeline: Pipeline, entity: EntityRef, check: str, reason: str, until: datetime, now: datetime
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    longest = pipeline.policy.longest_waiver
    asked = {outcome for (_, name), (outcome, _) in pipeline.store.judgements.outcomes(entity).items() if name == check}
    if check not in pipeline.policy.checks:
        found["check"] = [f"there is no check {check}"]
    elif not asked - {Outcome.NOT_APPLICABLE}:
        found["check"] = [f"no scorecard asks {check} of this entity"]
    if not 1 <= len(reason) <= LONGEST_REASON:
        found["reason"] = [f"say why, in at most {LONGEST_REASON:,} characters"]
    if not longest:
        found["until"] = ["policy lets nobody waive over the API: waivers.yaml is the place"]
    elif not now < until <= now + longest:
        found["until"] = [f"must lie after now, and within {format_duration(longest)}: that is policy's longest"]
    return found


def _tell(pipeline: Pipeline, action: str, one: Granted, by: str, now: datetime) -> None:
    detail = {"id": str(one.id), "check": one.check}
    pipeline.store.audit.add(AuditRow(at=now, actor=by, action=action, target=str(one.entity), detail=detail))
    pipeline.work.give()
