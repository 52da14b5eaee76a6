"""API facts: whose a contract is, what its gateways add, and what lies where nobody here can see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.attribution.model import PROVIDES, Rules
from app.catalog.model import Catalog
from app.facts.retrievers import api
from app.facts.seen import Seen
from app.facts.world import MemoryWorld

SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: 1.2.3}
paths:
  /carts:
    get: {responses: {'200': {description: ok}, '429': {description: wait, headers: {Retry-After: {}}}}}
    put: {deprecated: true, responses: {'200': {description: ok}}}
"""
COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: team, providesApis: [%s]}
"""
ENTITY = """\
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: %s}
spec: {type: openapi, lifecycle: production, owner: team, definition: %s}
"""
FROM_FILE = "{$text: ./openapi.yaml}"
KONG = '_format_version: "3.0"\nservices: [{name: shop, plugins: [{name: rate-limiting, config: {minute: 5}}]}]\n'
CENTRAL = "https://git.example.org/platform/gateway"


def catalog(*apis: str, definition: str = FROM_FILE) -> str:
    return COMPONENT % ", ".join(apis) + "".join(ENTITY % (name, definition) for name in apis)


def seen_of(look: Any, now: datetime, ref: str = "api:default/shop-api") -> Seen:
    return api.retrieve(look.entity(ref), look.world, now)


def only(seen: Seen) -> dict[str, Any]:
    (item,) = seen.values["api.definitions"]
    return dict(item)


def test_a_contract_is_found_in_the_file_it_was_taken_from(looked: Callable[..., Any], now: datetime) -> None:
    look = looked({"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC})
    for ref in ("api:default/shop-api", "component:default/shop"):
        seen = seen_of(look, now, ref)
        item = only(seen)
        assert (item["path"], item["name"], item["api"], item["semantic_version"]) == (
            "openapi.yaml",
            "Shop",
            "api:default/shop-api",
            True,
        )
        assert [(one["name"], one["line"]) for one in seen.values["api.operations"]] == [
            ("GET /carts", 5),
            ("PUT /carts", 6),
        ]
        assert (item["limits_documented_ratio"], item["deprecated_silently"]) == (0.5, 1)


def test_of_several_contracts_each_api_gets_its_own(looked: Callable[..., Any], now: datetime) -> None:
    other = SPEC.replace("Shop", "Admin")
    files = {
        "catalog-info.yaml": catalog("shop-api") + ENTITY % ("admin-api", "{$text: ./admin.yaml}"),
        "openapi.yaml": SPEC,
        "admin.yaml": other,
    }
    look = looked(files)
    assert only(seen_of(look, now))["path"] == "openapi.yaml"
    assert only(seen_of(look, now, "api:default/admin-api"))["path"] == "admin.yaml"


INLINE = """\
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: shop-api}
spec:
  type: openapi
  lifecycle: production
  owner: team
  definition: |
