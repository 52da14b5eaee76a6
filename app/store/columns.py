"""Columns that many tables share: text, counts and flags that are never null, and a row's repository."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, literal_column

from app.store.types import Name

metadata = MetaData()

BIG = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER is SQLite's row id


def text(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, Name, primary_key=primary_key, nullable=False, default=None if primary_key else "")


def count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


def repository(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "repository",
        Name,
        ForeignKey("repositories.url", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def only(condition: str) -> dict[str, Any]:
    """Options of an index that holds only the rows for which an SQL condition is true."""
    return {"sqlite_where": literal_column(condition), "postgresql_where": literal_column(condition)}
