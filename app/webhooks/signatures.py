"""Proofs of a webhook's sender: HMAC over the raw bytes, or a token; compared in constant time, before parsing.

Every secret is tried and all are compared to the end, so that the answer's time tells nothing. No secret, or an empty
signature (Gitea sends `sha256=` when none is set), proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime

from app.lib.webhook_signature import signature
from app.webhooks.model import Refused

TOLERANCE_SECONDS = 300
"""How old or early a signed time may be (Standard Webhooks: five minutes)."""


def hexadecimal(secrets: Sequence[str], body: bytes, presented: str) -> None:
    """HMAC-SHA256 in hex, as GitHub, Gitea and Bitbucket sign. Raises Refused."""
    if not presented:
        raise Refused("signature-missing")
    expected = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in _real(secrets)]
    _one_of(expected, presented.lower())


def token(secrets: Sequence[str], presented: str) -> None:
    """A plain shared token, as GitLab sends. Raises Refused."""
    if not presented:
        raise Refused("token-missing")
    _one_of(_real(secrets), presented, "token-wrong")


def standard(secrets: Sequence[str], identity: str, moment: str, presented: str, body: bytes, now: datetime) -> None:
    """Standard Webhooks: `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, several parted by spaces. Raises Refused."""
    if not (identity and moment and presented):
        raise Refused("signature-missing")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 12):
        raise Refused("timestamp-unreadable")
    if abs(now.timestamp() - int(moment)) > TOLERANCE_SECONDS:
        raise Refused("timestamp-too-far")
    content = f"{identity}.{moment}.".encode() + body
    expected = [signature(secret, content) for secret in _real(secrets)]
    for one in presented.split(" ")[:8]:
        version, _, given = one.partition(",")
        if version == "v1" and _is_one_of(expected, given):
            return
    raise Refused("signature-wrong")


def _real(secrets: Sequence[str]) -> list[str]:
    found = [secret for secret in secrets if secret]
    if not found:
        raise Refused("no-secret-configured", 403)
    return found


def _one_of(expected: Iterable[str], presented: str, reason: str = "signature-wrong") -> None:
    if not _is_one_of(expected, presented):
        raise Refused(reason)


def _is_one_of(expected: Iterable[str], presented: str) -> bool:
    given = presented.encode("utf-8", "surrogateescape")
    return any([hmac.compare_digest(one.encode("utf-8", "surrogateescape"), given) for one in expected])  # noqa: C419
