"""Standard Webhooks signatures (standardwebhooks.com), for those we send and those we verify."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode


def signature(secret: str, content: bytes) -> str:
    """The base64 HMAC-SHA256 of `id.timestamp.body` under a `whsec_…` secret (any other text is its own key)."""
    return b64encode(hmac.new(_key(secret), content, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
