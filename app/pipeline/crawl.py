"""A whole crawl, once: discover, refresh what is due, attribute, judge. What `roadworthy crawl` runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import timedelta

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
    """What a crawl did. `failures`: repository → its error."""

    repositories: int = 0
    unchanged: int = 0
    judged: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def crawl(
    pipeline: Pipeline, *, concurrency: int = 8, limit: int = 0, progress: Callable[[int, int, str], None] | None = None
) -> Crawled:
    """Reads what is due, at most `limit` repositories (0: all). `progress(done, total, name)` is told of each."""
    discover(pipeline)
    now = pipeline.clock()
    claims = pipeline.store.claims.claim_due(now, new_owner(), _LEASE, limit=limit or 100_000)
    done = Crawled()
    with ThreadPoolExecutor(concurrency, thread_name_prefix="refresh") as pool:
        running = {pool.submit(_one, pipeline, claim, done): claim for claim in claims}
        for count, future in enumerate(as_completed(running), 1):
            future.result()
            if progress is not None:
                progress(count, len(claims), running[future].url)
    attribute_again(pipeline)
    done.judged = judge_all(pipeline)
    tally(pipeline)
    return done


def _one(pipeline: Pipeline, claim: RepositoryClaim, done: Crawled) -> None:
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
