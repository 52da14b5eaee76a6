"""Lists as they leave: a page of JSON, or CSV for spreadsheets. CSV of a long list is sent page by page.

A cell that a spreadsheet would run as a formula gets an apostrophe in front. Source: OWASP, CSV Injection.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from flask import Response, request
from sqlalchemy import Row

from app.api.reading import dumped, freshness, item_json, pipeline
from app.lib.times import format_instant
from app.store.filters import EntityFilter
from app.store.listing import Listing
from app.store.model import Page

COLUMNS = (
    *("ref", "title", "kind", "type", "lifecycle", "tier", "owner", "system", "repository", "path"),
    *("scorecard", "level", "target_level", "meets_target", "score", "coverage", "as_of", "commit", "judged_at"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PAGE = 2000
_OF_STANDING = ("scorecard", "level", "target_level", "meets_target", "score", "coverage", "as_of", "commit")
_OF_ENTITY = tuple(name for name in COLUMNS if name not in _OF_STANDING)
_PLACES = tuple(1 + (*_OF_ENTITY, *_OF_STANDING).index(name) for name in COLUMNS)
"""Where each column stands in a row of `Listing.rows`."""


def answered(listing: Listing, where: EntityFilter, query: Mapping[str, Any], name: str) -> Response:
    """One page as JSON; or, when CSV is wanted, every page (one, when a limit is given). Raises ValueError."""
    sort, cursor = query["sort"], query.get("cursor")
    if wants_csv(query):
        whole, columns = "limit" not in request.args, _columns(query.get("fields_"))

        def ask(after: str | None) -> Page[Row[Any]]:
            limit = _PAGE if whole else query["limit"]
            return listing.rows(where, _OF_ENTITY, _OF_STANDING, sort=sort, cursor=after, limit=limit)

        first = ask(cursor)
        pages = _following(ask, first) if whole else iter((first,))
        places = [_PLACES[COLUMNS.index(column)] for column in columns]
        return as_csv(columns, ([row[place] for place in places] for page in pages for row in page.items), name)
    page = listing.entities(where, sort=sort, cursor=cursor, limit=query["limit"])
    body = {
        "items": [narrowed(item_json(item), query.get("fields_")) for item in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        **freshness(page.items),
        "policy_version": pipeline().policy.version,
    }
    response = dumped(body)
    response.vary.add("Accept")
    return response


def _columns(wanted: Sequence[str] | None) -> Sequence[str]:
    """The columns that some fields of an item are; `scorecards` is all that a row says of one."""
    if wanted is None:
        return COLUMNS
    found = [one for one in COLUMNS if one in wanted or (one in _OF_STANDING and "scorecards" in wanted)]
    if not found:
        raise ValueError(f"fields: none of {', '.join(wanted)} is a column of the table.")
    return found


def wants_csv(query: Mapping[str, Any]) -> bool:
    said = query.get("format")
    kinds = ["application/json", "text/csv"]
    return bool(said == "csv" or (said is None and request.accept_mimetypes.best_match(kinds) == "text/csv"))


def narrowed(item: dict[str, Any], wanted: Sequence[str] | None) -> dict[str, Any]:
    return item if wanted is None else {name: item[name] for name in item if name in wanted}


def as_csv(
    columns: Sequence[str], rows: Iterable[Sequence[object]], name: str, *, for_people: bool = False
) -> Response:
    """RFC 4180, sent as it is made. Nothing of it may need the request any more. What people open in a spreadsheet
    begins with a byte order mark: without it Excel reads UTF-8 as the machine's own code page; scripts get none."""
    lines = _lines(columns, rows)
    response = Response(chain((codecs.BOM_UTF8,), lines) if for_people else lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept")
    return response


def safe_cell(value: object) -> str:
    """A value as a cell that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return format_instant(value)
    text = str(value).encode("utf-8", "replace").decode().replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([safe_cell(value) for value in row])
        if number % 200 == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _following(ask: Callable[[str | None], Page[Row[Any]]], page: Page[Row[Any]]) -> Iterator[Page[Row[Any]]]:
    """Page by page, so that no more than one is held however long the list is."""
    yield page
    while page.next_cursor is not None:
        page = ask(page.next_cursor)
        yield page
