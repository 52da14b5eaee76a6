"""Bearer tokens: their form, and how they are kept. Pure; `store.tokens` keeps the rows.

A token is `rw_<id>_<secret><checksum>`. The id finds the row; of the rest only a SHA-256 digest is kept: a secret of
256 random bits can't be guessed, so a slow hash would only slow us down. The checksum (CRC-32, as forges' own tokens
have) lets secret scanners tell a real token from a look-alike without asking, and catches a token cut off by a paste.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.catalog.model import EntityRef

PREFIX = "rw_"
_ALPHABET = string.digits + string.ascii_letters
_ID, _SECRET, _CHECKSUM = 10, 43, 6  # 62^43 > 2^256
_FORM = re.compile(rf"rw_([0-9A-Za-z]{{{_ID}}})_([0-9A-Za-z]{{{_SECRET}}})([0-9A-Za-z]{{{_CHECKSUM}}})")
USED_EVERY = timedelta(hours=1)
"""`last_used_at` is kept this coarsely: a read must not cost a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token as kept: never the token itself. `groups`: it sees only what these own (empty: everything)."""

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    groups: tuple[EntityRef, ...] = ()
    created_at: datetime
    created_by: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewToken:
    """`text` is shown once; `id` and `digest` are kept."""

    text: str
    id: str
    digest: str


def new(choose: Callable[[str], str] = secrets.choice) -> NewToken:
    """A fresh token. `choose` picks one of the characters it is given, at random."""
    head = PREFIX + _word(_ID, choose) + "_" + _word(_SECRET, choose)
    text = head + _checksum(head)
    return NewToken(text, head[len(PREFIX) : len(PREFIX) + _ID], digest(text))


def id_of(text: str) -> str | None:
    """The id of something that looks like one of our tokens, checksum included; None for anything else."""
    match = _FORM.fullmatch(text)
    if match is None or _checksum(text[:-_CHECKSUM]) != match[3]:
        return None
    return match[1]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def proves(text: str, stored: StoredToken | None) -> bool:
    """Whether a text is the token that was stored, in the same time whether or not there is one."""
    wanted = stored.digest if stored is not None else "0" * 64
    return hmac.compare_digest(digest(text), wanted) and stored is not None


def _word(length: int, choose: Callable[[str], str]) -> str:
    return "".join(choose(_ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    number, letters = zlib.crc32(text.encode()), []
    for _ in range(_CHECKSUM):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
