"""`make bench`: a table and `bench/out/result.json`. `python -m bench judging reads` runs parts; others keep theirs.

Every figure stands beside its floor in the same run, so that a busy or slow machine changes both.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from app import log
from bench import (
    bulk,
    bursting,
    checking,
    crawling,
    judging,
    memory,
    original,
    pages,
    pushing,
    rejudging,
    scaled,
    serving,
    steadiness,
)
from bench.rows import Row, table

PARTS: Mapping[str, Callable[[Path], list[Row]]] = {
    "crawling": crawling.run,
    "judging": judging.run,
    "rejudging": rejudging.run,
    "checking": checking.run,
    "steadiness": steadiness.run,
    "serving": serving.run,
    "scaled": scaled.run,
    "bulk": bulk.run,
    "original": original.run,
    "pages": pages.run,
    "pushing": pushing.run,
    "burst": bursting.embedded,
    "workers": bursting.workers,
    "memory": memory.run,
}
OUT = Path(__file__).parent / "out" / "result.json"


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"there is no benchmark {unknown[0]}; there are: {', '.join(PARTS)}")
    log.configure(level="error")
    kept = json.loads(OUT.read_text("utf-8")) if names and OUT.exists() else {}
    with tempfile.TemporaryDirectory(prefix="roadworthy-bench-") as folder:
        for name in names or PARTS:
            rows = PARTS[name](Path(folder) / name)
            print(f"\n{name}\n{table(rows)}", flush=True)
            kept[name] = [row.json() for row in rows]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({name: kept[name] for name in PARTS if name in kept}, indent=2), "utf-8")
    print(f"\nwritten to {OUT}")


if __name__ == "__main__":
    main(sys.argv[1:])
