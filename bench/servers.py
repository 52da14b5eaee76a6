"""Starts what is measured, each in a process of its own: an application behind waitress or Granian, or the peer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

THREADS, _GRANIAN_THREADS = 8, 4
"""As `serve` has them: waitress embedded, Granian in production (app/processes)."""
_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parent.parent


@contextmanager
def served(server: str, target: str, environ: Mapping[str, str], processes: int = 1) -> Iterator[str]:
    """Yields the base URL of `bench.targets:<target>`. Waitress is one process, Granian as many as are said."""
    port = free_port()
    if server == "waitress":
        quiet = "import logging; logging.getLogger('waitress.queue').setLevel('ERROR'); "
        code = f"from app.processes.embedded import WAITRESS; from bench.targets import {target} as t; "
        run = f"from waitress import serve; serve(t(), host='127.0.0.1', port={port}, threads={THREADS}, **WAITRESS)"
        command = [sys.executable, "-c", quiet + code + run]
    else:
        options = ["--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(port), "--no-log"]
        threads = ["--workers", str(processes), "--blocking-threads", str(_GRANIAN_THREADS), "--backpressure", "64"]
        command = [str(_BIN / "granian"), *options, *threads, f"bench.targets:{target}"]
    with process(command, f"http://127.0.0.1:{port}/healthz", {**os.environ, **environ}, _ROOT) as base:
        yield base.removesuffix("/healthz")


@contextmanager
def process(
    command: list[str], ready: str, environ: Mapping[str, str], folder: Path, wait: float = 60
) -> Iterator[str]:
    """A child process that answers on `ready`, whatever it answers."""
    import requests

    child = subprocess.Popen(
        command,
        env=dict(environ),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + wait
        while True:
            try:
                requests.get(ready, timeout=2)
                break
            except requests.RequestException:
                if time.monotonic() > until or child.poll() is not None:
                    raise RuntimeError(f"{command[0]} does not answer on {ready}") from None
                time.sleep(0.2)
        yield ready
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(20)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
