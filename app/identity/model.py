"""Who asks, and what they may do. An `Identity` is made by `authenticator`, kept for one request, and never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.catalog.model import EntityRef

READ, REFRESH, FACTS_WRITE, WAIVERS_WRITE, ADMIN = "read", "refresh", "facts:write", "waivers:write", "admin"
FIXES_WRITE = "fixes:write"
SCOPES = (READ, REFRESH, FACTS_WRITE, FIXES_WRITE, WAIVERS_WRITE, ADMIN)
"""Each stands alone (a token that pushes facts can't read); only `admin` holds all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`subject`: `token:<name>`, `user:<namespace>/<name>`, `plugin:<id>` or `anonymous`: what audit and pages show.

    `groups`: what it belongs to (groups, and a user's own reference), for visibility. `limited`: it sees only what
    these groups own, whatever the settings say. `ambient`: the browser sends it by itself (a cookie, a proxy's header,
    nothing at all), so a form needs proof that our page was its origin. `key`: the stored token behind it, or "".
    """

    subject: str
    scopes: frozenset[str]
    groups: tuple[EntityRef, ...] = ()
    limited: bool = False
    ambient: bool = False
    person: bool = False
    key: str = ""
    expires_at: datetime | None = None

    def may(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes


ANONYMOUS = Identity(subject="anonymous", scopes=frozenset(SCOPES), ambient=True)
"""Everyone, where sign-in is off (loopback only)."""
NOBODY = Identity(subject="nobody", scopes=frozenset(), limited=True, ambient=True)
"""Someone who did not sign in, where sign-in is on."""
PUBLIC = Identity(subject="public", scopes=frozenset({READ}), ambient=True)
"""Someone who did not sign in, looking at what the settings open to everyone (badges)."""
