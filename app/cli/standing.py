"""Where everything stands, as a summary table or JSON: printed after a crawl."""

from __future__ import annotations

import io
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.pipeline.crawl import Crawled
from app.pipeline.services import Pipeline
from app.store.listing import EntityFilter

_STYLE = {"bronze": "dark_orange3", "silver": "grey70", "gold": "gold3", "none": "red", "not_rated": "magenta"}
_SHOWN = 60


def of(pipeline: Pipeline, done: Crawled) -> dict[str, Any]:
    """Counts of the crawl, and each scored entity's level, lowest first."""
    card = next(iter(pipeline.policy.scorecards.values()))
    levels = ("none", "not_rated", *(level.id for level in card.levels))
    where = EntityFilter(scorecard=card.id, levels=levels)
    page = pipeline.store.listing.entities(where, sort="level", limit=1000)
    rows = []
    for item in page.items:
        standing = next(one for one in item.standings if one.scorecard == card.id)
        rows.append(
            {
                "entity": str(item.ref),
                "level": standing.level,
                "target_level": standing.target_level or None,
                "meets_target": standing.meets_target,
                "score": standing.score,
                "coverage": standing.coverage,
                "owner": item.owner or None,
                "provisional": item.provisional,
            }
        )
    unowned = pipeline.store.objects.unattributed(limit=1).total
    return {
        "repositories": done.repositories,
        "unchanged": done.unchanged,
        "judged": done.judged,
        "failures": [{"repository": url, "error": text} for url, text in sorted(done.failures.items())],
        "entities": rows,
        "total": page.total,
        "unattributed": unowned,
    }


def table(body: dict[str, Any]) -> str:
    """The same for a person."""
    terminal = sys.stdout.isatty()
    out = Console(file=io.StringIO(), force_terminal=terminal, width=None if terminal else 120, highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("service", "level", "target", "score", "coverage", "owner"):
        grid.add_column(name, justify="right" if name in ("score", "coverage") else "left")
    for row in body["entities"][:_SHOWN]:
        mark = "✓" if row["meets_target"] else "✕"
        name = row["entity"] + (" (provisional)" if row["provisional"] else "")
        level = f"[{_STYLE.get(row['level'], 'default')}]{row['level'].replace('_', ' ')}[/]"
        target = f"{mark} {row['target_level']}" if row["target_level"] else ""
        grid.add_row(
            escape(name), level, target, _share(row["score"]), _share(row["coverage"]), escape(row["owner"] or "nobody")
        )
    out.print(grid)
    if body["total"] > _SHOWN:
        out.print(f"[dim]and {body['total'] - _SHOWN} more[/]")
    met = sum(row["meets_target"] is True for row in body["entities"])
    out.print(
        f"\n{body['repositories']} repositories read ({body['unchanged']} unchanged), "
        f"{body['judged']} entities judged; "
        f"{met} of {len(body['entities'])} meet their target."
    )
    for failure in body["failures"][:10]:
        out.print(f"[magenta]could not read[/] {escape(failure['repository'])}: {escape(failure['error'])}")
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
