"""Whether web processes could start from the settings: found out once and in words, instead of by each of them again
and again. `serve` asks this in a process of its own (`serve --trial`): a compiled policy would stay with the parent,
which only keeps others running.
"""

from __future__ import annotations

from app.processes.web import check
from app.services import build
from app.settings import Settings


def refuse(settings: Settings) -> None:
    """Raises what the processes would."""
    pipeline = build(settings)
    check(settings, pipeline)
    pipeline.store.close()
    pipeline.git.close()
