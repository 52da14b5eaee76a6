"""The web application of a process, from its settings: what the embedded server and the production one both serve."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from app import log
from app.lib import memory
from app.pipeline.services import Pipeline
from app.processes.bodies import Bodies
from app.processes.following import follow
from app.services import access_of, build, fix_requests_of, gate_of, upstream_of
from app.settings import Settings, load
from app.web import create_app

CONFIG = "ROADWORTHY_CONFIG"
METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Where the processes of a server count together; set before anything is: prometheus_client reads it at import."""
THREADS = 4
"""Of one of several processes, at most: a request computes and seldom waits."""
_LARGEST, _SPARE = 16 * 1024 * 1024, 1024 * 1024
"""Bytes of an inventory to simulate, and what is read beyond the largest body so that whoever handles it can tell."""
_LOOK_SECONDS, _STOP_SECONDS = 0.5, 10.0


def application(settings: Settings, pipeline: Pipeline, *, shared_metrics: str = "") -> Flask:
    """The application over a pipeline. Raises SettingsError when a secret is not where it should be."""
    app = create_app(
        pipeline,
        organisation=settings.organisation,
        public_url=settings.serve.public_url.rstrip("/"),
        access=access_of(settings, pipeline),
        gate=gate_of(settings),
        upstream=upstream_of(settings),
        fix_requests=fix_requests_of(settings),
        shared_metrics=shared_metrics,
    )
    follow(pipeline.news, app.extensions["kept"].heard)
    return app


def largest(settings: Settings) -> int:
    """Bytes that a server reads of one body; each route has a cap of its own below that."""
    return max(settings.webhooks.max_body, _LARGEST) + _SPARE


def check(settings: Settings, pipeline: Pipeline) -> None:
    """Raises SettingsError for what an application could not be made with."""
    access_of(settings, pipeline)
    gate_of(settings)
    fix_requests_of(settings)
    upstream_of(settings)


def from_environment() -> Flask:
    """Granian's factory: each of its processes builds its own, as its parent's environment says."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        _end_when_told()
        threading.Thread(target=_end_with, args=(parent.pid,), name="parent", daemon=True).start()
    return _built(os.environ)


def _end_when_told() -> None:
    """Granian listens to signals once the application is built. Until then a process has its parent's handler, and what
    asks it to end is lost: the whole server would wait for it and then kill it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))


def _end_with(parent: int) -> None:
    """Ends this process once its parent is gone, however it went: a killed server's processes would go on answering
    beside its heir's, from old code and old settings.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(1)


def _built(environ: Mapping[str, str]) -> Flask:
    memory.spare()
    log.configure()
    settings = load(Path(environ[CONFIG]), environ)
    made = application(settings, build(settings), shared_metrics=environ.get(METRICS, ""))
    places = max(1, min(THREADS, settings.serve.threads) // 2)
    made.wsgi_app = Bodies(made.wsgi_app, most=largest(settings), places=places)  # type: ignore[method-assign]
    memory.settle()
    return made
