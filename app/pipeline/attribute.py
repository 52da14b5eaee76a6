"""Attribution done anew when the catalog or the policy changed: whose is each stored object now?"""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from app.catalog.model import EntityRef
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import placed
from app.store.model import Why

log = structlog.get_logger(__name__)


def attribute_again(pipeline: Pipeline, since: str) -> str:
    """Gives objects to whom they belong now, unless nothing changed `since` (an earlier answer). Returns the mark."""
    version = pipeline.catalog_version()
    if version == since:
        return since
    concerned = pipeline.store.objects.attribute(_handed(pipeline), Why.SCOPE, pipeline.clock())
    if concerned:
        log.info("objects.attributed", entities=len(concerned))
    return version


def _handed(pipeline: Pipeline) -> Iterator[tuple[int, tuple[EntityRef, ...], str]]:
    attributor = pipeline.attributor()
    for stored in pipeline.store.objects.each():
        owned = attributor.of(placed(stored))
        if owned.refs != stored.refs or owned.why != stored.why:
            yield stored.id, owned.refs, owned.why
