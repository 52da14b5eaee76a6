"""The settings as frozen dataclasses, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from app.settings.access import Auth
from app.settings.forges import ForgeHost, ForgeSource
from app.settings.gate import Gating
from app.settings.notifications import Notifications
from app.settings.portal import TechInsights
from app.settings.running import RedisServer, Work
from app.settings.secret import Secret
from app.settings.webhooks import Webhooks

EVIDENCE = ("alerts", "runbooks", "slos", "alertmanager", "manifests", "infrastructure", "gateways")


@dataclass(frozen=True, slots=True)
class Database:
    url: str = "sqlite:///.roadworthy/roadworthy.db"
    connections: int = 10


@dataclass(frozen=True, slots=True)
class Mirrors:
    path: str = ".roadworthy/mirrors"
    concurrency: int = 8
    timeout: timedelta = timedelta(minutes=5)
    max_file_size: int = 2 * 1024 * 1024
    max_files: int = 200_000
    max_total_size: int = 512 * 1024 * 1024
    max_depth: int = 64
    history: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Transport:
    """Which URLs may be fetched: always https and ssh; file, http and git only when said."""

    hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    allow_file: bool = False
    allow_http: bool = False
    allow_git: bool = False
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    host: str
    username: str = ""
    token: Secret | None = None
    ssh_key_file: str = ""


@dataclass(frozen=True, slots=True)
class BackstageSource:
    name: str
    url: str
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    repositories: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    backstage: tuple[BackstageSource, ...] = ()
    forges: tuple[ForgeSource, ...] = ()
    hosts: tuple[ForgeHost, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRepository:
    url: str
    provides: tuple[str, ...] = EVIDENCE


@dataclass(frozen=True, slots=True)
class Polling:
    interval: timedelta = timedelta(minutes=5)
    discover_interval: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Serving:
    host: str = "127.0.0.1"
    port: int = 7100
    threads: int = 8
    processes: int = 0
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    path: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything, frozen. `folder` is where relative paths begin."""

    folder: Path = field(default_factory=Path.cwd)
    organisation: str = "Our organisation"
    database: Database = Database()
    mirrors: Mirrors = Mirrors()
    transport: Transport = Transport()
    credentials: tuple[Credential, ...] = ()
    sources: Sources = Sources()
    evidence_repositories: tuple[EvidenceRepository, ...] = ()
    policy: Policy = Policy()
    polling: Polling = Polling()
    serve: Serving = Serving()
    tech_insights: TechInsights = field(default_factory=TechInsights)
    auth: Auth = field(default_factory=Auth)
    redis: RedisServer = field(default_factory=RedisServer)
    worker: Work = field(default_factory=Work)
    webhooks: Webhooks = field(default_factory=Webhooks)
    gate: Gating = field(default_factory=Gating)
    notifications: Notifications = field(default_factory=Notifications)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def path(self, text: str) -> Path:
        return (self.folder / Path(text).expanduser()).resolve()

    def reveal(self, secret: Secret | None) -> str:
        """A secret's text, "" for none; its file lies beside the settings. Raises SettingsError."""
        return secret.reveal(self.environ, self.folder) if secret else ""

    @property
    def database_url(self) -> str:
        """The database's URL with a relative SQLite path made absolute."""
        head = "sqlite:///"
        if not self.database.url.startswith(head) or self.database.url.startswith(head + "/"):
            return self.database.url
        return head + str(self.path(self.database.url.removeprefix(head)))
