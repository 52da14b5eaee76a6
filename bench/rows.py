"""What a benchmark gives: a figure beside the floor it was measured against in the same run, and the goal for both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` and `floor` in `unit` (ms or MB). `goal`: the highest ratio allowed; None where there is none."""

    what: str
    ours: float
    floor: float
    goal: float | None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        return self.ours / self.floor if self.floor else float("nan")

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.ratio <= self.goal

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": round(self.ratio, 3), "met": self.met}


def table(rows: list[Row]) -> str:
    """All rows as a person reads them."""
    lines = [f"{'what':64} {'ours':>11} {'floor':>11} {'ratio':>6} {'goal':>5}"]
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal:.1f}"
        mark = {True: "", False: "  missed", None: ""}[row.met]
        ours, floor = (f"{value:8.{2 if value < 10 else 0}f} {row.unit}" for value in (row.ours, row.floor))
        lines.append(f"{row.what:64} {ours:>11} {floor:>11} {row.ratio:6.2f} {goal:>5}{mark}")
    return "\n".join(lines)
