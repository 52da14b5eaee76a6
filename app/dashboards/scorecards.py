"""What is asked, and why: the scorecards, one scorecard, one check, and who fails it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from flask import json, render_template

from app.api.reading import pipeline
from app.dashboards import asked, links, standing, words
from app.dashboards.blueprint import blueprint
from app.errors import NotFoundError
from app.lib.times import format_instant
from app.policy.model import Check, Entry, Scorecard
from app.policy.results import plain
from app.store.feedback import Voices
from app.store.standing_rows import LineFilter
from app.store.team_counts import EVERYONE

VOICES_WITHIN = timedelta(days=90)
FEW = 20


@blueprint.get("/scorecards")
def scorecards() -> str:
    """Every scorecard in force."""
    one = pipeline()
    levels = one.store.standings.levels()
    shown = []
    for card in asked.cards():
        stand = standing.levels(card, levels.get(card.id, {}).get(EVERYONE))
        asks = Counter(entry.level for entry in card.entries)
        shown.append(
            {"card": card, "stand": stand, "asks": [(words.level(card, k.id), asks[k.id]) for k in card.levels]}
        )
    return render_template("scorecards.html", cards=shown)


@blueprint.get("/scorecards/<scorecard_id>")
def scorecard(scorecard_id: str) -> str:
    """What a scorecard asks, why, how many pass, and who is one check away from more."""
    one = pipeline()
    card = one.policy.scorecards.get(scorecard_id)
    if card is None:
        raise NotFoundError(f"There is no scorecard {scorecard_id}.")
    counts = one.store.standings.checks(card.id)
    near = one.store.standings.one_away(card.id, limit=FEW)
    return render_template(
        "scorecard.html",
        card=card,
        rule=card.applies_to.source,
        stand=standing.levels(card, one.store.standings.levels().get(card.id, {}).get(EVERYONE)),
        targets=[(tier, words.level(card, level)) for tier, level in card.targets.items()],
        levels=[_level(card, level.id, counts) for level in card.levels],
        near=[{**standing.row(card, line), "check": one.policy.checks[line.check]} for line in near],
    )


def _level(card: Scorecard, level: str, counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    checks = [_asked(card, entry, counts.get(entry.check, {})) for entry in card.entries if entry.level == level]
    return {"level": words.level(card, level), "checks": checks}


def _asked(card: Scorecard, entry: Entry, counts: dict[str, int]) -> dict[str, Any]:
    """A check as a scorecard asks it, with how many pass of those that could be judged."""
    check = pipeline().policy.checks[entry.check]
    enforced = entry.enforced_from
    return {
        "id": check.id,
        "title": check.title,
        "why": check.why,
        "href": links.check(check.id),
        "area": words.area(check.area),
        "weight": entry.weight,
        "effort": check.effort.total_seconds(),
        "tiers": entry.tiers,
        "counts_from": enforced if enforced is not None and enforced > pipeline().clock() else None,
        **passing(counts),
        "failing_href": links.listed(scorecard=card.id, check=check.id, outcome="fail"),
    }


def passing(counts: dict[str, int]) -> dict[str, Any]:
    """Outcomes as three shares of all it applies to."""
    good = counts.get("pass", 0) + counts.get("waived", 0)
    failing = counts.get("fail", 0)
    unseen = sum(counts.get(outcome, 0) for outcome in words.UNSEEN)
    total = good + failing + unseen
    parts = [("pass", good), ("fail", failing), ("unknown", unseen)]
    bar, begin = [], 0.0
    for style, count in parts:
        if count:
            bar.append({"style": style, "x": begin, "width": 100 * count / total})
            begin += 100 * count / total
    return {"good": good, "failing": failing, "unseen": unseen, "total": total, "bar": bar}


@blueprint.get("/checks/<check_id>")
def check(check_id: str) -> str:
    """One check: why it is asked, how to fix it, examples, who fails it, and whether its guidance helps."""
    one = pipeline()
    found = one.policy.checks.get(check_id)
    if found is None:
        raise NotFoundError(f"There is no check {check_id}.")
    asking = [card for card in one.policy.scorecards.values() if any(entry.check == check_id for entry in card.entries)]
    chosen = next((card for card in asking if card.id == asked.text("scorecard")), asking[0] if asking else None)
    voices = one.store.feedback.by_check(one.clock() - VOICES_WITHIN).get(check_id, Voices(0, 0))
    return render_template(
        "check.html",
        check=found,
        area=words.area(found.area),
        requires=[{"title": one.policy.checks[c].title, "href": links.check(c)} for c in found.requires],
        asking=[_use(card, check_id) for card in asking],
        examples=[_example(example) for example in found.examples],
        parameters=_parameters(found),
        failing=_failing(chosen, check_id),
        voices=voices,
        named=links.named,
        owners=one.store.groups.tree().titles,
        notes=[{"said": said, "href": links.entity(said.entity), "title": links.named(said.entity)}
               for said in one.store.feedback.of_check(check_id)],
    )  # fmt: skip


def _use(card: Scorecard, check_id: str) -> dict[str, Any]:
    entry = next(entry for entry in card.entries if entry.check == check_id)
    counts = pipeline().store.standings.checks(card.id).get(check_id, {})
    return {"card": card, "level": words.level(card, entry.level), **_asked(card, entry, counts)}


def _failing(card: Scorecard | None, check_id: str) -> dict[str, Any]:
    if card is None:
        return {"lines": [], "total": 0, "href": ""}
    where = LineFilter(scorecard=card.id, check=check_id, outcome="fail")
    standings = pipeline().store.standings
    return {
        "lines": [standing.row(card, line) for line in standings.lines(where, limit=FEW)],
        "total": standings.count(where),
        "href": links.listed(scorecard=card.id, check=check_id, outcome="fail"),
    }


def _parameters(check: Check) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "doc": one.doc,
            "value": _text(one.default),
            "by_tier": ", ".join(f"{tier}: {_text(value)}" for tier, value in one.by_tier.items()),
        }
        for name, one in check.parameters.items()
    ]


def _example(example: Any) -> dict[str, Any]:
    facts = json.dumps(plain(dict(example.facts)), ensure_ascii=False, indent=2, default=str)
    said = [f"{name} can't be seen ({reason})" for name, reason in example.unknown.items()]
    said += [f"{name} is {_text(value)}" for name, value in example.entity.items()]
    said += [f"{name} = {_text(value)}" for name, value in example.parameters.items()]
    if example.now is not None:
        said.append(f"on {format_instant(example.now)[:10]}")
    return {"outcome": example.outcome, "facts": facts if example.facts else "", "said": said}


def _text(value: Any) -> str:
    shown = plain(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
