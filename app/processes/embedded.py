"""`serve` on a laptop: one web process (waitress), and the worker as its child."""

from __future__ import annotations

import signal
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from waitress.server import create_server

from app.errors import SettingsError
from app.lib import memory
from app.processes.child import Child
from app.processes.web import application, largest
from app.services import build
from app.settings import Settings

WAITRESS: dict[str, Any] = {"connection_limit": 500, "send_bytes": 1 << 18, "ident": "roadworthy"}
"""Connections open at once: waitress itself stops at 100, and slow senders hold theirs.

Answers of up to 256 kB are sent by its one thread of sockets and not by the thread that made them: while such a thread
sends, the other one sees a connection with something to write, may not write it, asks again at once and so keeps
Python's lock for its 5 ms. At 64 connections that made 600 to 1,800 answers a second of some 7,000."""


def serve(
    settings: Settings,
    config: Path,
    address: tuple[str, int],
    *,
    worker: bool,
    ready: Callable[[int], None],
    shared_metrics: str,
) -> None:
    """Serves until SIGTERM or SIGINT. `ready` is told the port once requests are taken. Raises SettingsError."""
    memory.spare()
    pipeline = build(settings)
    child = Child(config) if worker else None
    if child is not None and not settings.redis.url:
        pipeline.work, pipeline.news = child.work, child.news
    listening = _listen(address)
    server = _server(
        application(settings, pipeline, shared_metrics=shared_metrics),
        sockets=[listening],
        threads=settings.serve.threads,
        max_request_body_size=largest(settings),  # the largest thing anyone may send
    )

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        if child is not None:
            child.start()
        memory.settle()
        ready(listening.getsockname()[1])
        server.run()
    except KeyboardInterrupt:
        pass  # how we are asked to stop, by SIGINT or SIGTERM
    finally:
        server.close()
        if child is not None:
            child.stop()
        pipeline.git.close()


def _server(application: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # `send_bytes` is to go, and nothing else does its work
        return create_server(application, **options, **WAITRESS)


def _listen(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        return socket.create_server(address, family=family, reuse_port=False)
    except OSError as error:
        raise SettingsError(f"{address[0]}:{address[1]} can't be listened on: {error.strerror}") from None
