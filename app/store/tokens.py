"""Bearer tokens as kept: digests, scopes, when made, used, revoked. The texts are nowhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import RowMapping, or_, select, update

from app.identity.tokens import StoredToken
from app.store.engine import Database
from app.store.model import refs_of
from app.store.sql import insert
from app.store.tables_access import tokens

_AT = tokens.c


class Tokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: StoredToken) -> bool:
        """Keeps a new token. False, and nothing written, when a living one has its name."""
        row = {name: getattr(token, name) for name in StoredToken.__dataclass_fields__}
        row |= {"scopes": list(token.scopes), "groups": [str(group) for group in token.groups]}
        with self._database.write() as connection:
            named = select(tokens).where(_AT.name == token.name)
            if any(_token(one).is_live(token.created_at) for one in connection.execute(named).mappings()):
                return False
            insert(connection, tokens, [row])
        return True

    def find(self, token_id: str) -> StoredToken | None:
        with self._database.read() as connection:
            row = connection.execute(select(tokens).where(_AT.id == token_id)).mappings().first()
        return None if row is None else _token(row)

    def all(self) -> list[StoredToken]:
        """Every token ever made, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(tokens).order_by(_AT.created_at.desc(), _AT.id)).mappings().all()
        return [_token(row) for row in rows]

    def revoke(self, id_or_name: str, now: datetime) -> list[StoredToken]:
        """Ends the tokens with this id or name that were not revoked yet. Returns them."""
        meant = (or_(_AT.id == id_or_name, _AT.name == id_or_name), _AT.revoked_at.is_(None))
        with self._database.write() as connection:
            rows = connection.execute(select(tokens).where(*meant)).mappings().all()
            connection.execute(update(tokens).where(*meant).values(revoked_at=now))
        return [_token(row) for row in rows]

    def used(self, token_id: str, now: datetime) -> None:
        """Notes that a token was used; callers do so rarely (`identity.tokens.USED_EVERY`)."""
        with self._database.write() as connection:
            connection.execute(update(tokens).where(_AT.id == token_id).values(last_used_at=now))


def _token(row: RowMapping) -> StoredToken:
    return StoredToken(**{**row, "scopes": tuple(row["scopes"]), "groups": refs_of(row["groups"])})
