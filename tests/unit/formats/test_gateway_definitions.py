"""Gateways before APIs: Tyk in its four forms, Kong, Istio and ingresses."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from terraform_files import made

from app.facts import codec
from app.formats import reading
from app.formats.apis.model import GatewayApi, GatewayPolicy
from app.formats.model import Object


def gateways(text: str, path: str = "api.json") -> list[GatewayApi]:
    return [one for one in reading.read(path, dedent(text).encode()).objects if isinstance(one, GatewayApi)]


def tyk(server: Any = None, upstream: Any = None, middleware: Any = None, info: Any = None) -> GatewayApi:
    extension = {
        "info": {"name": "shop", "state": {"active": True}, **(info or {})},
        "server": {"listenPath": {"value": "/shop/"}, **(server or {})},
        "upstream": {"url": "http://shop", **(upstream or {})},
        "middleware": middleware or {},
    }
    document = {"openapi": "3.0.3", "info": {"title": "s", "version": "1"}, "x-tyk-api-gateway": extension}
    (found,) = gateways(json.dumps(document, indent=1))
    return found


LIMIT = {"enabled": True, "rate": 100, "per": "1m"}
KEYED = {"authentication": {"enabled": True}}


def test_a_bare_definition_of_tyk_is_open_and_unlimited() -> None:
    found = tyk()
    assert (found.format, found.name, found.listen_path, found.active) == ("tyk-oas", "shop", "/shop/", True)
    assert (found.authenticates, found.limits, found.timeouts, found.circuit_breaker) == (False, False, False, False)
    assert found.unknown == {}


@pytest.mark.parametrize(
    ("upstream", "middleware", "limits"),
    [
        ({"rateLimit": LIMIT}, {}, True),
        ({"rateLimit": {**LIMIT, "enabled": False}}, {}, False),
        ({"rateLimit": {**LIMIT, "rate": 0}}, {}, False),
        ({}, {"operations": {"get": {"rateLimit": LIMIT}}}, True),
        ({"rateLimit": LIMIT}, {"global": {"skipRateLimit": True}}, False),
    ],
)
def test_tyk_limits_requests_upstream_or_by_operation(upstream: Any, middleware: Any, limits: bool) -> None:
    assert tyk(upstream=upstream, middleware=middleware).limits is limits


def test_keys_may_carry_limits_that_only_the_dashboard_knows() -> None:
    assert tyk(KEYED).unknown == {"limits": "limits may stand in the keys and policies of the dashboard"}
    assert tyk(KEYED, {"rateLimit": LIMIT}).unknown == {}
    assert tyk(KEYED, middleware={"global": {"skipRateLimit": True}}).unknown == {}


def test_tyk_protects_upstreams_by_timeouts_breakers_and_tests() -> None:
    breaker = {"enabled": True, "threshold": 0.5, "sampleSize": 5, "coolDownPeriod": 60}
    found = tyk(
        upstream={"enforceTimeout": {"enabled": True}, "uptimeTests": {"enabled": True}},
        middleware={"operations": {"get": {"circuitBreaker": breaker}}},
    )
    assert (found.timeouts, found.circuit_breaker, found.health_checks) == (True, True, True)
    assert tyk(upstream={"loadBalancing": {"enabled": True, "skipUnavailableHosts": True}}).health_checks


@pytest.mark.parametrize(("location", "style"), [("header", "header"), ("url", "path"), ("url-param", "query")])
def test_tyk_says_where_the_version_stands(location: str, style: str) -> None:
    assert tyk(info={"versioning": {"enabled": True, "location": location}}).versioning == (style,)
    assert tyk(info={"versioning": {"enabled": False, "location": location}}).versioning == ()


def test_a_definition_in_a_config_map_is_found_whole_or_on_one_line() -> None:
    document = {
        "info": {"title": "s", "version": "1"},
        "openapi": "3.0.3",
        "x-tyk-api-gateway": {"info": {"name": "shop"}},
    }
    for text in (json.dumps(document, indent=2), json.dumps(document)):
        lines = "".join(f"    {line}\n" for line in text.split("\n"))
        config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, namespace: gw}}\ndata:\n  oas.json: |\n{lines}"
        (found,) = gateways(config, "cm.yaml")
        assert (found.name, found.namespace) == ("shop", "gw")


def classic(**parts: Any) -> GatewayApi:
    base: dict[str, Any] = {"name": "Shop", "proxy": {"listen_path": "/shop/"}, "version_data": {"not_versioned": True}}
    (found,) = gateways(json.dumps({**base, **parts}, indent=1))
    return found


def test_classic_definitions_ask_for_a_key_unless_they_say_keyless() -> None:
    assert (classic().authenticates, classic(use_keyless=True).authenticates) == (True, False)
    assert set(classic().unknown) == {"limits"}
    assert classic(use_keyless=True).unknown == {}


@pytest.mark.parametrize(
    ("parts", "limits"),
    [
        ({"global_rate_limit": {"rate": 10, "per": 60}}, True),
        ({"global_rate_limit": {"rate": 10, "per": 60}, "disable_rate_limit": True}, False),
        ({"global_rate_limit": {"rate": 0, "per": 0}, "use_keyless": True}, False),
    ],
)
def test_classic_definitions_limit_by_a_global_rate(parts: dict[str, Any], limits: bool) -> None:
    assert classic(**parts).limits is limits


def test_classic_definitions_protect_upstreams_in_their_extended_paths() -> None:
    paths = {"hard_timeouts": [{"path": "/", "timeout": 2}], "circuit_breakers": [{"path": "/"}]}
    version = {"not_versioned": False, "versions": {"v1": {"extended_paths": paths}}}
    found = classic(version_data=version, uptime_tests={"check_list": [{"url": "x"}]}, definition={"location": "url"})
    assert (found.timeouts, found.circuit_breaker, found.health_checks) == (True, True, True)
    assert found.versioning == ("path",)


def test_the_operators_resources_are_read_as_what_they_hold() -> None:
    text = """
    apiVersion: tyk.tyk.io/v1alpha1
    kind: ApiDefinition
    metadata: {name: shop, namespace: gw}
    spec: {name: Shop, use_keyless: true, active: true, proxy: {listen_path: /shop}}
    ---
    apiVersion: tyk.tyk.io/v1alpha1
    kind: SecurityPolicy
    metadata: {name: gold}
    spec: {rate: 100, per: 60, active: true, access_rights_array: [{name: shop, namespace: gw}]}
    """
    found = reading.read("tyk.yaml", dedent(text).encode()).objects
    api, policy = found
    assert isinstance(api, GatewayApi)
    assert isinstance(policy, GatewayPolicy)
    assert (api.name, api.authenticates, api.namespace) == ("shop", False, "gw")
    assert (policy.apis, policy.limits) == (("shop",), True)


def kong(inside: str) -> list[GatewayApi]:
    return gateways(f'_format_version: "3.0"\n{dedent(inside)}', "kong.yaml")


@pytest.mark.parametrize("name", ["[a]", "{a: b}", "7", "~"])
def test_a_plugin_of_kong_whose_name_is_no_text_protects_nothing(name: str) -> None:
    (found,) = kong(f"services:\n  - {{name: shop, url: 'http://shop', plugins: [{{name: {name}}}]}}\n")
    assert (found.authenticates, found.limits) == (False, False)


def test_kongs_services_have_defaults_that_protect_nothing() -> None:
    (found,) = kong("services:\n  - {name: shop, url: 'http://shop', routes: [{name: r, paths: [/shop]}]}\n")
    assert (found.name, found.listen_path, found.line) == ("shop", "/shop", 3)
    assert (found.authenticates, found.limits, found.timeouts, found.health_checks) == (False, False, False, False)


@pytest.mark.parametrize(
    ("plugins", "limits"),
    [
        ("[{name: rate-limiting, config: {minute: 5}}]", True),
        ("[{name: rate-limiting, config: {}}]", False),
        ("[{name: rate-limiting, enabled: false, config: {minute: 5}}]", False),
        ("[{name: rate-limiting-advanced, config: {limit: [5]}}]", True),
    ],
)
def test_kong_limits_by_a_plugin_that_is_on(plugins: str, limits: bool) -> None:
    (found,) = kong(f"services:\n  - {{name: shop, plugins: {plugins}}}\n")
    assert found.limits is limits


def test_a_plugin_whose_name_is_no_text_is_none() -> None:
    """Found by spoiling files: a list or mapping can't be looked up among names, and cost the whole file."""
    for name in ("[jwt, rate-limiting]", "{jwt: 1}"):
        (found,) = kong(f"services: [{{name: shop, plugins: [{{name: {name}, config: {{minute: 5}}}}]}}]\n")
        assert (found.limits, found.authenticates) == (False, False)


