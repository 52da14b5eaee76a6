"""What an attacker tries on a running server, request by request; what other tests hold is not repeated here."""

import re
import socket
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from organisation import TEAM, Organisation, component
from serving import served

from app.api.guard import scope_of
from app.identity import tokens
from app.services import access_of
from app.settings import load
from app.web import create_app

SETTINGS = "auth: {mode: on, limits: {failures: 0}}\nserve: {public_url: 'https://sre.example.org'}\n"
RESULTS = "/api/v1/entities/by-name/component/default/shop/results"
RUN = "/api/tech-insights/checks/run/default/component/shop"
NAMES = {
    "kind": "component", "namespace": "default", "name": "shop", "scorecard_id": "sre-maturity", "waiver_id": "1",
    "scorecard": "sre-maturity", "check_id": "owner-is-team", "notification_id": "1", "filename": "style.css",
    "forge": "github", "source": "none", "path": "fixes",
}  # fmt: skip
SCOPES = ("read", "refresh", "facts:write", "fixes:write", "waivers:write", "admin")


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("attacks"), SETTINGS).open()
    made.repository("shop", {"catalog-info.yaml": f"{component('shop')}---\n{TEAM}"})
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(organisation):
    settings = load(organisation.folder / "roadworthy.yaml", {})
    return create_app(
        organisation.pipeline,
        access=access_of(settings, organisation.pipeline),
        public_url=settings.serve.public_url,
    )


@pytest.fixture(scope="module")
def url(app):
    with served(app) as found:
        yield found


