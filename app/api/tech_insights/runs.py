"""Stored results as check results: strict booleans, passing first, and left out what could not be judged.

An entity's results are turned once and kept (see `app.api.kept`); a run answers from those bytes.
Unknown, erroneous and inapplicable checks are left out, and so are those that fail but do not count yet; the
scorecard's own boolean names them, so that leaving out never looks all green.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from app.api.kept import Ready
from app.api.tech_insights import texts
from app.api.tech_insights.catalogue import TARGET, TYPE, Catalogue, Listed, card_links, links_of
from app.facts.groups import SCHEMA
from app.facts.schema import fact_types
from app.lib.aside import Aside, Shelf
from app.lib.forge_urls import Forges, line_url
from app.policy.model import Scorecard

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_FACTS = fact_types(SCHEMA)
_MOST_LINKS = 5
_ASIDE = 500
"""What the object itself, its place in the file and the list of ends take."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One check's result: dumped as it is sent."""

    id: str
    passed: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Runs:
    """All check results of one entity as one list, packed, and put aside where there is a shelf: a process keeps
    thousands of them.

    `ids` in the order of the list, whose first `passed` pass; `ends`: where each one's JSON ends.
    """

    packed: bytes | Aside
    ids: tuple[str, ...]
    passed: int
    ends: array[int]

    @classmethod
    def of(cls, runs: Sequence[Ran], shelf: Shelf | None = None) -> Runs:
        ends = array("I", accumulate(len(one.data) + 1 for one in runs))
        ids = _shared(tuple(one.id for one in runs))
        packed = zlib.compress(listed(runs), 1)
        aside = shelf.put(packed) if shelf else None
        return cls(aside or packed, ids, sum(one.passed for one in runs), ends)

    def picked(self, wanted: Collection[str] | None) -> bytes:
        """The list of those wanted; None means all."""
        return self._whole() if wanted is None else listed(list(self.each(wanted)))

    def each(self, wanted: Collection[str] | None) -> Iterator[Ran]:
        whole, start = self._whole(), 1
        for place, (id_, end) in enumerate(zip(self.ids, self.ends, strict=True)):
            if wanted is None or id_ in wanted:
                yield Ran(id_, place < self.passed, whole[start:end])
            start = end + 1

    def _whole(self) -> bytes:
        return zlib.decompress(self.packed.read() if isinstance(self.packed, Aside) else self.packed)

    def __len__(self) -> int:
        """Bytes of memory, roughly."""
        return (_ASIDE if isinstance(self.packed, Aside) else len(self.packed)) + 4 * len(self.ids)


@lru_cache(maxsize=4096)
def _shared(ids: tuple[str, ...]) -> tuple[str, ...]:
    """One tuple for all entities with the same checks in the same order."""
    return ids


def listed(runs: Iterable[Ran]) -> bytes:
    return b"[" + b",".join(one.data for one in runs) + b"]"


def ready_of(data: bytes) -> Ready:
    """JSON under an ETag of its bytes."""
    return Ready(data, f'W/"{hashlib.blake2b(data, digest_size=12).hexdigest()}"', compresses=True)


def ran(bodies: Iterable[bytes], catalogue: Catalogue) -> list[Ran]:
    """All check results of one entity from the stored bodies of its scorecards, passing ones first."""
    found: dict[str, Ran | None] = {}
    for body in bodies:
        result = json.loads(body)
        card = catalogue.cards.get(result["id"])
        if card is None:
            continue
        for id_, one in _of_card(result, card, catalogue):
            found[id_] = _stricter(found[id_], one) if id_ in found else one
    return merged(one for one in found.values() if one is not None)


def merged(*runs: Iterable[Ran]) -> list[Ran]:
    """Passing ones first; in each half those named first lead."""
    every = [one for some in runs for one in some]
    return [one for one in every if one.passed] + [one for one in every if not one.passed]


def dumped(value: Any) -> bytes:
    """Compact JSON; what is not UTF-8 (a path may be anything) becomes `?`."""
    return _encode(value).encode(errors="replace")


def _stricter(before: Ran | None, after: Ran | None) -> Ran | None:
    """A check that two scorecards ask: a failure shows, then what is not known, and only then a pass."""
    for one in (before, after):
        if one is not None and not one.passed:
            return one
    return None if before is None or after is None else before


def _of_card(result: Mapping[str, Any], card: Scorecard, catalogue: Catalogue) -> Iterator[tuple[str, Ran | None]]:
    public_url = catalogue.public_url
    ranks = _ranks(result, catalogue.ranks[card.id])
    head = catalogue.checks[f"{card.id}{TARGET}"]
    yield head.id, _target(head, result, card, catalogue)
    for check in result["checks"]:
        listed = catalogue.checks.get(check["id"])
        if listed is None:
            continue
        passed = _passed(check)
        if passed is None:
            yield listed.id, None
        else:
            head_of = _fixed if check["outcome"] == "pass" and not check["reason"] else _changing
            links = links_of(check["help_url"] or "", listed.id, public_url) + _evidence_links(check, catalogue.forges)
            head_json = head_of(listed, check, card.id, ranks[check["id"]], catalogue)
            yield listed.id, _ran(listed.id, passed, _facts(check, passed), head_json, links)


