"""`roadworthy serve`: one command, a web process and one child worker that ends with it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from app.cli import options
from app.errors import SettingsError

_STOP_SECONDS = 10
_SPARE = 1024 * 1024


@click.command()
@options.config
@click.option("--host", help="Address to listen on; other than loopback only with auth.mode on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one.")
@click.option("--worker/--no-worker", default=True, help="Also start the worker as a child process.")
@options.output_format
def command(config: Path, host: str | None, port: int | None, worker: bool, output: str) -> None:
    """Serve API and pages, and keep scores fresh in a child process."""
    import socket

    from waitress.server import create_server

    from app import log
    from app.services import access_of, build, gate_of, upstream_of
    from app.settings.access import is_loopback
    from app.web import create_app

    log.configure()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for a thread
    settings = options.settings_of(config)
    address = host or settings.serve.host
    if settings.auth.mode == "off" and not is_loopback(address):
        raise SettingsError(f"{address} is not loopback: set auth.mode to on, or serve on 127.0.0.1")
    pipeline = build(settings)
    listening = socket.create_server((address, settings.serve.port if port is None else port), reuse_port=False)
    app = create_app(
        pipeline,
        organisation=settings.organisation,
        public_url=settings.serve.public_url.rstrip("/"),
        access=access_of(settings, pipeline),
        gate=gate_of(settings),
        upstream=upstream_of(settings),
    )
    server = create_server(
        app,
        sockets=[listening],
        threads=settings.serve.threads,
        ident="roadworthy",
        max_request_body_size=settings.webhooks.max_body + _SPARE,  # the largest thing anyone may send
    )
    child = _start_worker(config) if worker else None
    click.echo(f"Serving on http://{address}:{listening.getsockname()[1]}")
    sys.stdout.flush()

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.run()
    except KeyboardInterrupt:
        click.echo("Stopping.", err=True)
    finally:
        server.close()
        if child is not None:
            _stop(child)
        pipeline.git.close()


def _start_worker(config: Path) -> subprocess.Popen[bytes]:
    """The same program as a worker; it watches that we are still its parent."""
    command_line = [sys.executable, "-m", "app.cli", "worker", "--config", str(config), "--parent", str(os.getpid())]
    return subprocess.Popen(command_line)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_SECONDS + 2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
