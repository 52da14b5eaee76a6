"""What a provider tells: repositories, and (a catalog) entities. It raises, or its answer is whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.catalog.model import Entity


@dataclass(frozen=True, slots=True)
class Listed:
    """One repository. `url` is where it is fetched from; `alias` another name that links may use for it.

    `identity` is a forge's own id (`github:123`), which outlives renames; "" where there is none.
    """

    url: str
    branch: str = ""
    alias: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything a provider knows at one moment: the desired set."""

    repositories: tuple[Listed, ...] = ()
    entities: tuple[Entity, ...] = ()


class Provider(Protocol):
    """`name` is unique and stable: what it listed before is compared with what it lists now."""

    @property
    def name(self) -> str: ...

    def discover(self) -> Discovery:
        """Raises ProviderError when it can't say all of it: a failure is never an empty success."""