def _passed(check: Mapping[str, Any]) -> bool | None:
    """None: not shown."""
    if check["outcome"] in ("pass", "waived"):
        return True
    return False if check["outcome"] == "fail" and check["enforced"] else None


def _fixed(listed: Listed, check: Mapping[str, Any], card: str, place: int, catalogue: Catalogue) -> bytes:
    """What a check that passes says is the same for every entity: dumped once."""
    key = (card, listed.id, place, check["level"], check["weight"], check["effort"])
    head = catalogue.fixed.get(key)
    if head is None:
        head = catalogue.fixed[key] = _changing(listed, check, card, place, catalogue)
    return head


def _changing(listed: Listed, check: Mapping[str, Any], card: str, place: int, _: Catalogue) -> bytes:
    metadata: dict[str, Any] = {
        "category": listed.category,
        "rank": place,
        "solution": check["remediation"],
        "effort": check["effort"],
        "level": check["level"],
        "weight": check["weight"],
        "scorecard": card,
        "outcome": check["outcome"],
    }
    if check["reason"]:
        metadata["reason"] = check["reason"]
    return _head(listed, texts.described(listed.why, check), metadata)


def _head(listed: Listed, description: str, metadata: Mapping[str, Any]) -> bytes:
    """The JSON object of a check, still open at its end."""
    check = {
        "id": listed.id,
        "type": TYPE,
        "name": listed.name,
        "description": description,
        "factIds": listed.fact_ids,
        "metadata": metadata,
    }
    return dumped(check)[:-1]


def _ran(id_: str, passed: bool, facts: Mapping[str, Any], head: bytes, links: list[dict[str, str]]) -> Ran:
    more = b',"links":' + dumped(links) if links else b""
    told = b"true" if passed else b"false"
    return Ran(id_, passed, b'{"facts":' + dumped(facts) + b',"result":' + told + b',"check":' + head + more + b"}}")


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


def _evidence_links(check: Mapping[str, Any], forges: Forges) -> list[dict[str, str]]:
    """The first lines that the outcome rests on, in their forge."""
    links: dict[str, str] = {}
    for one in (*check["offenders"], *check["evidence"]):
        place = (one["repository"] or "", one["commit"] or "", one["path"] or "", one["line"] or 0)
        url = one["url"] or line_url(*place, forges)
        if url.startswith(("https://", "http://")) and len(links) < _MOST_LINKS:
            links.setdefault(url, f"{one['path']}:{one['line']}" if one["path"] and one["line"] else one["path"] or url)
    return [{"title": title, "url": url} for url, title in links.items()]


def _meets(result: Mapping[str, Any]) -> bool:
    """Whether it meets its target. Without a target there is only one thing to say no to: what could not be seen."""
    return not texts.unseen(result) if result["meets_target"] is None else bool(result["meets_target"])


def _target(head: Listed, result: Mapping[str, Any], card: Scorecard, catalogue: Catalogue) -> Ran:
    """The scorecard's own boolean."""
    ranks = catalogue.ranks[card.id]
    passed, hidden, stands = _meets(result), texts.unseen(result), ranks.get(result["level"], 0)
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
        "rank": ranks.get(result["target_level"], 0) if passed else stands + 1,
        "solution": "Fix the failing checks of the next level; connect the sources that could not be seen.",
        "level": result["level"],
        "scorecard": card.id,
        "as_of": result["as_of"],
        "commit": result["commit"],
    }
    titles = {"none": "no level", "not_rated": "not rated", **{level.id: level.title for level in card.levels}}
    opening = _head(head, texts.target(result, titles), metadata)
    return _ran(head.id, passed, facts, opening, card_links(card.id, catalogue.public_url))


def _ranks(result: Mapping[str, Any], levels: Mapping[str, int]) -> dict[str, int]:
    """The rank of each check, such that the maturity widgets reckon the level that we gave.

    They start at the highest rank shown, and a failing check lowers it to below its own. What is left out may hold an
    entity back too: then ranks above the level are drawn down to it (failing ones to just above it).
    """
    shown = {check["id"]: (levels.get(check["level"], 0), _passed(check)) for check in result["checks"]}
    ranks = {id_: place for id_, (place, _) in shown.items()}
    stands = levels.get(result["level"], 0)
    failing = [place for place, passed in shown.values() if passed is False]
    if not _meets(result):
        failing.append(stands + 1)
    passing = [place for place, passed in shown.values() if passed]
    if (min(failing) - 1 if failing else max(passing, default=stands)) == stands:
        return ranks
    highest = stands + 1 if failing else stands
    return {id_: min(place, stands + 1 if shown[id_][1] is False else highest) for id_, place in ranks.items()}
