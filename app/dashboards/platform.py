"""For the platform team: sources, what could not be read, evidence that is nobody's, types and owners unknown, and
which guidance leaves people stuck."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask import render_template

from app.api.reading import pipeline
from app.dashboards import links
from app.dashboards.blueprint import blueprint
from app.facts.world import OutdatedError
from app.formats import kinds
from app.pipeline.stored_world import placed
from app.store.gauges import ALIVE
from app.store.model import StoredObject
from app.store.team_counts import STRANGERS

MOST = 50
VOICES_WITHIN = timedelta(days=90)


@blueprint.get("/sources")
def platform() -> str:
    """What of each there is, and the first of them."""
    one = pipeline()
    store, now = one.store, one.clock()
    nobodys, heard_at = store.objects.unattributed(limit=300), store.workers.heard_at()
    return render_template(
        "platform.html",
        providers=store.repositories.providers(),
        health=store.tally.health(now),
        failing=store.repositories.failing(now, limit=MOST),
        nobodys=_unattributed(nobodys.items)[:MOST],
        nobodys_total=nobodys.total,
        problems=_problems(),
        problems_total=store.tally.problems(),
        types=_unmapped(),
        owners=store.tally.strangers(limit=MOST) if store.standings.levels((STRANGERS,)) else [],
        stuck=_stuck(),
        named=links.named,
        due=store.due.waiting(now),
        waiting=store.team_counts.waiting(),
        heard_at=heard_at,
        silent=heard_at is None or now - heard_at > ALIVE,
    )


def _problems() -> list[dict[str, Any]]:
    return [
        {
            "repository": one.repository,
            "path": one.problem.path,
            "line": one.problem.line,
            "message": one.problem.message,
        }
        for one in pipeline().store.objects.first_problems(MOST)
    ]


def _unattributed(found: Iterable[StoredObject]) -> list[dict[str, Any]]:
    """What is nobody's, without pages that are no runbooks: every repository has a README."""
    rows = []
    for one in found:
        if one.kind == "runbook" and _is_document(one):
            continue
        name = str(one.body.get("name") or one.body.get("title") or "")
        place = {"repository": one.repository, "path": one.path, "line": one.line, "commit": one.commit}
        rows.append({**place, "url": links.source(place), "name": name, "kind": one.kind, "why": one.why})
    return rows


def _is_document(one: StoredObject) -> bool:
    try:
        return kinds.runbook_kind(one.path, placed(one).object) == "document"  # type: ignore[arg-type]
    except OutdatedError:
        return False


def _unmapped() -> list[tuple[str, int]]:
    """Types of components that policy neither scores nor leaves out."""
    one = pipeline()
    said = one.policy.settings.get("types")
    known = {name for names in said.values() for name in names} if isinstance(said, dict) else set()
    return [(type_, count) for type_, count in one.store.tally.component_types() if type_ not in known]


def _stuck() -> list[dict[str, Any]]:
    """Guidance that left people stuck, worst first."""
    one = pipeline()
    found = one.store.feedback.by_check(one.clock() - VOICES_WITHIN)
    return [
        {"title": one.policy.checks[check].title, "href": links.check(check), "voices": voices}
        for check, voices in found.items()
        if voices.stuck and check in one.policy.checks
    ][:10]
