"""The pages: organisation, group, entity, scorecard, check, sources, API. Server-rendered, no JavaScript."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, json, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.api.guard import require
from app.api.reading import audited, entity_of, pipeline, ref_of
from app.catalog.model import Entity, EntityRef
from app.dashboards import views
from app.errors import NotFoundError
from app.identity.model import REFRESH
from app.lib.markup import safe_html, safe_inline
from app.lib.times import format_duration, parse_instant
from app.store.listing import EntityFilter

blueprint = Blueprint(
    "dashboards", __name__, static_folder="static", template_folder="templates", static_url_path="/static"
)
_PAGE = 100


@blueprint.app_context_processor
def _everywhere() -> dict[str, Any]:
    keeper = pipeline().policies
    return {
        "organisation": current_app.config["ORGANISATION"],
        "policy_version": keeper.current.version,
        "policy_problem": keeper.problem,
        "version": "1",
    }


@blueprint.app_template_filter("when")
def when(value: datetime | str | None) -> str:
    """An instant as a person reads it, UTC."""
    if not value:
        return "never"
    instant = parse_instant(value) if isinstance(value, str) else value
    return f"{instant:%Y-%m-%d %H:%M}"


@blueprint.app_template_filter("percent")
def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


@blueprint.app_template_filter("shorten")
def shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}…"


blueprint.add_app_template_filter(safe_html, "markdown")
blueprint.add_app_template_filter(safe_inline, "inline_markdown")


@blueprint.app_template_filter("safe_url")
def safe_url(value: str) -> str:
    """A link from a catalog or repository: only http and https ever reach an `href`."""
    try:
        return value if urlsplit(value).scheme in ("http", "https") else "#"
    except ValueError:
        return "#"


@blueprint.get("/")
def organisation() -> str:
    """Every scored entity, with how many meet their target."""
    return _list(EntityFilter(scorecard=views.SCORECARD), "Services")


@blueprint.get("/groups/<namespace>/<name>")
def group(namespace: str, name: str) -> str:
    """A team's entities, those of groups below it included."""
    entity = entity_of(ref_of("group", namespace, name))
    owners = pipeline().catalog().group_tree(entity.ref)
    return _list(EntityFilter(scorecard=views.SCORECARD, owners=owners), entity.title)


def _list(where: EntityFilter, heading: str) -> str:
    store = pipeline().store
    query = {key: request.args.get(key, "")[:200] for key in ("q", "level", "cursor")}
    levels = (query["level"],) if query["level"] else views.every_level(pipeline().policy)
    narrowed = EntityFilter(scorecard=where.scorecard, owners=where.owners, text=query["q"], levels=levels)
    try:
        page = store.listing.entities(narrowed, sort="level", cursor=query["cursor"] or None, limit=_PAGE)
    except ValueError as error:
        abort(422, str(error))
    entities = [views.entity_row(item, pipeline()) for item in page.items]
    following = None
    if page.next_cursor:
        place: dict[str, Any] = {**(request.view_args or {}), **query, "cursor": page.next_cursor}
        following = url_for(request.endpoint or "", **place)
    return render_template(
        "organisation.html",
        heading=heading,
        summary=views.summary(store.listing.summary(where), page.items, pipeline().policy),
        entities=entities,
        query=query,
        next_href=following,
        changes=[views.change_row(change) for change in store.changes.latest(limit=12)] if not where.owners else [],
    )


@blueprint.get("/entities/<kind>/<namespace>/<name>")
def entity(kind: str, namespace: str, name: str) -> str:
    """One entity: level, next steps, every check with evidence, what could not be seen, history."""
    ref = ref_of(kind, namespace, name)
    found = entity_of(ref)
    store = pipeline().store
    rows = store.judgements.results(ref)
    return render_template(
        "entity.html",
        entity=views.entity_head(found, pipeline()),
        cards=[views.card(row, pipeline().policy, found.repository) for row in rows],
        problems=found.problems,
        history=list(reversed(store.changes.history(ref)))[:20],
        refreshing="refreshing" in request.args,
        empty=_why_empty(found, ref),
    )


def _why_empty(found: Entity, ref: EntityRef) -> str:
    state = pipeline().store.entities.state(ref)
    if state is not None and state.judged_at is None:
        return "This entity has not been judged yet. The page shows its result as soon as it is."
    kind = found.spec_text("type")
    return (
        f"No scorecard applies to {found.kind.lower()}s of type “{kind}”." if kind else "No scorecard applies to this."
    )


@blueprint.post("/entities/<kind>/<namespace>/<name>/refresh")
@require(REFRESH)
def refresh(kind: str, namespace: str, name: str) -> BaseResponse:
    """Pulls the entity's repository forward, then shows the page again."""
    found = entity_of(ref_of(kind, namespace, name))
    if found.repository:
        pipeline().store.claims.hint(found.repository, pipeline().clock(), interactive=True)
        audited("entity.refresh", str(found.ref))
    return redirect(url_for(".entity", kind=kind, namespace=namespace, name=name, refreshing=1), 303)


@blueprint.get("/scorecards/<scorecard_id>")
def scorecard(scorecard_id: str) -> str:
    """What a scorecard asks, why, and how many pass."""
    card = pipeline().policy.scorecards.get(scorecard_id)
    if card is None:
        raise NotFoundError(f"There is no scorecard {scorecard_id}.")
    return render_template("scorecard.html", scorecard=views.scorecard(card, pipeline()))


@blueprint.get("/checks/<check_id>")
def check(check_id: str) -> str:
    """One check: why it is asked, how to fix it, who fails it."""
    found = pipeline().policy.checks.get(check_id)
    if found is None:
        raise NotFoundError(f"There is no check {check_id}.")
    failing = pipeline().store.tally.with_outcome(check_id, "fail", limit=100)
    return render_template(
        "check.html",
        check={
            "id": found.id,
            "title": found.title,
            "area": found.area,
            "effort": format_duration(found.effort),
            "owner": found.owner,
            "why": found.why,
            "source": found.source,
            "remediation": found.remediation,
            "help_url": found.help_url,
            "rule": found.rule_text,
        },
        failing=[{"ref": str(ref), "href": views.href(ref)} for ref in failing],
    )


@blueprint.get("/sources")
def platform() -> str:
    """For the platform team: sources, what could not be read, and evidence that is nobody's."""
    one = pipeline()
    page = one.store.repositories.page(one.clock(), limit=500)
    return render_template(
        "platform.html",
        providers=one.store.repositories.providers(),
        repositories=page.items,
        unattributed=views.unattributed(one.store.objects.unattributed(limit=300).items),
        problems=[
            {"repository": p.repository, "path": p.problem.path, "line": p.problem.line, "message": p.problem.message}
            for p in one.store.objects.problems()[:300]
        ],
    )


@blueprint.get("/docs")
def docs() -> Response:
    """The API in words, from its own OpenAPI document."""
    document = current_app.extensions["openapi"].spec.to_dict()
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "parameters": operation.get("parameters", []),
            "responses": operation.get("responses", {}),
        }
        for path, methods in sorted(document["paths"].items())
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete")
    ]
    return Response(render_template("docs.html", operations=operations), mimetype="text/html")
