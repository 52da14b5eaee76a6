"""Judging everything again end to end, from stored objects to the database: inputs unchanged and skipped, against not.

All entities lie in one repository, so that reading it is the least of it. Nothing has changed in either case; where
judgings are skipped, what is written is counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import delete, event

from app.lib import memory
from app.pipeline.crawl import crawl
from app.pipeline.judge import judge_due
from app.pipeline.services import Pipeline
from app.repos.author import Commit, write
from app.sample import generated
from app.services import build
from app.settings import load
from app.store.model import Why
from app.store.tables_judging import judged_from
from bench.org import NOW
from bench.rows import Row

_ENTITIES = 10_000
_LEFT_OUT = ("README", "src", "docs")
"""Files that judging does not look at, or that take long to read."""


def run(folder: Path, entities: int = _ENTITIES) -> list[Row]:
    pipeline = build(load(_settings(folder, entities), {}), clock=lambda: NOW)
    memory.settle()
    crawl(pipeline)
    with pipeline.store.database.write() as connection:
        connection.execute(delete(judged_from))
    whole, _ = _again(pipeline)
    skipped, written = _again(pipeline)
    pipeline.store.close()
    pipeline.git.close()
    told = ", ".join(f"{count} of {table}" for table, count in sorted(written.items()))
    print(f"{entities * 1000 / whole:.0f} entities a second judged, {entities * 1000 / skipped:.0f} skipped")
    print(f"statements that wrote while all were skipped: {told}")
    return [Row(f"judging {entities:,} again, unchanged inputs skipped, against not", skipped, whole, None)]


def _again(pipeline: Pipeline) -> tuple[float, Counter[str]]:
    """Milliseconds of judging everything once more, and how many statements wrote to each table."""
    pipeline.store.due.mark_all(Why.POLICY, NOW)
    with _counted(pipeline) as written:
        began = time.perf_counter()
        while judge_due(pipeline):
            pass
        return (time.perf_counter() - began) * 1000, written


@contextmanager
def _counted(pipeline: Pipeline) -> Iterator[Counter[str]]:
    written: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            written[words[1] if words[0] == "UPDATE" else words[2]] += 1

    engine = pipeline.store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _settings(folder: Path, entities: int) -> Path:
    files: dict[str, bytes | None] = {}
    for plan in generated.plans(7, entities):
        own = generated.files(plan)
        files |= {f"{plan.name}/{path}": text for path, text in own.items() if not path.startswith(_LEFT_OUT)}
    write(folder / "repositories" / "services", [Commit(NOW, files)])
    path = folder / "roadworthy.yaml"
    path.write_text("sources: {directories: [./repositories]}\ntransport: {allow_file: true}\n", "utf-8")
    return path
