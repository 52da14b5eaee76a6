"""Where everything stands, as a summary table or JSON: printed after a crawl."""

from __future__ import annotations

import io
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli.scorecard_text import STYLE
from app.pipeline.crawl import Crawled
from app.pipeline.services import Pipeline
from app.policy.model import Scorecard
from app.store.listing import EntityFilter, EntityItem
from app.store.model import Page

_SHOWN = 60


def of(pipeline: Pipeline, done: Crawled) -> dict[str, Any]:
    """Counts of the crawl, and each scored entity's level, lowest first; the scorecard of most entities leads."""
    pages = {card.id: _page(pipeline, card) for card in pipeline.policy.scorecards.values()}
    order = sorted(pages, key=lambda card: -pages[card].total)
    rows = [_row(item, card) for card in order for item in pages[card].items]
    unowned = pipeline.store.objects.unattributed(limit=1).total
    return {
        "repositories": done.repositories,
        "unchanged": done.unchanged,
        "judged": done.judged,
        "failures": [{"repository": url, "error": text} for url, text in sorted(done.failures.items())],
        "entities": rows,
        "total": sum(page.total for page in pages.values()),
        "unattributed": unowned,
    }


def _page(pipeline: Pipeline, card: Scorecard) -> Page[EntityItem]:
    levels = ("none", "not_rated", *(level.id for level in card.levels))
    where = EntityFilter(scorecard=card.id, levels=levels)
    return pipeline.store.listing.entities(where, sort="level", limit=1000)


def _row(item: EntityItem, card: str) -> dict[str, Any]:
    standing = next(one for one in item.standings if one.scorecard == card)
    return {
        "entity": str(item.ref),
        "scorecard": card,
        "level": standing.level,
        "target_level": standing.target_level or None,
        "meets_target": standing.meets_target,
        "score": standing.score,
        "coverage": standing.coverage,
        "owner": item.owner or None,
        "provisional": item.provisional,
    }


def table(body: dict[str, Any]) -> str:
    """The same for a person."""
    terminal = sys.stdout.isatty()
    out = Console(file=io.StringIO(), force_terminal=terminal, width=None if terminal else 160, highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    several = len({row["scorecard"] for row in body["entities"]}) > 1
    for name in ("entity", *(("scorecard",) if several else ()), "level", "target", "score", "coverage", "owner"):
        grid.add_column(name, justify="right" if name in ("score", "coverage") else "left")
    for row in body["entities"][:_SHOWN]:
        mark = "✓" if row["meets_target"] else "✕"
        name = row["entity"] + (" (provisional)" if row["provisional"] else "")
        level = f"[{STYLE.get(row['level'], 'default')}]{row['level'].replace('_', ' ')}[/]"
        target = f"{mark} {row['target_level']}" if row["target_level"] else ""
        card = [escape(row["scorecard"])] if several else []
        shares = (_share(row["score"]), _share(row["coverage"]))
        grid.add_row(escape(name), *card, level, target, *shares, escape(row["owner"] or "nobody"))
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
