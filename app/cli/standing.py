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
from app.store.filters import EntityFilter
from app.store.listing import EntityItem
from app.store.model import Page

_SHOWN = 60
_WIDE = 110
"""Columns that hold full references beside all else."""


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
    """The same for a person: one table a scorecard; on a narrow terminal references are short."""
    terminal = sys.stdout.isatty()
    out = Console(file=io.StringIO(), force_terminal=terminal, width=None if terminal else 160, highlight=False)
    short = out.width < _WIDE
    shown = body["entities"][:_SHOWN]
    cards = list(dict.fromkeys(row["scorecard"] for row in shown))
    for card in cards:
        if len(cards) > 1:
            out.print(f"[bold]{escape(card)}[/]")
        out.print(_grid([row for row in shown if row["scorecard"] == card], short=short))
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


def _grid(rows: list[dict[str, Any]], *, short: bool) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("entity", "level", "target", "score", "coverage", "owner"):
        grid.add_column(name, justify="right" if name in ("score", "coverage") else "left", overflow="fold")
    for row in rows:
        mark = "✓" if row["meets_target"] else "✕"
        name = _named(row["entity"], short) + (" (provisional)" if row["provisional"] else "")
        level = f"[{STYLE.get(row['level'], 'default')}]{row['level'].replace('_', ' ')}[/]"
        target = f"{mark} {row['target_level']}" if row["target_level"] else ""
        owner = _named(row["owner"] or "nobody", short)
        grid.add_row(escape(name), level, target, _share(row["score"]), _share(row["coverage"]), escape(owner))
    return grid


def _named(ref: str, short: bool) -> str:
    """A reference, or on a narrow terminal its short form: the default namespace, and that an owner is a group, are
    understood."""
    return ref.replace(":default/", ":", 1).removeprefix("group:") if short else ref


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
