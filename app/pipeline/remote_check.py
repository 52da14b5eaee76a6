"""`check --server`: what lies here, with what only the service knows. Imports neither Flask nor the database.

The inventory goes to `POST /api/v1/simulate`; the facts come back, and are judged here by the service's policy (or
another one), so that every report format works as without a server. Nothing is kept there.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from app.catalog.model import Entity
from app.errors import RepositoryError
from app.facts import codec, wire
from app.facts.groups import SCHEMA
from app.pipeline.check import Report
from app.pipeline.newborn import with_stand_ins
from app.pipeline.remote import ask
from app.pipeline.scoring import Judged, rejudge
from app.pipeline.unread import taken
from app.policy.documents import load_texts
from app.policy.model import Policy, Subject, Waiver
from app.repos.model import Snapshot


def remote_check(
    snapshot: Snapshot,
    server: str,
    token: str,
    *,
    policy: Policy | None = None,
    folder: str = "",
    entity: str = "",
    unborn: bool = False,
) -> tuple[Report, Policy]:
    """The report, and the policy it was judged by (the service's unless one is given). Else as `check`.

    Raises RepositoryError when the service can't be asked, SettingsError when it refuses the token.
    """
    inventory = taken(snapshot)
    if unborn:
        inventory = with_stand_ins(inventory)
    body = json.dumps(wire.inventory_body(inventory), ensure_ascii=False).encode("utf-8", "replace")
    told = _asked(server, token, body)
    judged_by = policy or load_texts(told["policy"]["documents"], SCHEMA)
    judged = [_judged(one, judged_by, told["now"]) for one in told["entities"]]
    wanted = [one for one in judged if _is_in(one.entity, folder) and entity in ("", str(one.entity.ref))]
    scored = tuple(one for one in wanted if one.results)
    return Report(inventory, scored, tuple(one.entity for one in wanted if not one.results)), judged_by


def _asked(server: str, token: str, body: bytes) -> dict[str, Any]:
    answer = ask(server, token, "/api/v1/simulate", body)
    try:
        found = wire.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"now", "policy", "entities"} <= found.keys():
        raise RepositoryError(f"{server} did not answer as this version of Roadworthy expects")
    return found


def _judged(one: dict[str, Any], policy: Policy, now: datetime) -> Judged:
    entity = wire.entity_from(one["entity"])
    subject: Subject = codec.decode(Subject, one["subject"])
    facts = [
        wire.fact_set_from(told["retriever"], told["body"], told["collected_at"], told["expires_at"])
        for told in one["fact_sets"]
    ]
    if not facts:
        return Judged(entity, subject, (), ())
    waivers = [Waiver(**told) for told in one.get("waivers", ())]
    return rejudge(policy, entity, subject, facts, now, commit=one["commit"], waivers=waivers)


def _is_in(entity: Entity, folder: str) -> bool:
    return not folder or PurePosixPath(entity.path).is_relative_to(folder) or (entity.provisional and not entity.path)
