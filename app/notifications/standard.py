"""Signed generic webhooks (standardwebhooks.com): an id that stays, a time, and an HMAC over id, time and body."""

from __future__ import annotations

import json

from app.lib.times import format_instant
from app.lib.webhook_signature import signature
from app.notifications.model import Note, Request, Target

TYPE = "roadworthy.scores.changed"


def write(target: Target, note: Note) -> Request:
    """Shape: `{type, timestamp, data: {owner, changes}}`. Receivers drop an id they have seen."""
    data = {"owner": note.owner or None, "changes": [dict(change) for change in note.changes]}
    message = {"type": TYPE, "timestamp": format_instant(note.at), "data": data}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    identity, moment = f"msg_{note.id}", str(int(note.at.timestamp()))
    signed = signature(target.secret, f"{identity}.{moment}.".encode() + body)
    return Request(
        target.url,
        body,
        {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signed}",
        },
    )
