"""One entity's results on PostgreSQL and Redis, as N processes serve them (Granian), beside a bare view of Flask.

Each process keeps what it dumped and is told of changes; nothing kept is more than a second stale (`api.kept`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rows import Row
from bench.servers import served
from bench.serving import beside_bare, fill

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import real_parts
import servers

_RATE, _ENTITIES, _PROCESSES = 1 / 0.5, 1000, 2


def run(folder: Path) -> list[Row]:
    for part in ("postgres", "redis"):
        if not real_parts.PARTS[part]():
            print(f"scaled: {part} is not there", file=sys.stderr)
            return []
    with _databases() as said:
        environ = fill(folder, _ENTITIES, said)
        with (
            served("granian", "ours", environ, _PROCESSES) as ours,
            served("granian", "bare", environ, _PROCESSES) as bare,
        ):
            return list(beside_bare("PostgreSQL, granian", ours, bare, _RATE))


@contextmanager
def _databases() -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Redis of their own, as settings by variables."""
    postgres = servers.PostgresServer(Path(real_parts.PARTS["postgres"]()))
    port = servers.free_port()
    keepers = [postgres.start(), servers.start_redis(real_parts.PARTS["redis"](), port)]
    try:
        url = servers.create_database(postgres.url, "bench")
        yield {"ROADWORTHY_DATABASE__URL": url, "ROADWORTHY_REDIS__URL": f"redis://127.0.0.1:{port}/0"}
    finally:
        for keeper in keepers:
            servers.stop(keeper)
        postgres.remove()
