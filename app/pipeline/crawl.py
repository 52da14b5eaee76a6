"""A whole crawl, once: discover, refresh what is due, attribute, judge. What `roadworthy crawl` runs."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue

import structlog

from app.errors import StaleError
from app.jobs.worker import new_owner
from app.pipeline.attribute import attribute_again
from app.pipeline.discover import discover
from app.pipeline.judge import judge_all
from app.pipeline.refresh import failed, refresh
from app.pipeline.services import Pipeline
from app.pipeline.tally import tally
from app.store.model import RepositoryClaim

log = structlog.get_logger(__name__)
_LEASE = timedelta(minutes=15)


@dataclass(slots=True)
class Crawled:
    """What a crawl did. `failures`: repository → its error.

    `reading_seconds` is the time that reading repositories took, summed over threads; `git_seconds` git's share of it.
    """

    repositories: int = 0
    unchanged: int = 0
    judged: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    reading_seconds: float = 0.0
    git_seconds: float = 0.0


def crawl(
    pipeline: Pipeline, *, concurrency: int = 8, limit: int = 0, progress: Callable[[int, int, str], None] | None = None
) -> Crawled:
    """Reads what is due, at most `limit` repositories (0: all). `progress(done, total, name)` is told of each."""
    discover(pipeline)
    now = pipeline.clock()
    claims = pipeline.store.claims.claim_due(now, new_owner(), _LEASE, limit=limit or 100_000)
    done = Crawled()
    before = pipeline.git.seconds
    ended = _in_turn(claims, concurrency, lambda claim: _one(pipeline, claim, done))
    for count, (claim, seconds) in enumerate(ended, 1):
        done.reading_seconds += seconds
        if progress is not None:
            progress(count, len(claims), claim.url)
    done.git_seconds = pipeline.git.seconds - before
    attribute_again(pipeline)
    done.judged = judge_all(pipeline)
    tally(pipeline)
    return done


def _in_turn(
    claims: Iterable[RepositoryClaim], concurrency: int, run: Callable[[RepositoryClaim], float]
) -> Iterator[tuple[RepositoryClaim, float]]:
    """Runs all claims, `concurrency` at a time, and gives each with its seconds as it ends.

    While others wait, one host may hold half of the places: a forge that hangs does not starve its neighbours.
    """
    waiting: dict[str, deque[RepositoryClaim]] = {}
    for claim in claims:
        waiting.setdefault(claim.host, deque()).append(claim)
    running: dict[Future[float], RepositoryClaim] = {}
    held: Counter[str] = Counter()
    ended: SimpleQueue[Future[float]] = SimpleQueue()
    with ThreadPoolExecutor(concurrency, thread_name_prefix="refresh") as pool:
        while waiting or running:
            while len(running) < concurrency and (host := _next_host(waiting, held, concurrency)) is not None:
                claim = waiting[host].popleft()
                if not waiting[host]:
                    del waiting[host]
                held[host] += 1
                future = pool.submit(run, claim)
                running[future] = claim
                future.add_done_callback(ended.put)
            future = ended.get()
            claim = running.pop(future)
            held[claim.host] -= 1
            yield claim, future.result()


def _next_host(waiting: Collection[str], held: Mapping[str, int], concurrency: int) -> str | None:
    """The host with the fewest places whose turn it is; None where nothing waits, or the free places are for others."""
    host = min(waiting, key=lambda host: held[host], default=None)
    alone = len(waiting) == 1
    return host if host is None or alone or held[host] < max(1, concurrency // 2) else None


def _one(pipeline: Pipeline, claim: RepositoryClaim, done: Crawled) -> float:
    """Reads one repository. Returns how many seconds that took."""
    began = time.perf_counter()
    try:
        counts = refresh(pipeline, claim)
    except StaleError:
        log.info("refresh.superseded", repository=claim.url)
    except Exception as error:
        # One repository's trouble is its own; it is kept in its row and shown.
        log.debug("refresh.failed", repository=claim.url, exc_info=True)
        failed(pipeline, claim, error)
        done.failures[claim.url] = str(error) or type(error).__name__
    else:
        done.repositories += 1
        done.unchanged += counts is None
    return time.perf_counter() - began
