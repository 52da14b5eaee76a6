"""A worker process, from its settings to its end. `roadworthy worker` runs it, and `serve` as its child."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import start_http_server

from app.errors import SettingsError
from app.jobs.beside import Beside
from app.jobs.hints import PipeHints
from app.jobs.worker import Worker, WorkerSettings
from app.lib import memory
from app.pipeline.judge import judge_found
from app.pipeline.refresh import refresh
from app.pipeline.services import Pipeline
from app.pipeline.upkeep import Upkeep
from app.repos.process import giving_way
from app.services import build, deliverer_of, fix_keeper_of, gatekeeper_of, utc_now
from app.settings import Settings
from app.store.engine import DatabaseError
from app.store.model import RepositoryClaim

log = structlog.get_logger(__name__)
BEAT_SECONDS = 5.0
_TURN_SECONDS = 0.001
"""How long a thread computes before it lets another. A refresh waits again and again, for git or the database, and each
time comes back when those that compute have had theirs: an answer of another process took 3 to 51 ms beside three of
them with Python's 5 ms, and takes 0.1 to 4.3 (on a busy machine), while they compute as much."""
_LOOK_SECONDS = 2.0
"""How often open fix requests are looked for that are due."""
_NICENESS = 10
"""Of `serve`'s child, git and all: on a small machine a read must not wait for a crawl."""


def work(
    settings: Settings,
    *,
    hints_from: int | None = None,
    news_to: int | None = None,
    clock: Callable[[], datetime] = utc_now,
    ready: Callable[[], None] | None = None,
) -> bool:
    """Works until SIGTERM or SIGINT. Whether everything ended by itself; if not, leave by `os._exit`.

    `hints_from` and `news_to`: pipes of the parent whose child this is; it ends when the parent does.
    """
    if hints_from is not None:
        os.nice(_NICENESS)
    memory.spare()
    sys.setswitchinterval(_TURN_SECONDS)
    pipeline = build(settings, clock=clock)
    if hints_from is not None and not settings.redis.url:
        pipeline.work = PipeHints(reads=hints_from, ended=_end)
        pipeline.news = PipeHints(writes=news_to)
    elif hints_from is not None:
        PipeHints(reads=hints_from, ended=_end)
    worker = worker_of(settings, pipeline)
    worker.stop_on_signals()
    _serve_metrics(settings, pipeline)
    memory.settle()
    if ready is not None:
        ready()
    ended = worker.run()
    _say_goodbye(pipeline, worker)
    pipeline.git.close()
    return ended


def worker_of(settings: Settings, pipeline: Pipeline) -> Worker:
    """The worker over a pipeline, with all that goes on beside."""
    started_at = pipeline.clock()

    def beat() -> None:
        pipeline.store.workers.beat(worker.owner, started_at, worker.running(), pipeline.clock())

    worker = Worker(
        pipeline.store.claims,
        lambda claim: run_one(pipeline, claim),
        settings=places(settings.mirrors.concurrency),
        hints=pipeline.work,
        beside=[*jobs_of(settings, pipeline), Beside("beat", beat, every=BEAT_SECONDS)],
        metrics=pipeline.metrics,
        clock=pipeline.clock,
    )
    return worker


def places(concurrency: int) -> WorkerSettings:
    """How many refreshes run at once; one host gets half of them at most."""
    return WorkerSettings(threads=concurrency, per_host=max(1, concurrency // 2))


def run_one(pipeline: Pipeline, claim: RepositoryClaim) -> None:
    """One refresh. What a person waits for is judged with it, not in the next batch of many; all other git gives way.

    It is also judged where nothing had moved: a push may have been read a moment before.
    """
    if not claim.interactive:
        with giving_way():
            refresh(pipeline, claim)
        return
    refresh(pipeline, claim)
    judge_found(pipeline, claim.url)


def jobs_of(settings: Settings, pipeline: Pipeline) -> list[Beside]:
    """What goes on beside refreshing, each in a thread of its own; what the settings leave out is not there."""
    deliverer, gatekeeper = deliverer_of(settings, pipeline), gatekeeper_of(settings, pipeline)
    fix_keeper = fix_keeper_of(settings, pipeline)
    jobs = [
        *Upkeep(pipeline, settings.polling.discover_interval).jobs(),
        Beside("deliver", lambda: deliverer.tick() > 0),
    ]
    if gatekeeper is not None:
        jobs.append(Beside("gate", gatekeeper.tick))
    if fix_keeper is not None:
        jobs.append(Beside("propose", lambda: fix_keeper.tick() > 0, every=_LOOK_SECONDS))
    return jobs


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_metrics(settings: Settings, pipeline: Pipeline) -> None:
    said = settings.worker
    if not said.metrics_port:
        return
    try:
        start_http_server(said.metrics_port, said.metrics_host, pipeline.metrics.registry)
    except OSError as error:
        place = f"{said.metrics_host}:{said.metrics_port}"
        raise SettingsError(f"worker.metrics_port: {place} can't be listened on: {error.strerror}") from None


def _say_goodbye(pipeline: Pipeline, worker: Worker) -> None:
    try:
        pipeline.store.workers.leave(worker.owner)
    except DatabaseError as error:
        log.warning("worker.left_silently", owner=worker.owner, error=type(error).__name__)  # its row grows old
