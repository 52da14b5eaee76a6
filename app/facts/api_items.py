"""API contracts, operations and gateway definitions as items of facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.catalog.model import Entity
from app.facts.inventory import Found
from app.facts.seen import Item, place_of
from app.formats.apis.model import ApiDefinition, ApiOperation, GatewayApi, GatewayPolicy

_SEMANTIC = re.compile(r"v?\d+\.\d+\.\d+([-+][\w.+-]+)?")
_ELSEWHERE = "a gateway's definition may lie in another repository; only this one is known here"


def definition_item(found: Found, api: Entity, gateways: Sequence[Item], *, complete: bool) -> Item:
    """One contract, joined with what its gateways add."""
    one = found.object
    assert isinstance(one, ApiDefinition)
    counted = [gateway for gateway in gateways if not gateway["ignored"] and gateway["active"]]
    item = place_of(found) | {
        "name": one.title or api.name,
        "api": str(api.ref),
        "format": one.format,
        "version": one.version,
        "api_version": one.api_version,
        "semantic_version": _SEMANTIC.fullmatch(one.api_version) is not None,
        "description_words": one.description_words,
        "contact": one.contact,
        "problems": [f"{finding.line}: {finding.message}" for finding in one.findings],
        "versioning": sorted({*one.versioning, *(style for g in counted for style in g["versioning"])}),
        "operation_count": len(one.operations),
        "deprecated_silently": sum(op.deprecated and not op.announced for op in one.operations),
        "limits_documented_ratio": _documented(one.operations),
        "limit_headers": sorted({header for op in one.operations for header in op.limit_headers}),
        "limits_enforced": any(gateway.get("limits") for gateway in counted),
        "secured": bool(one.operations) and all(op.secured for op in one.operations),
    }
    item["authenticated"] = item["secured"] or any(gateway["authenticates"] for gateway in counted)
    return _open(item, one, counted, complete)


def _documented(operations: Sequence[ApiOperation]) -> float:
    told = [op for op in operations if op.limited and op.limit_headers]
    return len(told) / len(operations) if operations else 0.0


def _open(item: Item, one: ApiDefinition, counted: Sequence[Item], complete: bool) -> Item:
    """What a reference to another file, a key's own limit or an unseen gateway may still turn is left open."""
    hidden: dict[str, str] = {}
    reason = next((why for op in one.operations for why in op.unknown.values()), "")
    if reason and item["limits_documented_ratio"] < 1:
        hidden["limits_documented_ratio"] = reason
    if reason and item["deprecated_silently"]:
        hidden["deprecated_silently"] = reason
    if not item["limits_enforced"]:
        by_key = [gateway["unknown"]["limits"] for gateway in counted if "limits" in gateway.get("unknown", {})]
        why = by_key[0] if by_key else "" if counted or complete else _ELSEWHERE
        hidden |= {"limits_enforced": why} if why else {}
    if not item["authenticated"] and not counted and not complete:
        hidden["authenticated"] = _ELSEWHERE
    return _without(item, hidden)


def _without(item: Item, hidden: dict[str, str]) -> Item:
    for name, why in hidden.items():
        item.pop(name, None)
        item.setdefault("unknown", {})[name] = why
    return item


def operation_items(found: Found, api: Entity) -> list[Item]:
    one = found.object
    assert isinstance(one, ApiDefinition)
    return [_operation_item(found, operation, api) for operation in one.operations]


def _operation_item(found: Found, operation: ApiOperation, api: Entity) -> Item:
    hidden = ("line", "limit_headers", "unknown")
    fields = {name: getattr(operation, name) for name in ApiOperation.__dataclass_fields__ if name not in hidden}
    item = place_of(found) | fields | {"api": str(api.ref), "limit_headers": list(operation.limit_headers)}
    item["line"] = operation.line
    return _without(item, dict(operation.unknown))


def gateway_items(gateways: Iterable[Found], policies: Iterable[Found]) -> list[Item]:
    """Gateway definitions; a policy that limits every key of one settles what the definition leaves open."""
    limited = {name for one in policies if not one.ignored for name in _limited(one)}
    return [_gateway_item(found, limited) for found in gateways]


def _limited(found: Found) -> tuple[str, ...]:
    one = found.object
    return one.apis if isinstance(one, GatewayPolicy) and one.limits else ()


def _gateway_item(found: Found, limited: set[str]) -> Item:
    one = found.object
    assert isinstance(one, GatewayApi)
    names = ("name", "format", "listen_path", "active", "authenticates", "limits", "timeouts", "circuit_breaker")
    item = place_of(found) | {name: getattr(one, name) for name in (*names, "health_checks", "partial")}
    item["versioning"] = list(one.versioning)
    if one.limits_by_key and one.name in limited:
        return item | {"limits": True}
    return _without(item, dict(one.unknown))