def test_a_plugin_for_everything_or_for_every_route_covers_a_service() -> None:
    everything = kong("plugins: [{name: key-auth}]\nservices: [{name: a}, {name: b}]\n")
    assert [one.authenticates for one in everything] == [True, True]
    tied = kong("plugins: [{name: key-auth, service: a}]\nservices: [{name: a}, {name: b}]\n")
    assert [one.authenticates for one in tied] == [True, False]
    routes = "services:\n  - {name: a, routes: [{plugins: [{name: jwt}]}, {plugins: [%s]}]}\n"
    assert [one.authenticates for one in kong(routes % "{name: jwt}")] == [True]
    assert [one.authenticates for one in kong(routes % "")] == [False]


def test_a_plugin_for_one_consumer_or_group_limits_nobody_else() -> None:
    """Met in decK's own examples: limits of a consumer stand at the top level of the file."""
    limit = "{name: rate-limiting, config: {minute: 5}%s}"
    for scope, limits in (("", True), (", consumer: bar", False), (", consumer_group: gold", False)):
        top = f"plugins: [{limit % scope}]\nservices: [{{name: a}}]\n"
        own = f"services: [{{name: a, plugins: [{limit % scope}]}}]\n"
        assert [one.limits for one in (*kong(top), *kong(own))] == [limits, limits]


