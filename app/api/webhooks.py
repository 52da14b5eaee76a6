"""`POST /webhooks/{forge}/{source}`: the door for forges. Answers within milliseconds: record, hint, 202."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, json, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable

from app.api.guard import public
from app.api.reading import pipeline
from app.webhooks.gate import Gate
from app.webhooks.model import Refused
from app.webhooks.probe import MARK
from app.webhooks.receive import Source, receive

log = structlog.get_logger(__name__)
blueprint = Blueprint("webhooks", __name__)


def install(app: Flask, gate: Gate) -> None:
    app.extensions["webhooks"] = gate
    app.register_blueprint(blueprint)


@blueprint.post("/webhooks/<forge>/<source>")
@public
def deliver(forge: str, source: str) -> Response:
    """Takes one delivery. 202 recorded, 200 a replay, 4xx refused, 503 come back later."""
    gate: Gate = current_app.extensions["webhooks"]
    known = gate.sources.get((forge, source))
    if known is None:
        abort(404, "There is no such webhook here.")
    with gate.room() as entered:
        if not entered:
            _told(known, "turned_away")
            raise ServiceUnavailable("Too many deliveries at once.", retry_after=5)
        return _deliver(gate, known)


def _deliver(gate: Gate, source: Source) -> Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        answer = receive(pipeline().store, source, headers, _body(gate.max_body), pipeline().clock())
    except Refused as refused:
        _count(gate, source, refused.reason)
        log.info("webhook.refused", source=source.key, reason=refused.reason)
        abort(refused.status, f"The delivery was refused: {refused.reason}.")
    except RequestEntityTooLarge:
        _count(gate, source, "body-too-large")
        raise
    except SQLAlchemyError:
        log.exception("webhook.not_recorded", source=source.key)
        _told(source, "unrecorded")
        raise ServiceUnavailable("The delivery can't be recorded now.", retry_after=10) from None
    _told(source, "tested" if MARK in request.headers else answer.state)
    if answer.state == "accepted":
        pipeline().work.give()
    return Response(json.dumps(asdict(answer)), answer.status, mimetype="application/json")


def _body(most: int) -> bytes:
    """The raw bytes, counted as they come: a length may be absent, or a lie."""
    request.max_content_length = most + 1  # one more than we take, so that a cut body is never mistaken for a whole one
    body = request.stream.read(most + 1)
    if len(body) > most:
        raise RequestEntityTooLarge
    return body


def _count(gate: Gate, source: Source, reason: str) -> None:
    _told(source, "refused")
    gate.refuse(source.key, reason)
    _write(gate, gate.taken())


def _told(source: Source, outcome: str) -> None:
    """Counts one delivery: accepted, ignored, done (handed to the gate), replayed, tested (a ping of our own), refused,
    turned_away, unrecorded.
    """
    current_app.extensions["metrics"].delivered(source.key, outcome)


def write_refusals() -> None:
    """Writes down what is only counted so far: called where refusals are shown."""
    gate: Gate | None = current_app.extensions.get("webhooks")
    if gate is not None:
        _write(gate, gate.taken(everything=True))


def _write(gate: Gate, counted: Mapping[tuple[str, str], int]) -> None:
    if not counted:
        return
    try:
        pipeline().store.inbound.refuse(counted, pipeline().clock())
    except SQLAlchemyError:
        gate.give_back(counted)
        log.exception("webhook.refusals_not_counted")
