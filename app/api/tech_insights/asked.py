"""Reading Tech Insights requests: bodies, references in any spelling, the four spellings of `ids`, instants.

Whatever is wrong raises `Refused` with the answer to give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.api import bodies
from app.api.tech_insights.errors import Refused
from app.catalog.model import EntityRef
from app.lib.times import parse_instant

_NO_KIND = 'Entity reference "{}" had missing or empty kind (e.g. did not start with "component:" or similar)'
_IDS = re.compile(r"ids(\[\d*\])?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One entity of a bulk run. `echo` is how the answer names it; `ref` is None where no entity can be meant."""

    echo: str
    ref: EntityRef | None
    problem: str = ""


def body_of(data: bytes) -> dict[str, Any]:
    """A request's JSON object; no body is an empty one, and so is a list, which has no `checks` either."""
    if not data.strip():
        return {}
    try:
        body = bodies.loads(data)
    except ValueError as error:
        raise Refused(400, str(error), name="SyntaxError", more={"type": "entity.parse.failed"}) from None
    if isinstance(body, list):
        return {}
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    return body


def checks_of(body: dict[str, Any]) -> tuple[str, ...] | None:
    """The checks asked for; None means all, an empty tuple none."""
    checks = body.get("checks")
    if checks is None:
        return None
    if not isinstance(checks, list) or not all(isinstance(check, str) for check in checks):
        raise Refused(400, "checks must be a list of check ids")
    return tuple(checks)


def retrievers_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The fact retrievers that a refresh names; none mean all."""
    ids = body.get("factRetrieverIds", [])
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise Refused(400, "factRetrieverIds must be a list of fact retriever ids")
    return tuple(ids)


def entities_of(body: dict[str, Any]) -> list[Asked]:
    """The entities asked for, in order and with duplicates; an empty list means every one."""
    entities = body.get("entities")
    if not isinstance(entities, list):
        raise Refused(400, "entities must be a list of entity references; an empty one asks for all")
    return [_entity(place, one) for place, one in enumerate(entities)]


def _entity(place: int, one: Any) -> Asked:
    if isinstance(one, str):
        try:
            return Asked(one, EntityRef.parse(one))
        except ValueError as error:
            return Asked(one, None, str(error))
    if not isinstance(one, dict):
        raise Refused(400, f"entities[{place}] must be an entity reference")
    parts = [one.get("kind"), one.get("namespace") or "default", one.get("name")]
    if not all(isinstance(part, str) and part for part in parts):
        raise Refused(400, f"entities[{place}] needs a kind and a name")
    kind, namespace, name = (str(part).lower() for part in parts)
    ref = EntityRef(kind, namespace, name)
    return Asked(str(ref), ref)


def ids_of(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The ids of a query: `ids=a`, `ids=a&ids=b`, `ids[]=a` and `ids[0]=a` alike."""
    return [value for name, value in pairs if _IDS.fullmatch(name) and value]


def ref_of(text: str) -> EntityRef:
    """The entity of a query. A kind is needed, as there."""
    if not text:
        raise Refused(400, "Entity reference must not be empty")
    try:
        return EntityRef.parse(text)
    except ValueError as error:
        raise Refused(400, _NO_KIND.format(text) if _lacks_kind(text) else str(error)) from None


def _lacks_kind(text: str) -> bool:
    try:
        EntityRef.parse(text, kind="any")
    except ValueError:
        return False
    return True


def range_of(start: str, end: str) -> tuple[datetime, datetime]:
    """Both ends of a range of time. The answer names the field as the original does."""
    found = []
    for field, text in (("startDateTime", start), ("endDateTime", end)):
        try:
            found.append(parse_instant(text))
        except ValueError:
            body = {"message": "Failed to parse datetime from request", "field": field, "value": None}
            raise Refused(422, body["message"] or "", bare=body) from None
    return found[0], found[1]


def needed_ids(ids: Sequence[str]) -> Sequence[str]:
    """Those ids, of which there must be one."""
    if not ids:
        text = "Failed to parse ids from request"
        raise Refused(422, text, bare={"error": text})
    return ids
