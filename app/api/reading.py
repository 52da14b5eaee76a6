"""Reading from the store for endpoints: entities, results and their JSON. No thinking here, and no crawl."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, current_app, g, json, request

from app.api.kept import Kept, Kind, Ready
from app.catalog.model import Entity, EntityRef
from app.errors import NotFoundError
from app.identity.access import Access
from app.identity.people import visible_owners
from app.lib.forge_urls import NONE, Forges
from app.lib.times import format_instant
from app.pipeline import links
from app.pipeline.policies import PolicyKeeper
from app.pipeline.services import Pipeline
from app.policy.model import Policy
from app.policy.results import head_json
from app.store.audit import AuditRow
from app.store.listing import EntityItem, Standing
from app.store.model import ResultRow
from app.store.served import ServedResult
from app.store.sight import Sight


def pipeline() -> Pipeline:
    """The one that `create_app` was given, its store as whoever asks may see it. Every view reads through this."""
    whole: Pipeline = current_app.extensions["roadworthy"]
    if "identity" not in g:
        return whole
    if "pipeline" not in g:
        access: Access = current_app.extensions["access"]
        below = lambda group: whole.store.groups.tree().below(group)  # noqa: E731  read only when it is needed
        sight = Sight(visible_owners(g.identity, access.visibility, below))
        g.pipeline = replace(whole, store=whole.store.seen_by(sight)) if sight.is_limited else whole
    found: Pipeline = g.pipeline
    return found


def kept() -> Kept:
    """What this process keeps of what it served, as everyone may see it: hide first what a reader may not see."""
    found: Kept = current_app.extensions["kept"]
    return found


def results() -> Results:
    """`/results` of what this process keeps; as of `kept`, hide first."""
    found: Results = current_app.extensions["results"]
    return found


def clock() -> Callable[[], datetime]:
    """What time it is, as the pipeline's clock says."""
    return pipeline().clock


def audited(action: str, target: str, **detail: str) -> None:
    """Remembers that whoever asks changed something."""
    one = pipeline()
    row = AuditRow(at=one.clock(), actor=g.identity.subject, action=action, target=target, detail=detail)
    one.store.audit.add(row)


def refresh(entity: Entity) -> bool:
    """Pulls an entity's repository forward, and remembers who asked. Whether one is due now."""
    one = pipeline()
    due = bool(entity.repository) and one.store.claims.hint(entity.repository, one.clock(), interactive=True)
    one.work.give()
    audited("entity.refresh", str(entity.ref))
    return due


def ref_of(kind: str, namespace: str, name: str) -> EntityRef:
    return EntityRef(kind.lower(), namespace.lower(), name.lower())


def entity_of(ref: EntityRef) -> Entity:
    """The entity, orphans included. Raises NotFoundError."""
    entity = pipeline().store.entities.get(ref)
    if entity is None:
        raise NotFoundError(f"There is no entity {ref} here.")
    return entity


def cached(body: bytes, etag: str, *, mimetype: str = "application/json") -> Response:
    """A response that a client may poll cheaply: 304 when its copy is current."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def sent(ready: Ready) -> Response:
    """A body made ready, as this request wants it: 304 when its copy is current, compressed when it may be."""
    status, headers, body = ready.sent(request.environ)
    response = Response(body, status, headers)
    response.headers["Cache-Control"] = "private, no-cache"
    if ready.compresses:
        response.headers["Vary"] = "Accept-Encoding"
    return response


def dumped(body: Mapping[str, Any]) -> Response:
    """JSON with an ETag of its own bytes. A text that is not Unicode (a name in another encoding) stays escaped."""
    data = packed(body)
    return cached(data, hashlib.sha256(data).hexdigest()[:32])


def packed(body: Mapping[str, Any]) -> bytes:
    """JSON as small as it gets."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def _results(ref: EntityRef, rows: Sequence[ServedResult], forges: Forges) -> Ready | None:
    """The stored bodies joined, with links to the forge; kept so. None: nothing was judged."""
    if not rows:
        return None
    etag = "-".join((*(row.etag for row in rows), links.fingerprint(forges)))
    return Ready(_joined(ref, rows, [_linked(row.body, forges) for row in rows]), f'"{etag}"')


