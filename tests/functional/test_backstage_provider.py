"""The Backstage provider against a real HTTP server that speaks the catalog's API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.catalog.model import Catalog, EntityRef
from app.catalog.providers.backstage_catalog import BackstageCatalog
from app.clients.backstage import BackstageClient
from app.errors import ProviderError
from app.lib.http import Http, HttpError

TOKEN = "not-to-be-seen"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Answer = tuple[int, dict[str, str], bytes]


class Portal:
    """A catalog of `items`; `script` holds answers to give first. Remembers every request's query and token."""

    def __init__(self, items: list[Any]) -> None:
        self.items, self.script = items, list[Answer]()
        self.always: Callable[[dict[str, list[str]]], Answer] | None = None
        self.queries: list[dict[str, list[str]]] = []
        self.tokens: list[str] = []
        self.url = ""

    def answer(self, path: str, token: str) -> Answer:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        self.queries.append(query)
        self.tokens.append(token)
        if self.script:
            return self.script.pop(0)
        if self.always is not None:
            return self.always(query)
        if parts.path != "/api/catalog/entities/by-query":
            return 404, {}, b"{}"
        return self.page(query)

    def page(self, query: dict[str, list[str]]) -> Answer:
        start, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        after = start + limit
        info = {"nextCursor": str(after)} if after < len(self.items) else {}
        body = {"items": self.items[start:after], "totalItems": len(self.items), "pageInfo": info}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def portal() -> Iterator[Portal]:
    served = Portal([component(number) for number in range(3)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = served.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def component(number: int, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": f"Service-{number}", "uid": f"u{number}", "etag": f"e{number}", **metadata},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
        "relations": [{"type": "ownedBy", "targetRef": "group:default/team-b"}],
    }


def provider(portal: Portal, waits: list[float] | None = None, **options: Any) -> BackstageCatalog:
    slept = waits if waits is not None else []
    http = Http(allow_private=True, timeout=5)
    settings = {"sleep": slept.append, "now": lambda: NOW, **options}
    return BackstageCatalog("portal", BackstageClient(http, portal.url, TOKEN, **settings))


def test_twelve_hundred_entities_come_page_by_page(portal: Portal) -> None:
    portal.items = [component(number) for number in range(1200)]

    found = provider(portal).discover()

    assert len(found.entities) == 1200
    assert [query.get("cursor") for query in portal.queries] == [None, ["500"], ["1000"]]
    assert all("relations" in query["fields"][0].split(",") for query in portal.queries)
    assert portal.tokens == [f"Bearer {TOKEN}"] * 3


def test_relations_of_the_catalog_count_and_not_the_spec(portal: Portal) -> None:
    found = provider(portal).discover().entities

    ref = EntityRef("component", "default", "service-0")
    assert Catalog.of(found).owner(ref) == EntityRef("group", "default", "team-b")
    assert (found[0].name, found[0].etag, found[0].provider) == ("Service-0", "e0", "backstage portal")
    assert "uid" not in found[0].metadata


def test_locations_name_the_repositories_to_crawl(portal: Portal) -> None:
    source = {"backstage.io/source-location": "url:https://GitHub.com/acme/shop/tree/main/orders/"}
    managed = {"backstage.io/managed-by-location": "url:https://github.com/acme/pay/blob/main/svc/catalog-info.yaml"}
    local = {"backstage.io/managed-by-location": "file:/srv/catalog-info.yaml"}
    portal.items = [component(n, annotations=texts) for n, texts in enumerate((source, managed, local))]

    found = provider(portal).discover()

    assert [one.url for one in found.repositories] == ["https://github.com/acme/shop", "https://github.com/acme/pay"]
    places = [(one.repository, one.root, one.path) for one in found.entities]
    assert places == [
        ("https://github.com/acme/shop", "orders", ""),
        ("https://github.com/acme/pay", "svc", "svc/catalog-info.yaml"),
        ("", "", ""),
    ]


def test_orphans_and_processing_errors_are_told(portal: Portal) -> None:
    orphan = component(1, annotations={"backstage.io/orphan": "true"})
    error = {"level": "error", "type": "backstage.io/catalog-processing", "message": "no https://u:p@h/x"}
    portal.items = [orphan, {**component(2), "status": {"items": [error, {"level": "info"}, None]}}]

    first, second = provider(portal).discover().entities

    assert (first.orphan, second.orphan) == (True, False)
    (problem,) = second.problems
    assert problem.code == "catalog-processing"
    assert "u:p" not in problem.message


def test_too_many_requests_are_waited_out_as_asked(portal: Portal) -> None:
    portal.script = [
        (429, {"Retry-After": "7"}, b""),
        (503, {"Retry-After": "Sun, 01 Mar 2026 12:00:20 GMT"}, b""),
        (500, {}, b""),
    ]
    waits: list[float] = []

    found = provider(portal, waits).discover()

    assert len(found.entities) == 3
    assert waits == [7.0, 20.0, 4.0]


def test_a_server_that_always_fails_is_a_failure_without_the_token(portal: Portal) -> None:
    portal.always = lambda _: (500, {}, TOKEN.encode())
    waits: list[float] = []

    with pytest.raises(ProviderError) as caught:
        provider(portal, waits, attempts=3).discover()

    assert str(caught.value) == f"{portal.url} answered 500, 3 times in a row"
    assert waits == [1.0, 2.0]
    assert TOKEN not in repr(provider(portal))


def test_a_wait_beyond_the_time_limit_is_not_begun(portal: Portal) -> None:
    portal.script = [(429, {"Retry-After": "3600"}, b"")]
    waits: list[float] = []

    with pytest.raises(ProviderError, match="may take 60 s"):
        provider(portal, waits, total=60.0).discover()
    assert waits == []


@pytest.mark.parametrize(
    ("status", "said"), [(401, "refused the token"), (403, "refused the token"), (404, "no catalog API"), (418, "418")]
)
def test_what_will_not_pass_is_not_tried_again(portal: Portal, status: int, said: str) -> None:
    portal.always = lambda _: (status, {}, b"{}")
    with pytest.raises(ProviderError, match=said):
        provider(portal).discover()
    assert len(portal.queries) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"[]",
        b'{"items": null}',
        b'{"items": [], "totalItems": 0}',
        b'{"items": [{}], "totalItems": 900, "pageInfo": {}}',
    ],
)
def test_an_answer_that_is_no_whole_list_is_a_failure(portal: Portal, body: bytes) -> None:
    portal.always = lambda _: (200, {}, body)
    with pytest.raises(ProviderError):
        provider(portal).discover()


