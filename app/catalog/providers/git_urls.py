"""A list of git URLs from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog.providers.model import Discovery, Listed


@dataclass(frozen=True, slots=True)
class GitUrls:
    urls: Sequence[str]
    name: str = "repositories"

    def discover(self) -> Discovery:
        return Discovery(tuple(Listed(url) for url in dict.fromkeys(self.urls)))
