"""A fix as the text of a pull request: each hunk with what it does, why, its source and the effort it saves."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from app.lib import times
from app.policy.model import Outcome
from app.remediation.model import Question, Refusal
from app.remediation.proposal import Proposal, levels_json, whys_of


def title_of(proposal: Proposal) -> str:
    count = len({step.check.id for step in proposal.steps})
    return f"Mend {count} {'check' if count == 1 else 'checks'} of {proposal.title}"


def text_of(proposal: Proposal, page_url: str = "") -> str:
    """Markdown. Names and texts of the repository stand in code, so that none of them calls anybody."""
    return "\n".join(_lines(proposal, page_url)) + "\n"


def farewell(proposal: Proposal, checks: Collection[str]) -> str:
    """Why nothing is proposed any more of the checks that were asked for, in a sentence."""
    failing = {one.check.id for card in proposal.before for one in card.checks if one.outcome is Outcome.FAIL}
    at = f" at {_code(proposal.commit[:12])}" if proposal.commit else ""
    if left := sorted(failing & set(checks)):
        return f"What still fails{at} can't be mended by a diff any more: {', '.join(map(_code, left))}."
    return f"Everything that was asked for passes, is waived or no longer applies{at}."


def _lines(proposal: Proposal, page_url: str) -> Iterator[str]:
    yield f"Proposed for {_code(proposal.entity)} at {_code(proposal.commit[:12])}; each change was scored first."
    yield ""
    for level in levels_json(proposal):
        before, after = _share(level["score_before"]), _share(level["score_after"])
        yield f"- {_code(level['scorecard'])}: {level['before']} ({before}) → **{level['after']}** ({after})"
    yield "\n## What changes, and why\n"
    for hunk in proposal.hunks():
        yield f"### {_code(f'{hunk.path}:{hunk.line}')}\n"
        for why in whys_of(proposal, hunk):
            yield f"- {_plain(why)}"
        for step in (proposal.steps[number] for number in hunk.steps):
            effort = times.format_duration(step.check.effort)
            passes = "passes with it" if step.outcome == "pass" else f"{step.outcome} still"
            yield f"- **{step.check.title}** ({_code(step.check.id)}, {passes}; by hand about {effort})"
            yield f"  {step.check.why} Source: {step.check.source}."
        yield ""
    yield from _beside(proposal)
    if page_url:
        yield f"\n{page_url}"
    yield "\nThis request is brought up to date by itself, for the checks above alone, and closed when nothing is left"
    yield "to mend of them. Push to its branch to take it over; close it, and it stays closed."


def _beside(proposal: Proposal) -> Iterator[str]:
    if proposal.notes:
        yield "## Before you merge\n"
        yield from (f"- {_plain(str(told.said))}" for told in proposal.notes)
    if proposal.questions:
        yield "\n## Asked for, since only you know\n"
    for told in proposal.questions:
        question: Question = told.said
        yield f"- {_plain(question.text)} ({_code(f'roadworthy fix --set {question.key}=…')})"
    if proposal.refusals:
        yield "\n## Left as it is\n"
    for told in proposal.refusals[:50]:
        refusal: Refusal = told.said
        place = f"{refusal.path}:{refusal.line}" if refusal.line else refusal.path
        yield f"- {_code(place) + ' ' if place else ''}{_plain(refusal.why)} ({_code(told.check.id)})"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("\n", " ") + "`"


def _plain(text: str) -> str:
    """One line in which nothing is a mention, a link or a heading."""
    safe = text.replace("`", "'").replace("\n", " ").replace("<", "‹").replace(">", "›")
    return safe.replace("@", "@\u200b").replace("[", "(").replace("]", ")")
