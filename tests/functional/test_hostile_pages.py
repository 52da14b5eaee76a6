"""Strangers' words on every page: nothing runs, no link leads to a script, and browsers are told so as well."""

import re
from html.parser import HTMLParser

import pytest
from organisation import TEAM, Organisation, alert

from app.web import create_app

TITLE = "</title><script>alert(1)</script><svg onload=alert(1)>"
DESCRIPTION = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
EVIL = f"""apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: evil
  title: '{TITLE}'
  description: '{DESCRIPTION}'
  annotations:
    pagerduty.com/service-id: "\\"><script>alert(1)</script>"
    backstage.io/source-location: 'url:javascript:alert(1)/'
    backstage.io/view-url: 'javascript:alert(1)'
    roadworthy.dev/runbook: 'javascript:alert(1)//runbook'
  links:
    - {{url: 'javascript:alert(1)', title: '{DESCRIPTION}', icon: x, type: runbook}}
    - {{url: 'data:text/html,<script>alert(1)</script>', title: dashboard}}
    - {{url: ' JAVASCRIPT:alert(1)', title: runbook}}
    - {{url: "java\\tscript:alert(1)", title: runbook}}
spec: {{type: service, lifecycle: production, owner: team}}
"""
NAMES = {"kind": "component", "namespace": "default", "name": "evil", "scorecard_id": "sre-maturity",
         "scorecard": "sre-maturity", "check_id": "alert-runbook-linked"}  # fmt: skip
SAFE = re.compile(r"(https?://|/|#|\?|mailto:|data:,$)")


class Attributes(HTMLParser):
    """Everything of a page that could run or be followed."""

    def __init__(self):
        super().__init__()
        self.links, self.handlers, self.tags, self.frames = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs).get("src", ""))
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction", "xlink:href", "poster", "data", "srcdoc"):
                self.links.append(value or "")
            if re.fullmatch(r"on[a-z]+|style", name):
                self.handlers.append((tag, name, value))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("hostile")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM.replace("name: team", "name: team, title: '<b onclick=x>'")})
    made.repository(
        "evil",
        {
            "catalog-info.yaml": EVIL,
            "alerts.yaml": alert("<script>alert(1)</script>", "javascript:alert(1)"),
            "rules/<script>.yaml": alert("X", "https://a.example/<script>alert(1)</script>"),
            "docs/runbook.md": "# <script>alert(1)</script>\n\n![x](https://evil.example/x.svg)\n",
            "docs/evil.svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "broken.yaml": "groups: [{name: '<script>alert(1)</script>', rules: 7}]\n",
        },
    )
    made.crawl()
    made.push("evil", {"alerts.yaml": alert("<script>alert(2)</script>", "vbscript:x")})
    made.crawl()
    app = create_app(made.pipeline, organisation="<script>alert(1)</script>")
    yield app.test_client()
    made.close()


def pages(client):
    for rule in sorted(client.application.url_map.iter_rules(), key=str):
        if "GET" not in rule.methods or {"path", "filename"} & rule.arguments:
            continue
        values = {**NAMES, "name": "team"} if "group" in rule.rule else NAMES
        parts = re.split(r"<(?:[a-z]+:)?([a-z_]+)>", rule.rule)
        path = "".join(values.get(part, "x") if place % 2 else part for place, part in enumerate(parts))
        yield path
        yield f"{path}?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&level=%3Cscript%3E&next=javascript:alert(1)"


def test_no_page_runs_or_links_what_a_stranger_wrote(client):
    seen = 0
    for path in pages(client):
        answer = client.get(path)
        assert answer.status_code < 500, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        if answer.mimetype not in ("text/html", "image/svg+xml"):
            assert answer.mimetype in ("application/json", "application/problem+json", "text/plain", "text/csv",
                                       "text/javascript", "application/javascript", "text/css"), path  # fmt: skip
            continue
        seen += 1
        found = Attributes()
        found.feed(answer.text)
        assert [link for link in found.links if not SAFE.match(link)] == [], path
        assert found.handlers == [], path
        assert "<script>alert" not in answer.text, path
        assert not {"object", "embed", "base"} & set(found.tags), path
        assert [frame for frame in found.frames if not frame.startswith("/widgets/")] == [], path
    assert seen >= 16


def test_a_strangers_svg_is_never_served(client):
    for path in ("/docs/evil.svg", "/static/../docs/evil.svg", "/entities/component/default/evil/docs/evil.svg"):
        assert client.get(path).status_code == 404