def test_a_cursor_that_turns_in_a_circle_is_a_failure(portal: Portal) -> None:
    page = json.dumps({"items": [component(1)], "pageInfo": {"nextCursor": "again"}}).encode()
    portal.always = lambda _: (200, {}, page)
    with pytest.raises(ProviderError, match="again and again"):
        provider(portal).discover()
    assert len(portal.queries) == 2


def test_odd_items_cost_their_neighbours_nothing(portal: Portal) -> None:
    odd: list[Any] = [None, 1, {}, {"kind": "X", "metadata": []}, {"kind": 1, "metadata": {"name": "a"}}]
    relations = [None, {"type": "ownedBy"}, {"type": "custom", "targetRef": "a:b/c"}, {"type": [], "targetRef": "x"}]
    portal.items = [*odd, {**component(1), "relations": relations, "spec": []}]

    (entity,) = provider(portal).discover().entities

    assert (str(entity.ref), entity.relations) == ("component:default/service-1", ())


def test_an_answer_larger_than_allowed_is_refused(portal: Portal) -> None:
    portal.always = lambda _: (200, {}, b"x" * 5000)
    with pytest.raises(HttpError, match="more than 4096 bytes"):
        Http(allow_private=True, max_size=4096).get(portal.url)


def test_private_addresses_are_refused_before_anything_is_sent(portal: Portal) -> None:
    with pytest.raises(HttpError, match="private network") as caught:
        Http().get(portal.url.replace("127.0.0.1", "localhost"))
    assert caught.value.permanent
    assert portal.queries == []


def test_redirects_are_few_and_checked(portal: Portal) -> None:
    portal.always = lambda _: (302, {"Location": "/again"}, b"")
    http = Http(allow_private=True)
    with pytest.raises(HttpError, match="more than 3 times"):
        http.get(portal.url)
    portal.always = lambda _: (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(HttpError, match="not an http or https URL"):
        http.get(portal.url)


def test_a_token_does_not_follow_a_redirect_to_another_host(portal: Portal) -> None:
    elsewhere = portal.url.replace("127.0.0.1", "localhost")
    portal.script = [(302, {"Location": f"{elsewhere}/there"}, b"")]
    Http(allow_private=True).get(f"{portal.url}/here", {"Authorization": "Bearer x", "X-Other": "y"})
    assert portal.tokens == ["Bearer x", ""]


@pytest.mark.parametrize("url", ["ftp://h/x", "http://", "http://u:p@h/", "http://[::1/", "http://h:99999/", "nothing"])
def test_what_is_no_url_to_get_is_refused(url: str) -> None:
    with pytest.raises(HttpError) as caught:
        Http(allow_private=True).get(url)
    assert caught.value.permanent
    assert "u:p" not in str(caught.value)


def test_a_closed_port_is_worth_another_try(portal: Portal) -> None:
    with pytest.raises(HttpError, match="can't be reached") as caught:
        Http(allow_private=True).get("http://127.0.0.1:1/secret?token=x")
    assert not caught.value.permanent
    assert "token" not in str(caught.value)
