"""An entity's page: level against target, the way up, every check with its evidence, what was not seen, history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.api.guard import require
from app.api.reading import entity_of, pipeline, ref_of
from app.api.reading import refresh as pull
from app.catalog.model import Entity
from app.dashboards import entity_view, waivers
from app.dashboards.blueprint import blueprint
from app.dashboards.feedback import author
from app.identity.model import REFRESH, WAIVERS_WRITE
from app.lib.problems import Problem
from app.store.repositories import RepositoryView

MOST_PROBLEMS = 5


@blueprint.get("/entities/<kind>/<namespace>/<name>")
def entity(kind: str, namespace: str, name: str) -> str:
    """One entity, orphans included."""
    ref = ref_of(kind, namespace, name)
    found, one = entity_of(ref), pipeline()
    store, now = one.store, one.clock()
    (item,) = store.listing.by_refs([ref]).values()
    rows = sorted(store.judgements.results(ref), key=lambda row: one.policy.place(row.scorecard))
    since = store.judgements.outcomes(ref)
    history = store.changes.history(ref)
    repository = store.repositories.brief(found.repository, now) if found.repository else None
    titles = store.groups.tree().titles
    return render_template(
        "entity.html",
        entity=entity_view.head(found, titles, item.owner, item.system, item.tier),
        cards=entity_view.cards(rows, one.policy, since, history, now),
        problems=found.problems or _descriptors(found),
        repository=repository,
        state=_state(found, repository, judged=item.judged_at is not None, judge_error=item.judge_error),
        refreshing="refreshing" in request.args,
        judging=request.args.get("judging", "")[:100],
        voices=store.feedback.of_entity(str(ref), author()),
        thanked=request.args.get("thanks", "")[:100],
        may_refresh=g.identity.may(REFRESH),
        may_waive=g.identity.may(WAIVERS_WRITE),
        waivable=waivers.bounds(now, one.policy.longest_waiver),
    )


def _descriptors(entity: Entity) -> Sequence[Problem]:
    """Why an entity that was made up has no descriptor: what is wrong with those that its repository holds."""
    if not entity.provisional:
        return ()
    problems = pipeline().store.objects.problems_in([entity.repository]).get(entity.repository, ())
    return [one for one in problems if one.path.rsplit("/", 1)[-1].startswith("catalog-info.")][:MOST_PROBLEMS]


def _state(entity: Entity, repository: RepositoryView | None, *, judged: bool, judge_error: str) -> dict[str, Any]:
    """What is to be said before the results: nothing yet, none to come, or older than they should be."""
    kind = entity.spec_text("type")
    unscored = f"No scorecard asks anything of {entity.kind.lower()}s" + (f" of type “{kind}”." if kind else ".")
    return {
        "waiting": not judged,
        "unscored": unscored,
        "judge_error": judge_error,
        "unread": repository is not None and repository.read_at is None,
        "failing": repository.last_error if repository is not None else "",
        "parked": repository.parked_reason if repository is not None else "",
    }


@blueprint.post("/entities/<kind>/<namespace>/<name>/refresh")
@require(REFRESH)
def refresh(kind: str, namespace: str, name: str) -> BaseResponse:
    """Pulls the entity's repository forward, then shows the page again. Only from our own pages."""
    found = entity_of(ref_of(kind, namespace, name))
    if found.repository:
        pull(found)
    return redirect(url_for(".entity", kind=kind, namespace=namespace, name=name, refreshing=1), 303)
