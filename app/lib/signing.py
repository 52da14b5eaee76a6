"""Texts that only we can have written: an HMAC over a purpose, a time and a payload. For sessions and form tokens."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """`secret`: at least 32 bytes. One purpose's text never opens as another's."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST:
            raise ValueError(f"a signing secret needs at least {SHORTEST} bytes")

    def sign(self, purpose: str, payload: str, at: datetime) -> str:
        body = f"{int(at.timestamp()):x}.{urlsafe_b64encode(payload.encode()).decode().rstrip('=')}"
        return f"{body}.{self._mark(purpose, body)}"

    def open(self, purpose: str, text: str, now: datetime, life: timedelta) -> str | None:
        """The payload, if we signed it for this purpose within `life` before `now`; else None."""
        body, _, mark = text.rpartition(".")
        if not text.isascii() or not hmac.compare_digest(mark, self._mark(purpose, body)):
            return None
        moment, _, payload = body.partition(".")
        if not 0 <= now.timestamp() - int(moment, 16) + 1 < life.total_seconds() + 1:
            return None
        return urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()

    def _mark(self, purpose: str, body: str) -> str:
        found = hmac.new(self.secret, f"{purpose}\n{body}".encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(found).decode().rstrip("=")
