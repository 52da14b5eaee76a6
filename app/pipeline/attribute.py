"""Attribution done anew when the catalog or the policy changed: whose is each stored object now?"""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from app.attribution.attribute import Attributor
from app.catalog.model import EntityRef
from app.facts.world import OutdatedError
from app.pipeline.services import Pipeline
from app.pipeline.stored_world import placed
from app.store.model import Why

log = structlog.get_logger(__name__)


def attribute_again(pipeline: Pipeline) -> int:
    """Gives objects to whom they belong now, unless neither the catalog nor the rules changed since it was done.

    Returns how many entities lost or got one.
    """
    known, rules = pipeline.known(), pipeline.attribution_rules()
    if pipeline.store.objects.attributed_under(rules) == known.version:
        return 0
    handed = _handed(pipeline, known.attributor)
    concerned = pipeline.store.objects.attribute(handed, Why.SCOPE, pipeline.clock(), mark=(rules, known.version))
    if concerned:
        log.info("objects.attributed", entities=len(concerned))
    return len(concerned)


def _handed(pipeline: Pipeline, attributor: Attributor) -> Iterator[tuple[int, tuple[EntityRef, ...], str]]:
    for stored in pipeline.store.objects.each():
        try:
            found = placed(stored)
        except OutdatedError:
            # its repository is due to be read again (`Claims.read_again`)
            log.info("objects.outdated", repository=stored.repository, path=stored.path, kind=stored.kind)
            continue
        owned = attributor.of(found)
        if owned.refs != stored.refs or owned.why != stored.why:
            yield stored.id, owned.refs, owned.why
