"""What a hint does to a repository's due time, whoever gives it: a person, a forge, a poll that noticed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case

from app.store.sql import earliest
from app.store.tables import repositories

DEADLY = 3
"""Workers in a row that ended while they read a repository, before it is left alone for a while, hints or not."""


def pulled_forward(now: datetime | ColumnElement[datetime]) -> ColumnElement[datetime]:
    """At once, or when it is due anyway; a repository that ends workers keeps its time."""
    at = repositories.c
    return case((at.deaths >= DEADLY, at.due_at), else_=earliest(at.due_at, now))
