"""A running service to break: embedded (one `serve`, SQLite), or production (web, workers, PostgreSQL, Redis)."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from random import Random

import redis
import servers
from fault_told import Listener, unsent
from fault_town import SECRET, Town
from fault_verdict import is_attributed, tips
from processes import Process, catches, children, soon
from real_parts import require

from app.services import utc_now
from app.store import migrate
from app.store.store import Store

_NERVOUS = "mirrors: {{concurrency: 4, timeout: 10s{place}}}\npolling: {{interval: 20s, discover_interval: 5m}}"
"""Looks so often that a scenario need not wait for what a lost webhook leaves to a poll."""


class Cluster:
    """Starts processes of a town's service, kills and starts them again; the store is looked at from outside."""

    def __init__(
        self,
        town: Town,
        folder: Path,
        *,
        workers: int = 0,
        mirrors: str = "",
        environ: Mapping[str, str] | None = None,
        settings: str = _NERVOUS,
    ) -> None:
        """`workers` 0: embedded. `mirrors`: where they lie, if not beside the database."""
        self.town, self.folder, self.workers = town, folder, workers
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "roadworthy.yaml"
        place = f", path: {mirrors}" if mirrors else ""
        self.listener = Listener()
        self.config.write_text(town.settings(settings.format(place=place), self.listener.settings), "utf-8")
        self.environ = {"TOWN_SECRET": SECRET, **self.listener.environ, **(environ or {})}
        self.ahead = timedelta()
        self.is_sound = True
        self.postgres: servers.PostgresServer | None = None
        self.postgres_keeper: subprocess.Popen[bytes] | None = None
        self.redis_port, self.redis_keeper = 0, None
        self.port = servers.free_port()
        self.processes: dict[str, Process] = {}
        self.dice = Random(7)

    @property
    def is_embedded(self) -> bool:
        return not self.workers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        if self.postgres is not None:
            return f"{self.postgres.url}/roadworthy"
        return f"sqlite:///{self.folder / '.roadworthy' / 'roadworthy.db'}"

    def start(self) -> None:
        """Everything, until it answers."""
        if not self.is_embedded:
            self.postgres = servers.PostgresServer(Path(require("postgres")))
            self.start_postgres()
            servers.create_database(self.postgres.url, "roadworthy")
            self.redis_port = servers.free_port()
            self.start_redis()
            self.environ["ROADWORTHY_DATABASE__URL"] = self.database
            self.environ["ROADWORTHY_REDIS__URL"] = f"redis://127.0.0.1:{self.redis_port}"
            migrate.upgrade(self.database)
        self.start_processes()
        self.processes["web"].url()

    def names(self) -> list[str]:
        return ["web", *(f"worker-{number}" for number in range(self.workers))]

    def start_processes(self, *names: str) -> None:
        """Starts those that don't run, by what `environ` says now."""
        for name in names or self.names():
            known = self.processes.get(name)
            if known is not None and known.popen.poll() is None:
                continue
            if known is not None:
                known.end()
            self.processes[name] = Process(self.config, *self._command(name), environ=self.environ)

    def _command(self, name: str) -> tuple[str, ...]:
        if name != "web":
            return ("worker",)
        where = ("serve", "--port", str(self.port))
        return where if self.is_embedded else (*where, "--no-worker", "--processes", "2")

    def kill(self, *names: str) -> None:
        """SIGKILL, with no word of warning; of several at once."""
        for name in names:
            self.processes[name].popen.kill()
        for name in names:
            self.processes[name].end()

    def kill_child(self) -> None:
        """The worker that `serve` started."""
        for pid in children(self.processes["web"].pid):
            os.kill(pid, 9)

    def terminate(self, name: str) -> int:
        """SIGTERM, once it hears of it; its exit code, or a failure when it takes longer than it may."""
        soon(lambda: catches(self.processes[name].pid, signal.SIGTERM), 60, f"a handler in {name}")
        return self.processes[name].stop(15)

    def run(self, *command: str) -> Process:
        """Another command over the same settings, beside what runs."""
        return Process(self.config, *command, environ=self.environ)

    def start_postgres(self, stop: signal.Signals = signal.SIGINT) -> None:
        """`stop`: how it will end: SIGINT tells its clients first, SIGQUIT cuts them off."""
        assert self.postgres is not None
        self.postgres_keeper = self.postgres.start(stop=stop)

    def stop_postgres(self) -> None:
        assert self.postgres_keeper is not None
        servers.stop(self.postgres_keeper)

    def start_redis(self) -> None:
        self.redis_keeper = servers.start_redis(require("redis"), self.redis_port)

    def stop_redis(self) -> None:
        assert self.redis_keeper is not None
        servers.stop(self.redis_keeper)

    def flush_redis(self) -> None:
        with redis.Redis(port=self.redis_port) as client:
            client.flushall()

    def store(self) -> Store:
        return Store.open(self.database)

    def settle(self, seconds: float = 120) -> None:
        """Waits until every repository was read and every entity judged, before anything is broken."""
        store = self.store()
        try:
            soon(lambda: _is_settled(store, self.town, self.ahead), seconds, "the crawl before the fault")
        finally:
            store.close()

    def stop(self) -> None:
        for process in self.processes.values():
            process.end()
        for keeper in (self.redis_keeper, self.postgres_keeper):
            if keeper is not None:
                servers.stop(keeper)
        if self.postgres is not None:
            self.postgres.remove()
        self.listener.close()

    def log(self, name: str = "") -> str:
        """What the processes wrote, for a failure's message."""
        return "\n".join(f"== {key}\n{one.text()[-3000:]}" for key, one in self.processes.items() if name in key)


def _is_settled(store: Store, town: Town, ahead: timedelta) -> bool:
    heads = {town.server.url(name): commit for name, commit in town.heads.items()}
    read = heads.items() <= tips(store).items()
    counted = store.due.waiting(utc_now() + ahead) == 0 and store.team_counts.waiting() == 0
    return read and counted and is_attributed(store) and not unsent(store)
