"""`serve` in production: N web processes behind one port (Granian), without a worker. Workers run on their own.

Each process has few threads, since a request computes and seldom waits; more requests at once than that wait in line
(`backpressure`), and a slow one holds only its own process. Processes that die are started again.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.errors import SettingsError
from app.lib import memory
from app.processes.web import CONFIG, THREADS
from app.settings import Settings

_WAITING = 64
_STOP_SECONDS = 8
"""Then a process is killed: the whole is to be over within ten."""


def serve(settings: Settings, config: Path, address: tuple[str, int], *, ready: Callable[[int], None]) -> None:
    """Serves until SIGTERM or SIGINT. `ready` is told the port just before requests are taken. Raises SettingsError."""
    try:
        from granian import Granian
        from granian.constants import Interfaces
        from granian.log import LogLevels
    except ModuleNotFoundError:
        raise SettingsError("serve.processes needs its server: pip install 'roadworthy[server]'") from None
    _try(config)
    memory.settle()  # what is loaded by now is shared with the processes, where they are forks of this one
    os.environ[CONFIG] = str(config)
    host, port = address[0], address[1] or _free_port(address[0])
    server = Granian(
        "app.processes.web:from_environment",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings.serve.processes,
        blocking_threads=min(THREADS, settings.serve.threads),
        backpressure=_WAITING,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_level=LogLevels.warning,
    )
    watch = threading.Thread(target=_tell, args=(host, port, ready), name="ready", daemon=True)
    server.on_startup(watch.start)
    server.serve()


def _try(config: Path) -> None:
    """Ends this process as `serve --trial` ends: it has said why by then."""
    done = subprocess.run([sys.executable, "-m", "app.cli", "serve", "--trial", "--config", str(config)], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _tell(host: str, port: int, ready: Callable[[int], None]) -> None:
    """Tells once the first process takes requests."""
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            ready(port)
            return
        time.sleep(0.05)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