def _linked(body: bytes, forges: Forges) -> bytes:
    return packed(links.with_links(json.loads(body), forges))


def no_results(ref: EntityRef) -> Ready:
    """The results of an entity that no scorecard applies to."""
    version = pipeline().policy.version
    return Ready(_joined(ref, (), (), version), f'"none-{version}"')


def _joined(ref: EntityRef, rows: Sequence[ServedResult], cards: Sequence[bytes], policy_version: str = "") -> bytes:
    head = packed(head_json(str(ref), rows, policy_version))
    return head[:-1] + b',"scorecards":[' + b",".join(cards) + b"]}"


def results_kind(policy: Policy, forges: Forges) -> Kind[Ready | None]:
    """An entity's `/results` as it is kept: the scorecards in policy's order."""

    def make(ref: EntityRef, rows: Sequence[ServedResult]) -> Ready | None:
        return _results(ref, sorted(rows, key=lambda row: policy.place(row.scorecard)), forges)

    return Kind(f"results {policy.version}", make, lambda ready: len(ready.data) if ready else 0)


class Results:
    """`/results` of one entity after another, from what is kept; for readers who see every one."""

    def __init__(self, policies: PolicyKeeper, kept: Kept, forges: Forges = NONE) -> None:
        self._policies, self._kept, self._forges = policies, kept, forges
        self._made_for, self._kind = policies.current, results_kind(policies.current, forges)

    def one(self, ref: EntityRef) -> Ready | None:
        """None: nothing was judged."""
        if self._made_for is not self._policies.current:
            self._made_for = self._policies.current
            self._kind = results_kind(self._made_for, self._forges)
        return self._kept.one(self._kind, ref)


def in_order(standings: Iterable[Standing]) -> list[Standing]:
    """As policy has scorecards shown."""
    return sorted(standings, key=lambda one: pipeline().policy.place(one.scorecard))


def standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "scorecard": standing.scorecard,
        "level": standing.level,
        "target_level": standing.target_level or None,
        "meets_target": standing.meets_target,
        "score": standing.score,
        "coverage": standing.coverage,
        "as_of": standing.as_of and format_instant(standing.as_of),
        "commit": standing.commit or None,
    }


def freshness(items: Iterable[EntityItem]) -> dict[str, Any]:
    """When the newest and the oldest facts behind some entities were seen."""
    return aged([standing.as_of for item in items for standing in item.standings if standing.as_of])


def aged(moments: Collection[datetime]) -> dict[str, Any]:
    """`as_of` and `oldest_fact` of an answer; null where it holds nothing that was seen."""
    newest, oldest = max(moments, default=None), min(moments, default=None)
    return {"as_of": newest and format_instant(newest), "oldest_fact": oldest and format_instant(oldest)}


def of_results(rows: Sequence[ResultRow]) -> dict[str, Any]:
    """The freshness of one entity's answer, with its commit and the policy in force."""
    return {
        **aged([row.as_of for row in rows if row.as_of]),
        "commit": next((row.commit for row in rows if row.commit), None),
        "policy_version": pipeline().policy.version,
    }


def item_json(item: EntityItem) -> dict[str, Any]:
    return {
        "ref": str(item.ref),
        "kind": item.ref.kind,
        "namespace": item.ref.namespace,
        "name": item.ref.name,
        "title": item.title,
        "type": item.type,
        "lifecycle": item.lifecycle,
        "tier": item.tier,
        "owner": item.owner or None,
        "system": item.system or None,
        "repository": item.repository or None,
        "path": item.path or None,
        "provisional": item.provisional,
        "orphaned_at": item.orphaned_at and format_instant(item.orphaned_at),
        "judged_at": item.judged_at and format_instant(item.judged_at),
        "scorecards": [standing_json(standing) for standing in in_order(item.standings)],
    }
