"""The settings of `sources.forges`: whose repositories are discovered. With their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.settings.secret import Secret


@dataclass(frozen=True, slots=True)
class GitHubApp:
    id: str
    installation: str
    private_key: Secret


@dataclass(frozen=True, slots=True)
class ForgeHost:
    """Which forge answers at a host whose name does not say it."""

    host: str
    forge: str


@dataclass(frozen=True, slots=True)
class ForgeSource:
    """An organisation, group, workspace or project. `url` "" is the forge's public API."""

    forge: str
    owner: str
    url: str = ""
    token: Secret | None = None
    app: GitHubApp | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    interval: timedelta | None = None
    archived: bool = False
    forks: bool = False
