"""Terraform of one repository in memory, and what it comes to: what tests of databases and clusters share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from app.facts.assembly import Assembly, assemble
from app.formats import reading
from app.formats.infrastructure import Database
from app.formats.model import Object, Part, Unreadable

T = TypeVar("T", bound=Object)


def assembled(files: Mapping[str, str]) -> Assembly:
    parts = [
        (path, one)
        for path, text in files.items()
        for one in reading.read(path, text.encode()).objects
        if isinstance(one, Part)
    ]
    return assemble(parts)


def made(files: Mapping[str, str] | str, cls: type[T]) -> list[tuple[str, T]]:
    given = {"main.tf": files} if isinstance(files, str) else files
    return [(path, one) for path, one in assembled(given).objects if isinstance(one, cls)]


def database(files: Mapping[str, str] | str) -> Database:
    ((_, found),) = made(files, Database)
    return found


def unreadable(text: str) -> list[Unreadable]:
    return list(reading.read("main.tf", text.encode()).unreadable)
