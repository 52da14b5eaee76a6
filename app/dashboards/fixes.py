"""A fix as a page shows it: hunk by hunk with its reason, and a form for what only a person knows. All of it works
without scripts: the page is a link from each failing check, the answers are a form, the diff is a download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.api.guard import require
from app.api.reading import entity_of, pipeline, ref_of
from app.api.v1_fix import proposed
from app.api.v1_fix_requests import kept, speaks_for
from app.catalog.model import EntityRef
from app.dashboards import links
from app.dashboards.blueprint import blueprint
from app.identity.model import FIXES_WRITE
from app.remediation.proposal import Proposal, whys_of
from app.remediation.table import TABLE
from app.store.proposed import LIVING, STATES

_ANSWER = "answer:"
_LONGEST = 2_000


def offered(check: str) -> str:
    """What the button of a failing check says; "" where there is nothing to show."""
    remedy = TABLE.get(check)
    words = {"fix": "Show the fix as a diff", "skeleton": "Show a skeleton to fill", "question": "What is asked"}
    return words.get(remedy.kind, "") if remedy is not None else ""


@blueprint.app_context_processor
def _offers() -> dict[str, Any]:
    return {"fix_offered": offered}


@blueprint.get("/entities/<kind>/<namespace>/<name>/fix")
def entity_fix(kind: str, namespace: str, name: str) -> str:
    """The fixes of one entity, or with `check` of one check; `part` leaves the frame of the page out."""
    ref = ref_of(kind, namespace, name)
    entity = entity_of(ref)
    checks = request.args.getlist("check")[:100]
    answers = _answers(request.args)
    proposal = proposed(entity, checks, answers)
    kept_before = pipeline().store.fix_requests.get(ref)
    return render_template(
        "fix_part.html" if "part" in request.args else "fix.html",
        title=entity.title,
        entity_href=links.entity(ref),
        here=url_for(".entity_fix", kind=kind, namespace=namespace, name=name),
        checks=checks,
        titles=[_title(check) for check in checks],
        answers=answers,
        prefix=_ANSWER,
        proposal=proposal,
        hunks=[_hunk(proposal, hunk) for hunk in proposal.hunks()],
        download=_download(ref, checks, answers),
        kept=kept_before,
        kept_for=_asked(kept_before.checks) if kept_before else [],
        may_request=g.identity.may(FIXES_WRITE) and speaks_for(entity),
        became=_TOLD.get(request.args.get("requested", ""), ""),
    )


@blueprint.post("/entities/<kind>/<namespace>/<name>/fix/pull-request")
@require(FIXES_WRITE)
def fix_request(kind: str, namespace: str, name: str) -> BaseResponse:
    """Keeps the entity's request on its forge, then shows the fixes again. Only from our own pages."""
    entity = entity_of(ref_of(kind, namespace, name))
    checks = request.form.getlist("check")[:100]
    answers = _answers(request.form)
    opened = kept(entity, checks, answers)
    here = url_for(".entity_fix", kind=kind, namespace=namespace, name=name, check=checks)
    pairs = [(f"{_ANSWER}{key}", value) for key, value in answers.items()]
    told = urlencode([*pairs, ("requested", opened.state)])
    return redirect(f"{here}{'&' if '?' in here else '?'}{told}", 303)


_TOLD = {
    "opened": "The pull request was opened.",
    "updated": "The pull request was brought up to date.",
    "unchanged": "The pull request says so already.",
    "closed": "The pull request was closed: nothing is left of it.",
    "nothing": "There is nothing to mend, and no pull request.",
    "taken over": "A person has pushed onto its branch, so it is left alone.",
    "merged": "The pull request was merged.",
    "dismissed": "A person has closed the pull request, and it stays closed.",
}
"""What became of it, by the state that the link back names: no words or addresses are taken from a link."""
_CHIPS = {"open": "unknown", "taken over": "unknown", "merged": "pass", "closed": "not_applicable"}
_CHIPS |= {"dismissed": "not_applicable", "lost": "fail"}
_PAGE = 50


@blueprint.get("/fix-requests")
def fix_requests() -> str:
    """Fix pull requests by entity: those that are open, or with `ended` the others."""
    after, ended = request.args.get("cursor", "")[:_LONGEST], "ended" in request.args
    states = tuple(one for one in STATES if (one in LIVING) is not ended)
    page = pipeline().store.fix_requests.page(after=after, limit=_PAGE, states=states)
    return render_template(
        "fix_requests.html",
        requests=page.items,
        ended=ended,
        chips=_CHIPS,
        asked=_asked,
        next_href=page.next_cursor and url_for(".fix_requests", cursor=page.next_cursor, ended=1 if ended else None),
    )


def _title(check: str) -> str:
    known = pipeline().policy.checks.get(check)
    return known.title if known else check


def _asked(checks: Iterable[str]) -> list[dict[str, str]]:
    """What a request was opened for. Without `href`: a check that policy no longer has."""
    known = pipeline().policy.checks
    return [{"title": _title(check), "href": links.check(check) if check in known else ""} for check in checks]


def _answers(said: Mapping[str, str]) -> dict[str, str]:
    return {
        key.removeprefix(_ANSWER): value[:_LONGEST] for key, value in said.items() if key.startswith(_ANSWER) and value
    }


def _hunk(proposal: Proposal, hunk: Any) -> dict[str, Any]:
    steps = [proposal.steps[step] for step in hunk.steps]
    return {
        "path": hunk.path,
        "line": hunk.line,
        "new": any(one.path == hunk.path and one.before is None for one in proposal.files),
        "whys": whys_of(proposal, hunk),
        "steps": [
            {"id": one.check.id, "title": one.check.title, "why": one.check.why, "source": one.check.source}
            | {"seconds": one.check.effort.total_seconds(), "href": links.check(one.check.id)}
            for one in steps
        ],
        "lines": [(_SIGNS.get(line[:1], ""), line) for line in hunk.text.splitlines()],
    }


_SIGNS = {"+": "added", "-": "taken", "@": "at"}


def _download(ref: EntityRef, checks: list[str], answers: dict[str, str]) -> str:
    pairs = [("check", check) for check in checks]
    pairs += [("set", f"{key}={value}") for key, value in answers.items()]
    return f"/api/v1/entities/by-name/{ref.kind}/{ref.namespace}/{ref.name}/fix?" + urlencode(
        [*pairs, ("format", "diff")]
    )
