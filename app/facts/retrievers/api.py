"""The API that the entity is, or the APIs it provides: contracts, operations, and the gateways before them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from app.catalog.files import inside
from app.catalog.model import Entity, EntityRef
from app.facts.api_items import definition_item, gateway_items, operation_items
from app.facts.inventory import Found
from app.facts.model import Reason
from app.facts.seen import Item, Seen, unreadable_items
from app.facts.world import World
from app.formats.apis import openapi
from app.formats.apis.model import ApiDefinition, GatewayApi, GatewayPolicy
from app.formats.model import Finding

_ELSEWHERE = re.compile(r"\(\$(?:text|json|yaml|openapi|asyncapi): (.*)\)", re.DOTALL)
_LARGEST = 2 * 1024 * 1024
"""Characters of a definition that are read: as many as of a file."""
_OTHERS = ("graphql", "grpc", "asyncapi", "trpc", "soap", "wsdl", "thrift", "avro")
"""Types of APIs whose contracts are no OpenAPI: nothing of them is judged here."""


def retrieve(entity: Entity, world: World, now: datetime) -> Seen:
    seen = Seen()
    places = world.unreadable(entity.ref, "api")
    seen.found(places)
    values: dict[str, list[Item]] = {"definitions": [], "operations": [], "gateways": []}
    unreadable = unreadable_items(places)
    for api in _apis(entity, world):
        seen.looked_at(api.repository, "", api.path)
        gateways = _gateways(api, entity, world, seen)
        values["gateways"] += [item for item in gateways if item not in values["gateways"]]
        found = _definition(api, world, seen)
        if isinstance(found, str):
            unreadable.append(_unread(api, found))
            continue
        values["definitions"].append(definition_item(found, api, gateways, complete=world.catalog_complete))
        values["operations"] += operation_items(found, api)
    seen.values |= {f"api.{name}": items for name, items in values.items()}
    seen.values["api.unreadable"] = unreadable
    _protection(seen, values["gateways"], world)
    return seen


def _apis(entity: Entity, world: World) -> list[Entity]:
    if entity.ref.kind == "api":
        return [entity]
    provided = (world.catalog.get(ref) for ref in world.catalog.related(entity.ref, "providesApi"))
    return [api for api in provided if api is not None and api.spec_text("type").lower() not in _OTHERS]


def _definition(api: Entity, world: World, seen: Seen) -> Found | str:
    """The contract of an API: the file it was taken from, else its text as the catalog has it; or why there is none."""
    text = api.spec_text("definition")
    files = [one for one in world.objects(api.ref, ApiDefinition.kind) if isinstance(one.object, ApiDefinition)]
    seen.found(files)
    same = [one for one in files if getattr(one.object, "digest", "") == openapi.digest_of(text)]
    if same:
        return same[0]
    if elsewhere := _ELSEWHERE.fullmatch(text.strip()):
        return _elsewhere(elsewhere[1], api, files)
    if len(text) > _LARGEST:
        return "its definition is larger than the 2 MiB that are read"
    definition = openapi.read_text(text, api.line) or _none(api)
    return Found(definition, api.repository, "", api.path)


def _elsewhere(target: str, api: Entity, files: Sequence[Found]) -> Found | str:
    """A contract that the descriptor names and that was not filled in. One published at an address is taken to be the
    only one of the repository; a file of the repository is no other than itself."""
    place = inside(target, api.path, api.repository)
    named = [one for one in files if (one.repository, one.path) == (api.repository, place)]
    if named:
        return named[0]
    said = f"its definition lies at {target[:200]}, which is not read"
    if "://" not in target:
        return f"{said}: it is missing, larger than what is read, or no plain text"
    counted = [one for one in files if not one.ignored]
    return counted[0] if len(counted) == 1 else said


def _none(api: Entity) -> ApiDefinition:
    """Stands for a text that is no contract: a placeholder, a link, another format."""
    message = "the definition is no OpenAPI document"
    finding = Finding(api.line, "openapi-none", message)
    return ApiDefinition(line=api.line, format="", version="", labels={}, findings=(finding,))


def _unread(api: Entity, reason: str) -> Item:
    place = {"repository": api.repository, "commit": "", "path": api.path, "line": api.line}
    return {"reason": reason, "ignored": ""} | place


def _gateways(api: Entity, entity: Entity, world: World, seen: Seen) -> list[Item]:
    """Definitions that belong to the API, and those of a provider that can be meant for no other API."""
    refs = [api.ref, *_sole_providers(api, world)]
    found: list[Found] = []
    policies: list[Found] = []
    for ref in refs:
        found += world.objects(ref, GatewayApi.kind)
        policies += world.objects(ref, GatewayPolicy.kind)
        other = world.catalog.get(ref)
        if ref != entity.ref and other is not None:
            seen.looked_at(other.repository, "", "")
    seen.found([*found, *policies])
    return gateway_items(found, policies)


def _sole_providers(api: Entity, world: World) -> Sequence[EntityRef]:
    """Components that provide this API and no other."""
    catalog = world.catalog
    return [ref for ref in catalog.related(api.ref, "apiProvidedBy") if len(catalog.related(ref, "providesApi")) == 1]


def _protection(seen: Seen, gateways: Sequence[Item], world: World) -> None:
    """What all gateways before the API come to; where none is in sight it may lie elsewhere."""
    counted = [item for item in gateways if not item["ignored"] and item["active"]]
    seen.values["api.timeouts"] = any(item.get("timeouts") for item in counted)
    seen.values["api.failures_isolated"] = any(
        item.get("circuit_breaker") or item.get("health_checks") for item in counted
    )
    if not counted and not world.catalog_complete:
        why = "a gateway's definition may lie in another repository; only this one is known here"
        for name in ("gateways", "timeouts", "failures_isolated"):
            seen.unseen(f"api.{name}", Reason.NOT_CONNECTED, why)
