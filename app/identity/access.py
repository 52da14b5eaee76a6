"""All that decides who gets in, as one value: built from the settings by the composition root, handed to the web."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from app.identity.authenticator import Authenticator
from app.identity.people import Visibility
from app.lib.rate import UNLIMITED, Limiter, MemoryLimiter, Rate
from app.lib.signing import SHORTEST, Signer

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _fresh() -> Signer:
    return Signer(secrets.token_bytes(SHORTEST))


class Sessions(Protocol):
    """Remembers sessions of pages that were ended, by a digest of their cookie."""

    def end(self, digest: str, until: datetime, now: datetime) -> None: ...

    def is_ended(self, digest: str) -> bool: ...


@dataclass
class MemorySessions:
    """One process's own."""

    ended: dict[str, datetime] = field(default_factory=dict)

    def end(self, digest: str, until: datetime, now: datetime) -> None:
        self.ended = {one: at for one, at in self.ended.items() if at > now} | {digest: until}

    def is_ended(self, digest: str) -> bool:
        return digest in self.ended


@dataclass(frozen=True, slots=True)
class Rates:
    """How often: reads and writes for each identity, refused credentials for each peer."""

    reads: Rate = UNLIMITED
    writes: Rate = UNLIMITED
    failures: Rate = UNLIMITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`authenticator` None: sign-in is off, and only this machine may ask. `public`: what needs no sign-in.

    `cors_origins`: whose scripts may call the API; `frame_ancestors`: who may embed widgets and badges (lower case).
    """

    authenticator: Authenticator | None = None
    signer: Signer = field(default_factory=_fresh)
    visibility: Visibility = "all"
    public: frozenset[str] = frozenset()
    session_lifetime: timedelta = timedelta(hours=12)
    sessions: Sessions = field(default_factory=MemorySessions)
    public_url: str = ""
    hosts: frozenset[str] = frozenset()
    cors_origins: frozenset[str] = frozenset()
    frame_ancestors: tuple[str, ...] = ()
    rates: Rates = field(default_factory=Rates)
    limiter: Limiter = field(default_factory=MemoryLimiter)

    @property
    def is_on(self) -> bool:
        return self.authenticator is not None

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def public_netloc(self) -> str:
        return urlsplit(self.public_url).netloc.lower()

    def knows_host(self, name: str) -> bool:
        """Whether we may be asked by this name while sign-in is off: another site's name, pointed at this machine's
        loopback address, must not make a browser our reader (DNS rebinding). Our own public name is no exception: a
        proxy on this machine would let everyone in.
        """
        return name.lower() in _LOOPBACK | self.hosts
