"""What `POST /api/v1/simulate` takes beside an inventory: what does not exist yet, as files, an archive or one text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import abort, json, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import ServiceUnavailable

from app.api.reading import pipeline
from app.errors import RepositoryError
from app.facts.inventory import Inventory
from app.formats import naming
from app.lib.problems import Problem
from app.pipeline.apart import read_apart
from app.pipeline.check import Report
from app.pipeline.handed import NAMELESS, PLACE
from app.pipeline.mend_apart import mend_apart
from app.pipeline.report_json import report_json
from app.pipeline.scoring import Judged
from app.pipeline.simulate import known_as, simulate, world_now
from app.pipeline.surroundings import around
from app.repos import urls

ROOM = threading.BoundedSemaphore(2)
WAIT_SECONDS = 10.0
TEXTS = {
    "application/yaml": "",
    "application/x-yaml": "",
    "text/yaml": "",
    "text/x-yaml": "",
    "application/hcl": "main.tf",
    "text/x-hcl": "main.tf",
    "text/x-terraform": "main.tf",
    "text/plain": "",
}
"""Content type → the name that its text is read under; "" leaves it to the content."""
ARCHIVES = (
    "application/gzip",
    "application/x-gzip",
    "application/x-tar",
    "application/zip",
    "application/octet-stream",
)


class HandedBody(Schema):
    """Either `files`, or one text as `content` whose `kind` may be said."""

    files = fields.Dict(keys=fields.String(), values=fields.String())
    content = fields.Raw()
    kind = fields.String(validate=validate.OneOf(sorted(naming.KINDS)))
    name = fields.String(validate=validate.Length(1, 500))
    repository = fields.String(validate=validate.Length(1, 2000))


BODIES = {
    **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in ARCHIVES},
    **{kind: {"schema": {"type": "string"}} for kind in TEXTS},
}


@contextmanager
def room(seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """One of two places: judging what is handed over costs more than a read."""
    if not ROOM.acquire(timeout=seconds):
        raise ServiceUnavailable("Too many simulations at once.", retry_after=10)
    try:
        yield
    finally:
        ROOM.release()


def is_inventory() -> bool:
    """Whether the request is what `roadworthy check --server` sends; everything else is handed over as it is."""
    return request.is_json and "found" in (_json() or {})


def answer() -> dict[str, Any]:
    """The report on what this request hands over, in the shape of `check --format json`; entities under `born`."""
    try:
        with room():
            handed = _asked()
            inventory = handed.inventory()
            judged = judged_of(inventory)
            fixes = _fixes(handed, judged) if _wants_fix() else {}
    except RepositoryError as error:
        abort(422, str(error))
    scored = tuple(one for one in judged if one.results)
    unscored = tuple(one.entity for one in judged if not one.results)
    body = report_json(Report(inventory, scored, unscored, fixes={} if isinstance(fixes, str) else fixes))
    body["born"] = body.pop("entities")
    body["fix_problem"] = fixes if isinstance(fixes, str) else None
    return {name: body[name] for name in ("born", "unscored", "problems", "unreadable", "fix_problem")}


def _wants_fix() -> bool:
    said = request.args.get("fix", "true")
    if said not in ("true", "false"):
        abort(422, "`fix` is true or false.")
    return said == "true"


def _fixes(handed: Handed, judged: Sequence[Judged]) -> dict[str, dict[str, Any]] | str:
    """Made apart, with what is known here around those that were judged."""
    here, refs = pipeline(), [one.entity.ref for one in judged if one.results]
    known = around(refs, world_now(here), handed.repository)
    return mend_apart(handed.data, handed.name, handed.repository, here.policy, refs, known)


def judged_of(inventory: Inventory) -> list[Judged]:
    here = pipeline()
    return simulate(here, inventory, here.clock(), owners=True)


@dataclass(frozen=True, slots=True)
class Handed:
    """What a request hands over. `meant`: it says for which repository; else what is declared elsewhere is no news."""

    data: bytes | Mapping[str, str]
    name: str
    repository: str
    meant: bool

    def inventory(self) -> Inventory:
        found = read_apart(self.data, self.name, self.repository)
        return found if self.meant else _with_known(found)


def _asked() -> Handed:
    told = _handed() if request.is_json else {}
    text = told.get("repository") or request.args.get("repository", "")
    repository = known_as(pipeline(), urls.canonical(text)) if text else f"{PLACE}{NAMELESS}"
    data, name = _content(told) if request.is_json else (request.get_data(), _name())
    return Handed(data, name, repository, bool(text))


def _name() -> str:
    if request.mimetype not in TEXTS and request.mimetype not in ARCHIVES:
        abort(415, f"{request.mimetype or 'no content type'} is not read here; docs/api.md lists what is.")
    return request.args.get("name", "") or TEXTS.get(request.mimetype, "")


def _handed() -> Mapping[str, Any]:
    body = _json()
    if body is None:
        abort(422, "The body is no object.")
    try:
        told: Mapping[str, Any] = HandedBody().load(body, unknown=RAISE)
    except ValidationError as error:
        abort(422, f"The body is not as it should be: {json.dumps(error.messages)[:500]}")
    if ("files" in told) == ("content" in told):
        abort(422, "The body must hold either `files` or `content`.")
    return told


def _content(told: Mapping[str, Any]) -> tuple[bytes | Mapping[str, str], str]:
    if "files" in told:
        return told["files"], ""
    content = told["content"]
    # An object is laid out in lines, as people keep one: a fix of it shows the lines that change, not one of all.
    text = content if isinstance(content, str) else json.dumps(content, indent=2, sort_keys=False) + "\n"
    return text.encode("utf-8", "surrogatepass"), told.get("name") or naming.KINDS.get(told.get("kind", ""), "")


def _json() -> dict[str, Any] | None:
    found = request.get_json()
    return found if isinstance(found, dict) else None


def _with_known(inventory: Inventory) -> Inventory:
    """Says of what is declared elsewhere already that it is not new: the one known is judged, not this one."""
    known = pipeline().stored_catalog()
    told = []
    for entity in inventory.entities:
        other = known.get(entity.ref)
        if other is not None and not entity.provisional and other.repository:
            message = (
                f"{entity.ref} is declared in {other.repository} already: name `repository` to judge a change of it"
            )
            told.append(Problem(entity.path, entity.line, "entity-known", message))
    return replace(inventory, problems=(*inventory.problems, *told))
