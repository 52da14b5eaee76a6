"""From what a request carries to an identity. Whoever answers requests hands in the text; nothing here knows HTTP."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from app.catalog.model import EntityRef
from app.errors import CredentialsError, UncheckableError
from app.identity import tokens
from app.identity.backstage import Backstage
from app.identity.model import ADMIN, READ, REFRESH, Identity
from app.identity.people import Directory, is_among
from app.identity.tokens import StoredToken

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LONGEST_NAME = 254


class TokenRows(Protocol):
    """The tokens that were made."""

    def find(self, token_id: str) -> StoredToken | None: ...

    def used(self, token_id: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that signs people in and names them in a header, believed only when it is the peer itself."""

    header: str
    addresses: Sequence[Network]
    scopes: Sequence[str] = (READ, REFRESH)

    def is_peer(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.split("%")[0])
        except ValueError:
            return False
        mapped = getattr(ip, "ipv4_mapped", None)
        return any((mapped or ip) in network for network in self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """`admins`: users, and groups whose direct members, hold every scope."""

    tokens: TokenRows
    directory: Directory
    clock: Callable[[], datetime]
    portals: Sequence[Backstage] = ()
    proxy: Proxy | None = None
    admins: Sequence[EntityRef] = ()

    def bearer(self, text: str) -> Identity:
        """Who holds a bearer token. Raises CredentialsError (always the same one), or UncheckableError: a portal whose
        keys can't be had may have issued it. Those of other portals come in all the same.
        """
        if text.startswith(tokens.PREFIX):
            return self._ours(text)
        problem: CredentialsError | UncheckableError = CredentialsError()
        for portal in self.portals:
            try:
                return self._promoted(portal.identify(text, self.directory, self.clock()))
            except UncheckableError as error:
                problem = error
            except CredentialsError:
                continue
        raise problem

    def token(self, token_id: str) -> Identity:
        """Who stands behind a stored token, as long as it lives: what a session remembers. Raises CredentialsError."""
        return self._live(self.tokens.find(token_id))

    def user(self, user: EntityRef, scopes: Sequence[str]) -> Identity:
        """A person whose name was proven elsewhere; the catalog says their groups."""
        groups = tuple(dict.fromkeys((user, *self.directory.groups_of(user))))
        return self._promoted(Identity(subject=str(user), scopes=frozenset(scopes), groups=groups, person=True))

    def named(self, peer: str, name: str) -> Identity | None:
        """Whom the trusted proxy names (a user's name, reference or address). None: the peer is not the proxy.

        Raises CredentialsError for a name that can't be one, such as two headers joined.
        """
        if self.proxy is None or not self.proxy.is_peer(peer):
            return None
        name = name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable() or any(part in name for part in ", ;"):
            raise CredentialsError
        user = self.directory.by_email(name) if "@" in name else None
        if "@" in name and user is None:
            return Identity(subject=f"email:{name}", scopes=frozenset(self.proxy.scopes), person=True, ambient=True)
        try:
            user = user or EntityRef.parse(name, kind="user")
        except ValueError:
            raise CredentialsError from None
        return replace(self.user(user, self.proxy.scopes), ambient=True)

    def _ours(self, text: str) -> Identity:
        token_id = tokens.id_of(text)
        stored = self.tokens.find(token_id) if token_id else None
        if not tokens.proves(text, stored):
            raise CredentialsError
        return self._live(stored)

    def _live(self, stored: StoredToken | None) -> Identity:
        now = self.clock()
        if stored is None or not stored.is_live(now):
            raise CredentialsError
        if stored.last_used_at is None or now - stored.last_used_at >= tokens.USED_EVERY:
            self.tokens.used(stored.id, now)
        return Identity(
            subject=f"token:{stored.name}",
            scopes=frozenset(stored.scopes),
            groups=stored.groups,
            limited=bool(stored.groups),
            key=stored.id,
            expires_at=stored.expires_at,
        )

    def _promoted(self, identity: Identity) -> Identity:
        if identity.person and is_among(identity.groups, self.admins):
            return replace(identity, scopes=identity.scopes | {ADMIN})
        return identity