@pytest.fixture(scope="module")
def token(organisation):
    """Scope → a living token that holds it alone."""

    def made(scope):
        new = tokens.new()
        row = tokens.StoredToken(
            id=new.id, name=new.id, digest=new.digest, scopes=(scope,), created_at=organisation.now
        )
        assert organisation.pipeline.store.tokens.add(row)
        return new.text

    return {scope: made(scope) for scope in SCOPES}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def routes(app):
    """(method, path, scope) of every route that needs one."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda found: NAMES.get(found[1], "x"), rule.rule)
        for method in sorted(rule.methods & {"GET", "POST"}):
            if needed := scope_of(app, rule.endpoint, method):
                yield method, path, needed


def ask(url, method, path, headers):
    return requests.request(method, url + path, headers=headers, allow_redirects=False, timeout=10)


def test_no_route_takes_a_token_without_its_scope(app, url, token):
    found = list(routes(app))
    assert {needed for *_, needed in found} == set(SCOPES)
    let_in = []
    for method, path, needed in found:
        for scope in sorted({*SCOPES} - {needed, "admin"}):
            if ask(url, method, path, bearer(token[scope])).status_code != 403:
                let_in.append(f"{method} {path} with {scope}")
    assert let_in == []


def test_no_route_takes_a_revoked_token_or_none(app, url, organisation, token):
    new = tokens.new()
    row = tokens.StoredToken(
        id=new.id, name="revoked", digest=new.digest, scopes=("admin",), created_at=organisation.now
    )
    assert organisation.pipeline.store.tokens.add(row)
    organisation.pipeline.store.tokens.revoke(new.id, organisation.now)
    told = {
        f"{method} {path}": ask(url, method, path, headers).status_code
        for headers in ({}, bearer(new.text))
        for method, path, _ in routes(app)
    }
    answered = {what: status for what, status in told.items() if status != 401}
    assert len(told) > 60
    assert {what for what, status in answered.items() if status != 303} == set()  # pages lead to the form
    assert all(what.startswith("GET /") and not what.startswith("GET /api/") for what in answered)


@pytest.mark.parametrize("way", ["token", "access_token", "id_token", "X-Api-Key", "cookie", "basic", "doubled", "cut"])
def test_a_token_counts_in_its_header_alone_and_whole(url, token, way):
    text = token["read"]
    headers = {
        "X-Api-Key": {"X-Api-Key": text},
        "cookie": {"Cookie": f"roadworthy_session={text}; __Host-roadworthy_session={text}"},
        "basic": {"Authorization": "Basic " + text},
        "doubled": bearer(f"{text} {text}"),
        "cut": bearer(text[:-1]),
    }.get(way, {})
    query = f"?{way}={text}" if way.endswith("token") else ""
    for path in (RESULTS, "/api/v1/entities"):
        assert ask(url, "GET", path + query, headers).status_code == 401


def raw(url, *lines, body=b""):
    """The whole answer to a request that is written by hand."""
    text = "\r\n".join([lines[0], f"Host: {urlsplit(url).netloc}", *lines[1:], "Connection: close", "", ""])
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=10) as connection:
        connection.sendall(text.encode("latin-1") + body)
        connection.settimeout(10)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")


@pytest.mark.parametrize(
    "path",
    [
        "/badges/component/default/%0d%0aX-Evil:%201/sre-maturity.svg",
        "/entities.csv?scorecard=%0d%0aX-Evil:%201",
        "/login?next=/%0d%0aX-Evil:%201",
        "/entities/component/default/%0d%0aX-Evil:%201",
        "/api/v1/scorecards/%0d%0aX-Evil:%201/results?format=csv",
    ],
)
def test_no_line_end_in_a_path_or_query_becomes_a_header(url, token, path):
    answer = raw(url, f"GET {path} HTTP/1.1", f"Authorization: Bearer {token['read']}")
    head = answer.partition("\r\n\r\n")[0]
    assert re.match(r"HTTP/1\.1 [234]\d\d ", head)
    assert "\r\nX-Evil" not in head


def test_the_name_we_are_asked_by_leads_nobody_away(url, token):
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for path in ("/", "/entities", "/login?next=/entities"):
        answer = requests.get(url + path, headers=evil, allow_redirects=False)
        assert "evil.example" not in answer.text + str(answer.headers)
    page = requests.get(f"{url}/widgets/", headers={**evil, **bearer(token["read"])})
    assert (page.status_code, "evil.example" in page.text, "https://sre.example.org" in page.text) == (200, False, True)


def test_one_connection_carries_no_second_request_in_a_body(url, token):
    smuggled = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    said = (f"POST {RUN} HTTP/1.1", f"Authorization: Bearer {token['read']}", "Content-Type: application/json")
    for lengths in (("Transfer-Encoding: chunked", "Content-Length: 2"), ("Content-Length: 2", "Content-Length: 40")):
        assert raw(url, *said, *lengths, body=smuggled).count("HTTP/1.1 ") <= 1


ELSEWHERE = ("///evil.example", "\\\\evil.example", "http:evil.example", "/\t/evil.example", "/./\\evil.example")


@pytest.mark.parametrize("following", [*ELSEWHERE, "/.//evil.example"])
def test_no_spelling_of_another_site_is_where_signing_in_leads(url, token, following):
    signing = requests.Session()
    form = re.search(r'name="csrf_token" value="([^"]+)"', signing.get(f"{url}/login").text)[1]
    answer = signing.post(
        f"{url}/login",
        data={"csrf_token": form, "token": token["read"], "next": following},
        allow_redirects=False,
    )
    assert answer.status_code == 303
    led = urljoin(f"{url}/login", answer.headers["Location"].replace("\\", "/"))
    assert urlsplit(led).netloc == urlsplit(url).netloc


def test_every_form_of_the_pages_needs_its_field_from_this_person_and_this_site(app, url, token, organisation):
    plain = create_app(organisation.pipeline, access=access_of(load_plain(organisation), organisation.pipeline))
    with served(plain) as here:
        browser = requests.Session()
        stale = form_of(browser.get(f"{here}/login").text)
        data = {"csrf_token": stale, "token": token["admin"]}
        assert browser.post(f"{here}/login", data=data, allow_redirects=False).status_code == 303
        right = form_of(browser.get(f"{here}/entities/component/default/shop").text)
        forms = [path for method, path, _ in routes(app) if method == "POST" and not path.startswith("/api/")]
        assert len(forms) >= 7
        tried = [
            ({}, {}),
            ({"csrf_token": ""}, {}),
            ({"csrf_token": stale}, {}),
            ({"csrf_token": right[:-4] + "AAAA"}, {}),
            ({"csrf_token": right}, {"Origin": "https://evil.example"}),
            ({"csrf_token": right}, {"Origin": "null"}),
            ({"csrf_token": right}, {"Sec-Fetch-Site": "cross-site"}),
        ]
        passed = [
            (path, data, headers)
            for path in forms
            for data, headers in tried
            if browser.post(here + path, data=data, headers=headers, allow_redirects=False).status_code != 403
        ]
    assert passed == []


def form_of(text):
    return re.search(r'name="csrf_token" value="([^"]+)"', text)[1]


def load_plain(organisation):
    """The same settings without https, whose cookies a client on http would not send."""
    file = organisation.folder / "plain.yaml"
    file.write_text("auth: {mode: on, limits: {failures: 0}}\n", "utf-8")
    return load(file, {})
