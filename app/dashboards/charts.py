"""Charts as inline SVG: pygal draws the shapes, our style sheet colours them, and templates say them in words beside.

Nothing of pygal's own style, script or text is kept: a page's policy forbids inline ones, and text in a chart that
grows with the page would be too small on a phone and too large on a wall.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup

# pygal puts a finder of its own plugins before every later import; it is of the old kind that Python warns about.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_WIDTH, _HEIGHT = 720, 180
_MARGIN = 52
"""pygal leaves a fifty-second of the width and height free on each side."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values over equal steps; `style` is the class that colours them."""

    style: str
    values: Sequence[float]


def stacked(series: Sequence[Series], label: str) -> Markup:
    """Areas upon each other, the first at the bottom. Needs two steps or more."""
    top = max((sum(values) for values in zip(*(one.values for one in series), strict=True)), default=0) or 1
    return _drawn(pygal.StackedLine(fill=True, include_x_axis=True, **_plain(top)), series, label, "chart stacked")


def line(values: Sequence[float], label: str, *, top: float = 1.0) -> Markup:
    """One line from 0 to `top`, with the area below it."""
    chart = pygal.Line(fill=True, include_x_axis=True, **_plain(top))
    return _drawn(chart, [Series("line", values)], label, "chart sparkline")


def _plain(top: float) -> dict[str, Any]:
    hidden = dict.fromkeys(("show_dots", "show_legend", "show_x_labels", "show_y_labels", "show_y_guides"), False)
    return {
        **hidden,
        "css": [],
        "js": [],
        "width": _WIDTH,
        "height": _HEIGHT,
        "margin": 0,
        "spacing": 0,
        "range": (0, top),
    }


def _drawn(chart: Any, series: Sequence[Series], label: str, style: str) -> Markup:
    for one in series:
        chart.add(one.style, list(one.values))
    paths = [path for group in chart.render_tree().iter("g") if _is_series(group) for path in group.iter("path")]
    shapes = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(one.style, _rounded(path.get("d", "")))
        for one, path in zip(series, paths, strict=True)
    )
    x, y = _WIDTH / _MARGIN, _HEIGHT / _MARGIN
    box = f"{x:.1f} {y:.1f} {_WIDTH - 2 * x:.1f} {_HEIGHT - 2 * y:.1f}"
    return Markup('<svg class="{}" viewBox="{}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>').format(
        style, box, label, shapes
    )


def _is_series(group: Element) -> bool:
    return "series" in group.get("class", "").split() and len(group) > 0


def _rounded(path: str) -> str:
    """A path with one decimal: enough for pixels, and a third of the bytes."""
    parts = path.replace("M", " M ").replace("L", " L ").replace("z", " z").split()
    return " ".join(part if part in "MLz" else f"{float(part):.1f}" for part in parts)
