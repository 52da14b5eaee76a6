"""All that decides who gets in, as one value: built from the settings by the composition root, handed to the web."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from app.identity.authenticator import Authenticator
from app.identity.people import Visibility
from app.lib.signing import SHORTEST, Signer

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _fresh() -> Signer:
    return Signer(secrets.token_bytes(SHORTEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`authenticator` None: sign-in is off, and only this machine may ask. `public`: what needs no sign-in."""

    authenticator: Authenticator | None = None
    signer: Signer = field(default_factory=_fresh)
    visibility: Visibility = "all"
    public: frozenset[str] = frozenset()
    session_lifetime: timedelta = timedelta(hours=12)
    public_url: str = ""
    hosts: frozenset[str] = frozenset()

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
        loopback address, must not make a browser our reader (DNS rebinding)."""
        return name.lower() in _LOOPBACK | self.hosts | {urlsplit(self.public_url).hostname}
