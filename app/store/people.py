"""Users and their groups, without loading the catalog: what signing in asks on every request."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select, union

from app.catalog.model import EntityRef
from app.store.declared import CATALOG_VERSION
from app.store.engine import Database
from app.store.model import refs_of
from app.store.sql import number
from app.store.tables import entities, relations


class People:
    """Implements `identity.people.Directory` over the store. Safe for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._emails: tuple[int, Mapping[str, EntityRef | None]] = (-1, {})

    def groups_of(self, user: EntityRef) -> tuple[EntityRef, ...]:
        """The groups a user is a direct member of, whichever side says so; none for an unknown one."""
        at, name = relations.c, str(user)
        said = select(at.target.label("ref")).where(at.source == name, at.type == "memberOf")
        listed = select(at.source.label("ref")).where(at.target == name, at.type == "hasMember")
        with self._database.read() as connection:
            return refs_of(sorted(connection.execute(union(said, listed)).scalars()))

    def by_email(self, email: str) -> EntityRef | None:
        """The one user whose profile has this address; None for none, and for more than one.

        The index is made once a version of the catalog.
        """
        with self._database.read() as connection:
            version = number(connection, CATALOG_VERSION)
            with self._lock:
                known, found = self._emails
            if known != version:
                found = _index(connection)
                with self._lock:
                    self._emails = (version, found)
        return found.get(email.lower())


def _index(connection: Connection) -> dict[str, EntityRef | None]:
    found: dict[str, EntityRef | None] = {}
    for ref, email in _addresses(connection):
        found[email] = None if email in found else ref
    return found


def _addresses(connection: Connection) -> Iterator[tuple[EntityRef, str]]:
    users = (entities.c.kind == "user", entities.c.orphaned_at.is_(None))
    for row in connection.execute(select(entities.c.ref, entities.c.body).where(*users)):
        spec = row.body["document"].get("spec")
        profile = spec.get("profile") if isinstance(spec, dict) else None
        email = profile.get("email") if isinstance(profile, dict) else None
        if isinstance(email, str) and email:
            yield EntityRef.parse(row.ref), email.lower()
