"""`roadworthy worker`: keeps scores fresh. Any number of them may run on one database."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import click

from app.cli import options


@click.command()
@options.config
@click.option("--parent", type=int, default=0, hidden=True, help="End when this process is no longer our parent.")
@options.output_format
def command(config: Path, parent: int, output: str) -> None:
    """Refresh repositories when they are due, and judge what that concerns, until stopped (SIGTERM)."""
    from app import log
    from app.jobs.worker import Worker, WorkerSettings
    from app.pipeline.refresh import refresh
    from app.pipeline.upkeep import Upkeep
    from app.services import build, deliverer_of, gatekeeper_of
    from app.store.model import RepositoryClaim

    log.configure()
    settings = options.settings_of(config)
    pipeline = build(settings)
    deliverer = deliverer_of(settings, pipeline)
    gatekeeper = gatekeeper_of(settings, pipeline)
    upkeep = Upkeep(pipeline, settings.polling.discover_interval)

    def run_one(claim: RepositoryClaim) -> None:
        refresh(pipeline, claim)

    def beside() -> None:
        if parent and os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
        upkeep.tick()

    def deliver() -> None:
        deliverer.tick()

    def judge_changes() -> None:
        if gatekeeper is not None:
            gatekeeper.tick()

    besides = [beside, deliver, *([judge_changes] if gatekeeper is not None else [])]
    workers = WorkerSettings(threads=settings.mirrors.concurrency)
    worker = Worker(pipeline.store.claims, run_one, settings=workers, beside=besides)
    worker.stop_on_signals()
    ended = worker.run()
    pipeline.git.close()
    if not ended:
        os._exit(0)
