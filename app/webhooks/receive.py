"""One delivery, from raw bytes to an answer: verify, parse, decide, record and hint in one transaction. No crawl here.

Called by `routes`. What the payload says of commits and files is never believed: it only pulls a due time forward.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.errors import RepositoryError
from app.repos import urls
from app.store.gates import Gate
from app.store.inbound import Arrival, Known
from app.store.store import Store
from app.webhooks.model import Event, Forge, Headers, Proposed, Ref, Refused

_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Source:
    """One installation that may call us. `secrets`: the one in use and, while rotating, its heir. `url` "" or the
    address under which we know its repositories, for forges that name none or another.
    """

    name: str
    forge: Forge
    secrets: tuple[str, ...] = field(repr=False)
    url: str = ""
    gates: bool = False

    @property
    def key(self) -> str:
        """Its name among all sources: two forges may both have a `main`."""
        return f"{self.forge.id}/{self.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`state`: accepted, ignored or replayed."""

    status: int
    delivery: str
    state: str
    reason: str = ""
    repository: str = ""


def receive(store: Store, source: Source, headers: Headers, body: bytes, now: datetime) -> Answer:
    """Records a delivery and makes its repository due. Raises Refused; database errors pass through."""
    source.forge.verify(headers, body, source.secrets, now)
    payload = _parsed(body)
    identity = source.forge.delivery(headers)[:_LONGEST_ID] or "sha256:" + hashlib.sha256(body).hexdigest()
    event = source.forge.event(headers, payload)
    urls = _candidates(event, source.url)
    taken = store.inbound.take(urls, lambda known: _decided(event, known, source, identity), now)
    if taken is None:
        return Answer(200, identity, "replayed")
    arrival, known = taken
    if event.proposed is not None and known is not None and arrival.state == "done":
        store.gates.ask(_gate(event, event.proposed, known, source), now)
    return Answer(202, identity, arrival.state, arrival.reason, arrival.repository)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("payload-not-json", 400) from None
    if not isinstance(payload, dict):
        raise Refused("payload-not-an-object", 400)
    return payload


def _candidates(event: Event, base: str) -> list[str]:
    """Canonical forms of every URL the repository may be known by."""
    below = f"{base.rstrip('/')}/{event.path.lstrip('/')}" if base and event.path else ""
    found = []
    for place in (*event.places, *((below,) if below else ())):
        try:
            found.append(urls.canonical(place))
        except RepositoryError:
            continue
    return list(dict.fromkeys(found))


def _decided(event: Event, known: Known | None, source: Source, identity: str) -> Arrival:
    """What is done with it, and why not more."""
    moved = _moved(event, known) if known else None
    reason, hint, discover = _verdict(event, known, moved, source)
    shown = moved or next(iter(event.refs), Ref(""))
    judged = event.kind == "change_request" and not reason
    return Arrival(
        source=source.name,
        forge=source.forge.id,
        delivery=identity,
        event=event.name[:100],
        action=event.action[:100],
        repository=known.url if known else next(iter(_candidates(event, source.url)), ""),
        branch=shown.branch,
        commit=shown.after,
        state="ignored" if reason else "done" if judged else "accepted",
        reason="handed to the gate" if judged else reason,
        hint=hint,
        resolve=known is not None and _may_have_another_default(event, known, hint=hint),
        discover=discover,
    )


def _verdict(event: Event, known: Known | None, moved: Ref | None, source: Source) -> tuple[str, bool, bool]:
    """Why it is ignored (""), whether its repository is made due, and whether providers are asked to list anew."""
    if event.kind == "ping":
        return "a ping", False, False
    if event.kind == "catalog":
        return "", known is not None and not event.gone, True
    if event.kind == "change_request":
        return _ungated(event, known, source), False, False
    if event.kind != "push":
        return "nothing that scores depend on", False, False
    if not event.refs:
        return "only tags moved", False, False
    if known is None:
        return "not among the crawled repositories", False, True
    if moved is None:
        return f"not the branch that is read ({known.branch})", False, False
    return "", True, False


def _may_have_another_default(event: Event, known: Known, *, hint: bool) -> bool:
    """Whether the default branch is to be asked for anew: it is said to be another, what exists has changed, or on a
    forge that does not say which is the default one, another branch moved or ours is gone.
    """
    if event.default_branch not in ("", known.branch) or (hint and event.kind == "catalog"):
        return True
    return event.default_branch == "" and any(ref.deleted or ref.branch != known.branch for ref in event.refs)


def _ungated(event: Event, known: Known | None, source: Source) -> str:
    """Why a change request is not judged; "" when it is."""
    if not source.gates:
        return "change requests are not judged here"
    if known is None:
        return "not among the crawled repositories"
    if event.proposed is None:
        return event.unseen or "nothing that scores depend on"
    if known.branch and event.proposed.branch != known.branch:
        return f"not meant for the branch that is read ({known.branch})"
    return ""


def _gate(event: Event, proposed: Proposed, known: Known, source: Source) -> Gate:
    return Gate(
        repository=known.url,
        ref=proposed.ref,
        forge=source.forge.id,
        path=proposed.path or event.path,
        number=proposed.number,
        head=proposed.head,
        branch=proposed.branch,
        verdict={},
    )


def _moved(event: Event, known: Known) -> Ref | None:
    """The ref that concerns what we read: our branch, or one that has become the default one."""
    wanted: Sequence[str] = [name for name in (known.branch, event.default_branch) if name]
    return next((ref for ref in event.refs if not wanted or ref.branch in wanted), None)
