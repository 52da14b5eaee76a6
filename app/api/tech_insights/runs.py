"""Stored results as check results: strict booleans, passing first, and left out what could not be judged.

An entity's results are turned once and kept (see `app.api.kept`); a run answers from those bytes.
Unknown, erroneous and inapplicable checks are left out, and so are those that fail but do not count yet; the
scorecard's own boolean names them, so that leaving out never looks all green.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.api.kept import Ready
from app.api.tech_insights import texts
from app.api.tech_insights.catalogue import TARGET, TYPE, Catalogue, Listed, card_links, links_of, rank
from app.facts.groups import SCHEMA
from app.facts.schema import fact_types
from app.lib.forge_urls import line_url
from app.policy.model import Scorecard

_FACTS = fact_types(SCHEMA)
_MOST_LINKS = 5


@dataclass(frozen=True, slots=True)
class Ran:
    """One check's result: dumped as it is sent."""

    id: str
    passed: bool
    data: bytes


@dataclass(slots=True)
class Runs:
    """All check results of one entity, dumped as one list. `parts`: (id, passed, where it begins, where it ends)."""

    whole: bytes
    parts: tuple[tuple[str, bool, int, int], ...]
    _ready: Ready | None = None

    @classmethod
    def of(cls, runs: Iterable[Ran]) -> Runs:
        parts, at, chunks = [], 1, []
        for one in runs:
            parts.append((one.id, one.passed, at, at + len(one.data)))
            chunks.append(one.data)
            at += len(one.data) + 1
        return cls(b"[" + b",".join(chunks) + b"]", tuple(parts))

    def picked(self, wanted: Collection[str] | None) -> bytes:
        """The list of those wanted; None means all."""
        if wanted is None:
            return self.whole
        return b"[" + b",".join(self.whole[start:end] for id_, _, start, end in self.parts if id_ in wanted) + b"]"

    def each(self, wanted: Collection[str] | None) -> Iterator[Ran]:
        for id_, passed, start, end in self.parts:
            if wanted is None or id_ in wanted:
                yield Ran(id_, passed, self.whole[start:end])

    @property
    def ready(self) -> Ready:
        """The whole list as it is sent."""
        if self._ready is None:
            self._ready = ready_of(self.whole)
        return self._ready

    def __len__(self) -> int:
        """Bytes, roughly."""
        return len(self.whole) + 100 * len(self.parts)


def ran(bodies: Iterable[bytes], catalogue: Catalogue) -> Runs:
    """All check results of one entity from the stored bodies of its scorecards, passing ones first."""
    found: dict[str, Ran | None] = {}
    for body in bodies:
        result = json.loads(body)
        card = catalogue.cards.get(result["id"])
        if card is None:
            continue
        for id_, one in _of_card(result, card, catalogue):
            found[id_] = _stricter(found[id_], one) if id_ in found else one
    shown = [one for one in found.values() if one is not None]
    return Runs.of(merged(shown))


def merged(*runs: Iterable[Ran]) -> list[Ran]:
    """Passing ones first; in each half those named first lead."""
    every = [one for some in runs for one in some]
    return [one for one in every if one.passed] + [one for one in every if not one.passed]


def ready_of(data: bytes) -> Ready:
    """JSON under an ETag of its bytes."""
    return Ready(data, f'W/"{hashlib.blake2b(data, digest_size=12).hexdigest()}"', compresses=True)


