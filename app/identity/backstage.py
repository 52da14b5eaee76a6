"""Backstage's own tokens, checked with the keys it publishes.

User token: type `vnd.backstage.user`, audience `backstage`, issuer the auth backend's URL, `sub` the user's reference,
`ent` what they belong to (a portal may leave it out: then the catalog says). Plugin token: `vnd.backstage.plugin`,
audience the plugin that is called, signed with the calling plugin's key. When it acts for a user, `obo` holds that
user's limited token (`vnd.backstage.limited-user`, the auth backend's signature over subject and times), and the
identity is the user's: a plugin never lends anyone more than they have.
Source: Backstage's backend-defaults (UserTokenHandler, PluginTokenHandler) and auth-backend (issueUserToken).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.catalog.model import EntityRef
from app.errors import CredentialsError
from app.identity import web_tokens
from app.identity.model import READ, REFRESH, Identity
from app.identity.people import Directory
from app.identity.web_tokens import Keys

USER, PLUGIN, LIMITED = "vnd.backstage.user", "vnd.backstage.plugin", "vnd.backstage.limited-user"
_USER_AUDIENCE = ("backstage",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backstage:
    """One portal whose tokens are believed. `plugins`: plugin id → its keys; others are refused."""

    issuer: str
    keys: Keys
    plugins: Mapping[str, Keys] = field(default_factory=dict)
    audiences: Sequence[str] = ("roadworthy",)
    algorithms: Sequence[str] = ("ES256",)
    leeway: timedelta = timedelta(seconds=30)
    user_scopes: Sequence[str] = (READ, REFRESH)
    plugin_scopes: Sequence[str] = (READ,)

    def identify(self, token: str, directory: Directory, now: datetime) -> Identity:
        """Who holds the token. Raises CredentialsError or UncheckableError."""
        if web_tokens.header_of(token).get("typ") == PLUGIN:
            return self._plugin(token, directory, now)
        if web_tokens.issuer_of(token) != self.issuer:  # another portal's: our keys need not be asked for
            raise CredentialsError
        claims = self._verified(token, self.keys, USER, now, audience=_USER_AUDIENCE, issuer=self.issuer)
        return self._user(claims, directory)

    def _plugin(self, token: str, directory: Directory, now: datetime) -> Identity:
        plugin = web_tokens.subject_of(token)
        if plugin not in self.plugins:
            raise CredentialsError
        claims = self._verified(token, self.plugins[plugin], PLUGIN, now, audience=self.audiences)
        if claims.get("sub") != plugin:
            raise CredentialsError
        if "obo" in claims:
            limited = self._verified(str(claims["obo"]), self.keys, LIMITED, now)
            return self._user(limited, directory)
        return Identity(subject=f"plugin:{plugin}", scopes=frozenset(self.plugin_scopes), expires_at=_expiry(claims))

    def _user(self, claims: Mapping[str, Any], directory: Directory) -> Identity:
        user = _ref(claims.get("sub"))
        if user.kind != "user":  # a group's name must not stand where a person's does
            raise CredentialsError
        told = claims.get("ent")
        groups = tuple(_ref(one) for one in told) if isinstance(told, list) else directory.groups_of(user)
        return Identity(
            subject=str(user),
            scopes=frozenset(self.user_scopes),
            groups=tuple(dict.fromkeys((user, *groups))),
            person=True,
            expires_at=_expiry(claims),
        )

    def _verified(
        self, token: str, keys: Keys, typ: str, now: datetime, *, audience: Sequence[str] = (), issuer: str = ""
    ) -> Mapping[str, Any]:
        return web_tokens.verified(
            token,
            keys,
            typ=typ,
            algorithms=self.algorithms,
            now=now,
            leeway=self.leeway,
            audience=audience,
            issuer=issuer,
        )


def _ref(value: object) -> EntityRef:
    try:
        return EntityRef.parse(value, kind="user")  # type: ignore[arg-type]
    except ValueError:
        raise CredentialsError from None


def _expiry(claims: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)
