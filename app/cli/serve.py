"""`roadworthy serve`: API and pages. On a laptop with the worker as its child, in production as N processes."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click

from app.cli import options
from app.errors import SettingsError
from app.lib.own_folder import OwnFolder


@click.command()
@options.config
@click.option("--host", help="Address to listen on; other than loopback only with auth.mode on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one.")
@click.option("--worker/--no-worker", default=True, help="Also start the worker as a child process.")
@click.option("--processes", type=click.IntRange(0, 64), help="Web processes; 0: one, embedded. More need --no-worker.")
@click.option("--trial", is_flag=True, hidden=True, help="Only say why web processes could not start, if so.")
@options.output_format
def command(
    config: Path, host: str | None, port: int | None, worker: bool, processes: int | None, trial: bool, output: str
) -> None:
    """Serve API and pages, and keep scores fresh in a child process."""
    options.end_on_sigterm()
    if trial:
        _try(config)
        return
    with OwnFolder("roadworthy-metrics-") as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)  # before anything counts: all our processes count together
        _serve(config, host, port, worker, processes, str(shared))


def _try(config: Path) -> None:
    from app import log
    from app.processes.trial import refuse

    log.configure()
    refuse(options.settings_of(config))


def _serve(config: Path, host: str | None, port: int | None, worker: bool, processes: int | None, shared: str) -> None:
    from dataclasses import replace

    from app import log
    from app.processes import embedded, production
    from app.settings.access import is_loopback

    log.configure()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request that waits for a thread
    settings = options.settings_of(config)
    if processes is not None:
        settings = replace(settings, serve=replace(settings.serve, processes=processes))
    address = host or settings.serve.host
    if settings.auth.mode == "off" and not is_loopback(address):
        raise SettingsError(f"{address} is not loopback: set auth.mode to on, or serve on 127.0.0.1")
    place = (address, settings.serve.port if port is None else port)

    def ready(listening: int) -> None:
        click.echo(f"Serving on http://{address}:{listening}")
        sys.stdout.flush()

    if not settings.serve.processes:
        embedded.serve(settings, config, place, worker=worker, ready=ready, shared_metrics=shared)
    elif worker:
        raise SettingsError("several web processes have no child: add --no-worker, and run `roadworthy worker` beside")
    else:
        production.serve(settings, config, place, ready=ready)
    click.echo("Stopped.", err=True)