def dumped(value: Any) -> bytes:
    """Compact JSON; what is not UTF-8 (a path may be anything) becomes `?`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _stricter(before: Ran | None, after: Ran | None) -> Ran | None:
    """A check that two scorecards ask: a failure shows, then what is not known, and only then a pass."""
    for one in (before, after):
        if one is not None and not one.passed:
            return one
    return None if before is None or after is None else before


def _of_card(result: Mapping[str, Any], card: Scorecard, catalogue: Catalogue) -> Iterator[tuple[str, Ran | None]]:
    public_url = catalogue.public_url
    ranks = _ranks(result, card)
    head = catalogue.checks[f"{card.id}{TARGET}"]
    yield head.id, _target(head, result, card, public_url)
    for check in result["checks"]:
        listed = catalogue.checks.get(check["id"])
        if listed is None:
            continue
        passed = _passed(check)
        if passed is None:
            yield listed.id, None
        else:
            yield listed.id, _check(listed, check, card, passed, ranks[check["id"]], public_url)


def _passed(check: Mapping[str, Any]) -> bool | None:
    """None: not shown."""
    if check["outcome"] in ("pass", "waived"):
        return True
    return False if check["outcome"] == "fail" and check["enforced"] else None


def _check(listed: Listed, check: Mapping[str, Any], card: Scorecard, passed: bool, place: int, public_url: str) -> Ran:
    metadata: dict[str, Any] = {
        "category": listed.category,
        "rank": place,
        "solution": check["remediation"],
        "effort": check["effort"],
        "level": check["level"],
        "weight": check["weight"],
        "scorecard": card.id,
        "outcome": check["outcome"],
    }
    if check["reason"]:
        metadata["reason"] = check["reason"]
    links = links_of(check["help_url"] or "", listed.id, public_url) + _evidence_links(check)
    return _ran(listed, passed, texts.described(listed.why, check), _facts(check, passed), metadata, links)


def _ran(
    listed: Listed,
    passed: bool,
    description: str,
    facts: Mapping[str, Any],
    metadata: Mapping[str, Any],
    links: list[dict[str, str]],
) -> Ran:
    check: dict[str, Any] = {
        "id": listed.id,
        "type": TYPE,
        "name": listed.name,
        "description": description,
        "factIds": listed.fact_ids,
        "metadata": metadata,
    }
    if links:
        check["links"] = links
    return Ran(listed.id, passed, dumped({"facts": facts, "result": passed, "check": check}))


def _facts(check: Mapping[str, Any], passed: bool) -> dict[str, Any]:
    """What the outcome rests on, and what fails by name and place: the maturity table prints all that is no boolean."""
    facts = {
        one["fact"]: _fact(one["observed"], _FACTS[one["fact"]].doc if one["fact"] in _FACTS else one["fact"])
        for one in check["evidence"]
        if one["observed"] is not None
    }
    if not passed and check["offenders"]:
        facts["offenders"] = _fact(texts.offenders(check), "What fails")
    return facts


def _fact(value: Any, doc: str) -> dict[str, Any]:
    return {"value": value, "type": type_of(value), "description": doc}


def type_of(value: Any) -> str:
    """A JSON value's fact type, as Tech Insights names them."""
    names = ((bool, "boolean"), (int, "integer"), (float, "float"), (list, "set"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "string")


def _evidence_links(check: Mapping[str, Any]) -> list[dict[str, str]]:
    """The first lines that the outcome rests on, in their forge."""
    links: dict[str, str] = {}
    for one in (*check["offenders"], *check["evidence"]):
        url = one["url"] or line_url(one["repository"] or "", one["commit"] or "", one["path"] or "", one["line"] or 0)
        if url.startswith(("https://", "http://")) and len(links) < _MOST_LINKS:
            links.setdefault(url, f"{one['path']}:{one['line']}" if one["path"] and one["line"] else one["path"] or url)
    return [{"title": title, "url": url} for url, title in links.items()]


def _meets(result: Mapping[str, Any]) -> bool:
    """Whether it meets its target. Without a target there is only one thing to say no to: what could not be seen."""
    return not texts.unseen(result) if result["meets_target"] is None else bool(result["meets_target"])


def _target(head: Listed, result: Mapping[str, Any], card: Scorecard, public_url: str) -> Ran:
    """The scorecard's own boolean."""
    passed, hidden, stands = _meets(result), texts.unseen(result), rank(card, result["level"])
    facts = {
        "level": _fact(result["level"], "Level reached"),
        "level_possible": _fact(result["level_possible"], "Level it could have if all could be seen"),
        "target_level": _fact(result["target_level"] or "", "Level that policy asks of its tier"),
        "not_seen": _fact(hidden, "Could not be seen"),
    }
    for name, doc in (("score", "Share of the judged weight that passes"), ("coverage", "Share of the weight judged")):
        if result[name] is not None:
            facts[name] = {**_fact(result[name], doc), "type": "float"}
    metadata = {
        "category": head.category,
        "rank": rank(card, result["target_level"] or "") if passed else stands + 1,
        "solution": "Fix the failing checks of the next level; connect the sources that could not be seen.",
        "level": result["level"],
        "scorecard": card.id,
        "as_of": result["as_of"],
        "commit": result["commit"],
    }
    titles = {"none": "no level", "not_rated": "not rated", **{level.id: level.title for level in card.levels}}
    return _ran(head, passed, texts.target(result, titles), facts, metadata, card_links(card.id, public_url))


def _ranks(result: Mapping[str, Any], card: Scorecard) -> dict[str, int]:
    """The rank of each check, such that the maturity widgets reckon the level that we gave.

    They start at the highest rank shown, and a failing check lowers it to below its own. What is left out may hold an
    entity back too: then ranks above the level are drawn down to it (failing ones to just above it).
    """
    shown = {check["id"]: (rank(card, check["level"]), _passed(check)) for check in result["checks"]}
    ranks = {id_: place for id_, (place, _) in shown.items()}
    stands = rank(card, result["level"])
    failing = [place for place, passed in shown.values() if passed is False]
    if not _meets(result):
        failing.append(stands + 1)
    passing = [place for place, passed in shown.values() if passed]
    if (min(failing) - 1 if failing else max(passing, default=stands)) == stands:
        return ranks
    highest = stands + 1 if failing else stands
    return {id_: min(place, stands + 1 if shown[id_][1] is False else highest) for id_, place in ranks.items()}
