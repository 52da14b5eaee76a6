"""A Tech Insights run of one entity, beside the original backend in one run: it must take a tenth of the time.

Its answer holds ten checks in 6 kB, ours some fifty in 27 kB. How to have it here: see `bench/peer`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import peer
from bench.load import Ask
from bench.rows import Row
from bench.servers import served
from bench.serving import CONNECTIONS, alternate, fill, rows

_ENTITIES, _RATE = 1000, 0.1
_JSON = {"Content-Type": "application/json"}


def run(folder: Path) -> list[Row]:
    home = peer.folder()
    if home is None:
        print(f"original: peer not there: {peer.NAME}; {peer.HOW}", file=sys.stderr)
        return []
    environ = fill(folder, _ENTITIES)
    with peer.running(home, _ENTITIES) as theirs:
        return list(_measured(environ, theirs))


def _measured(environ: dict[str, str], theirs: str) -> Iterator[Row]:
    for server in ("waitress", "granian"):
        with served(server, "ours", environ) as ours:
            for connections in CONNECTIONS:
                asks = (Ask(f"{base}{peer.RUN}", "POST", "{}", _JSON) for base in (ours, theirs))
                us, original = alternate(*asks, connections)
                yield from rows(f"{server} run of one c={connections}", us, original, _RATE, None)
