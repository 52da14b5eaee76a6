"""`make bench`: a table and `bench/out/result.json`. Every figure stands beside its floor in the same run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from app import log
from bench import crawling, judging


def main() -> None:
    log.configure(level="error")
    with tempfile.TemporaryDirectory(prefix="roadworthy-bench-") as name:
        folder = Path(name)
        rows = [*crawling.run(folder / "org", 200), judging.run(), crawling.check_ratio(folder / "tree")]
    print(f"{'what':48} {'ours':>10} {'floor':>10} {'ratio':>7} {'goal':>6}")
    for what, ours, floor, goal in rows:
        print(f"{what:48} {ours * 1000:8.0f}ms {floor * 1000:8.0f}ms {ours / floor:7.2f} {goal:6.1f}")
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    result = [{"what": w, "seconds": o, "floor_seconds": f, "ratio": o / f, "goal": g} for w, o, f, g in rows]
    (out / "result.json").write_text(json.dumps(result, indent=2), "utf-8")


if __name__ == "__main__":
    main()