def test_a_plugin_or_route_is_tied_by_id_as_by_name() -> None:
    by_id = (
        "services: [{name: a, id: 8ca6}, {name: b, id: 9db7}]\n"
        "routes: [{name: r, id: f00d, service: {id: 8ca6}}, {name: s, service: b}]\n"
        "plugins: [{name: rate-limiting, route: {id: f00d}, config: {minute: 5}}, {name: jwt, service: 9db7}]\n"
    )
    assert [(one.name, one.limits, one.authenticates) for one in kong(by_id)] == [
        ("a", True, False),
        ("b", False, True),
    ]


def test_kongs_anonymous_callers_are_not_known() -> None:
    (found,) = kong("services:\n  - {name: a, plugins: [{name: key-auth, config: {anonymous: guest}}]}\n")
    assert not found.authenticates


def test_kong_protects_upstreams_by_timeouts_and_health_checks() -> None:
    (found,) = kong(
        """
        upstreams:
          - name: shop.upstream
            healthchecks: {passive: {unhealthy: {http_failures: 5}}}
        services:
          - {name: shop, host: shop.upstream, read_timeout: 5000}
        """
    )
    assert (found.timeouts, found.circuit_breaker, found.health_checks) == (True, True, True)
    (default,) = kong("services: [{name: a, host: b, read_timeout: 60000}]\n")
    assert not default.timeouts


def test_credentials_of_consumers_are_never_kept() -> None:
    secret = "s3cr3t-credential"
    text = (
        f'_format_version: "3.0"\nconsumers: [{{username: ann, keyauth_credentials: [{{key: {secret}}}]}}]\n'
        f"services: [{{name: a, plugins: [{{name: hmac-auth, config: {{secret: {secret}}}}}]}}]\n"
    )
    found = reading.read("kong.yaml", text.encode())
    assert secret not in json.dumps(codec.encode_parsed(found))


def traffic(text: str) -> list[GatewayApi]:
    return [one for _, one in made({"mesh.yaml": dedent(text)}, GatewayApi)]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop}\n"
            "spec: {host: shop, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}}\n",
            "circuit_breaker",
        ),
        (
            "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: shop}\n"
            "spec: {hosts: [shop], http: [{timeout: 2s, route: []}]}\n",
            "timeouts",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
            "metadata: {name: shop, annotations: {nginx.ingress.kubernetes.io/limit-rps: '10'}}\nspec: {rules: []}\n",
            "limits",
        ),
    ],
)
def test_a_mesh_and_an_ingress_add_their_part(text: str, field: str) -> None:
    (found,) = traffic(text)
    assert found.partial
    assert getattr(found, field) is True


def test_an_ingress_that_adds_nothing_is_no_gateway() -> None:
    assert traffic("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: []}\n") == []


def test_a_gateway_survives_the_store() -> None:
    one: Object = tyk(KEYED)
    assert codec.decode(type(one), json.loads(json.dumps(codec.encode(one)))) == one