"""


def test_a_contract_in_the_descriptor_is_placed_there(looked: Callable[..., Any], now: datetime) -> None:
    descriptor = COMPONENT % "shop-api" + INLINE + "".join(f"    {line}\n" for line in SPEC.splitlines())
    seen = seen_of(looked({"catalog-info.yaml": descriptor}), now)
    assert only(seen)["path"] == "catalog-info.yaml"
    line = seen.values["api.operations"][0]["line"]
    assert "get:" in descriptor.splitlines()[line - 1]


def test_a_contract_that_only_a_catalog_holds_is_read_from_there(looked: Callable[..., Any], now: datetime) -> None:
    look = looked({"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC})
    known = Catalog.of(look.world.catalog.entities.values())
    bare = MemoryWorld([], known, lambda _: ())
    item = api.retrieve(look.entity("api:default/shop-api"), bare, now).values["api.definitions"][0]
    assert (item["name"], item["path"]) == ("Shop", "catalog-info.yaml")


def test_a_placeholder_is_no_contract(looked: Callable[..., Any], now: datetime) -> None:
    item = only(seen_of(looked({"catalog-info.yaml": catalog("shop-api", definition="'...'")}), now))
    assert (item["format"], item["problems"]) == ("", ["6: the definition is no OpenAPI document"])


def test_a_contract_that_lies_elsewhere_is_unknown(looked: Callable[..., Any], now: datetime) -> None:
    descriptor = catalog("shop-api", definition="{$text: 'https://api.example/openapi.json'}")
    seen = seen_of(looked({"catalog-info.yaml": descriptor}), now)
    assert seen.values["api.definitions"] == []
    (place,) = seen.values["api.unreadable"]
    assert place["reason"] == "its definition lies at https://api.example/openapi.json, which is not read"


def test_a_contract_too_large_to_be_read_is_unknown_and_no_other_takes_its_place(
    looked: Callable[..., Any], now: datetime
) -> None:
    large = SPEC + "# " + "x" * (2 * 1024 * 1024) + "\n"
    descriptor = catalog("shop-api", definition="{$text: ./large.yaml}")
    look = looked({"catalog-info.yaml": descriptor, "large.yaml": large, "openapi.yaml": SPEC})
    seen = seen_of(look, now)
    assert seen.values["api.definitions"] == []
    said = "its definition lies at ./large.yaml, which is not read: it is missing, larger than what is read, or no"
    said += " plain text"
    assert [place["reason"] for place in seen.values["api.unreadable"]] == [said]
    assert look.inventory.problems == ()  # a catalog takes it, so the entity is registered well


def test_a_contract_of_more_than_one_mebibyte_is_read_whole(looked: Callable[..., Any], now: datetime) -> None:
    head, _, paths = SPEC.partition("paths:\n")
    large = f"{head}x-words: |\n" + f"  {'x' * 998}\n" * 1_200 + f"paths:\n{paths}"
    descriptor = catalog("shop-api", definition="{$text: ./large.yaml}")
    seen = seen_of(looked({"catalog-info.yaml": descriptor, "large.yaml": large}), now)
    assert (only(seen)["path"], only(seen)["problems"]) == ("large.yaml", [])
    assert seen.values["api.operations"] != []


def test_a_contract_that_is_not_there_is_unknown_and_told(looked: Callable[..., Any], now: datetime) -> None:
    descriptor = catalog("shop-api", definition="{$text: ./opneapi.yaml}")
    look = looked({"catalog-info.yaml": descriptor, "openapi.yaml": SPEC})
    assert seen_of(look, now).values["api.definitions"] == []
    assert "opneapi.yaml, which does not exist" in look.inventory.problems[0].message


def test_contracts_of_other_kinds_are_left_alone(looked: Callable[..., Any], now: datetime) -> None:
    graphql = (ENTITY % ("graph", "'type Query { a: Int }'")).replace("type: openapi", "type: graphql")
    descriptor = COMPONENT % "shop-api, graph" + ENTITY % ("shop-api", FROM_FILE) + graphql
    seen = seen_of(looked({"catalog-info.yaml": descriptor, "openapi.yaml": SPEC}), now, "component:default/shop")
    assert [item["api"] for item in seen.values["api.definitions"]] == ["api:default/shop-api"]


def test_a_gateway_beside_the_api_enforces_its_limits(looked: Callable[..., Any], now: datetime) -> None:
    files = {"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC, "kong.yaml": KONG}
    item = only(seen_of(looked(files), now))
    assert (item["limits_enforced"], item["authenticated"]) == (True, False)


def test_a_gateway_elsewhere_is_matched_by_name(
    looked: Callable[..., Any], snapshot: Callable[..., Any], now: datetime
) -> None:
    shop = snapshot({"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC})
    central = snapshot({"kong.yaml": KONG + "  # all\n"}, url=CENTRAL)
    rules = Rules(evidence={CENTRAL: PROVIDES["gateways"]})
    assert only(seen_of(looked(shop, central, rules=rules), now))["limits_enforced"] is True
    other = snapshot({"kong.yaml": KONG.replace("name: shop,", "name: cart,")}, url=CENTRAL)
    assert only(seen_of(looked(shop, other, rules=rules), now))["limits_enforced"] is False


def test_limits_of_keys_are_unknown_until_a_policy_tells_them(looked: Callable[..., Any], now: datetime) -> None:
    keyed = (
        "apiVersion: tyk.tyk.io/v1alpha1\nkind: ApiDefinition\nmetadata: {name: shop-api}\n"
        "spec: {proxy: {listen_path: /shop}}\n"
    )
    policy = (
        "---\napiVersion: tyk.tyk.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: gold}\n"
        "spec: {rate: 9, per: 60, access_rights_array: [{name: shop-api}]}\n"
    )
    files = {"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC, "tyk.yaml": keyed}
    item = only(seen_of(looked(files), now))
    assert "limits_enforced" not in item
    assert item["unknown"]["limits_enforced"] == "limits may stand in the keys and policies of the dashboard"
    assert item["authenticated"] is True
    settled = only(seen_of(looked({**files, "tyk.yaml": keyed + policy}), now))
    assert settled["limits_enforced"] is True


def test_without_a_gateway_in_the_only_known_repository_nothing_is_said_of_it(
    looked: Callable[..., Any], now: datetime
) -> None:
    files = {"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC}
    seen = seen_of(looked(files, complete=False), now)
    assert {"limits_enforced", "authenticated"} <= set(only(seen)["unknown"])
    assert {"api.gateways", "api.timeouts", "api.failures_isolated"} <= set(seen.unknown)


def test_a_switched_off_gateway_does_nothing(looked: Callable[..., Any], now: datetime) -> None:
    off = KONG.replace("{name: shop,", "{name: shop, enabled: false,")
    files = {"catalog-info.yaml": catalog("shop-api"), "openapi.yaml": SPEC, "kong.yaml": off}
    assert only(seen_of(looked(files), now))["limits_enforced"] is False
