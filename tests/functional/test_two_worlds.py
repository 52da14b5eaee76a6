"""What a reader may not see is as if it were not: two organisations, one without what is hidden, tell them the same.

`test_visibility` looks for names; this one also finds counts, totals, relations, dates and what changed for no reason
that is shown.
"""

import re

import pytest
from organisation import RUNBOOK, Organisation, alert, component

from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.store.inbound import Arrival
from app.web import create_app

SHARED = "evidence_repositories: [{url: ./repositories/central, provides: [alerts]}]\n"
HEAD = "apiVersion: backstage.io/v1alpha1\nkind: "
GROUPS = f"""{HEAD}Group
metadata: {{name: shops}}
spec: {{type: team, children: [tills]}}
---
{HEAD}Group
metadata: {{name: tills}}
spec: {{type: team, children: [], parent: shops}}
---
{HEAD}User
metadata: {{name: seller}}
spec: {{memberOf: [tills]}}
"""


def service(name, spec):
    """A component whose spec says more than its owner."""
    return component(name, owner="OWNER").replace("owner: OWNER", spec)


SHOP = f"""{service("shop", "owner: tills, system: store, providesApis: [sales]")}---
{HEAD}System
metadata: {{name: store}}
spec: {{owner: shops}}
---
{HEAD}API
metadata: {{name: sales}}
spec: {{type: openapi, lifecycle: production, owner: tills, system: store, definition: 'openapi: 3.0.3'}}
---
{HEAD}Resource
metadata: {{name: books}}
spec: {{type: database, owner: tills}}
"""
VAULT = f"""{
    service("vault", "owner: guards, system: store, consumesApis: [sales], dependsOn: [component:shop, resource:books]")
}---
{HEAD}API
metadata: {{name: keys}}
spec: {{type: openapi, lifecycle: production, owner: guards, system: store, definition: 'openapi: 3.0.3'}}
---
{HEAD}Group
metadata: {{name: guards}}
spec: {{type: team, children: []}}
---
{HEAD}User
metadata: {{name: watchman}}
spec: {{memberOf: [guards]}}
"""
REPORT = {
    "group": "oncall", "source": "ci", "data": {"provider": "pager", "escalation_levels": 2, "schedule_users": 5}
}  # fmt: skip
WAIVER = {"check": "slo-defined", "reason": "Later.", "until": "2026-12-20"}
QUERIES = ("", "?format=csv", "?q=a", "?owner=group:default/shops", "?entity=component:default/shop&ids=catalog")
PLACES = (
    {"kind": "component", "name": "shop"},
    {"kind": "system", "name": "store"},
    {"kind": "api", "name": "sales"},
    {"kind": "resource", "name": "books"},
)
ALSO = {
    "namespace": "default", "scorecard_id": "sre-maturity", "scorecard": "sre-maturity",
    "check_id": "alert-runbook-linked",
}  # fmt: skip


class World:
    """An organisation, and how the group that owns the shops sees it."""

    def __init__(self, folder, hidden):
        self.made = made = Organisation(folder, SHARED).open()
        made.repository("catalog", {"catalog-info.yaml": GROUPS})
        made.repository("shop", {"catalog-info.yaml": SHOP, "a.yaml": alert("Burning", "TODO")})
        central = {"shop.yaml": alert("ShopDown", "TODO", service="shop"), "other.yaml": "# nothing\n"}
        if hidden:
            central["other.yaml"] = alert("VaultOpen", "TODO", service="vault")
            made.repository(
                "vault", {"catalog-info.yaml": VAULT, "a.yaml": alert("Open", "x"), "docs/runbook.md": RUNBOOK}
            )
            made.repository(
                "nobodys", {"catalog-info.yaml": component("nobodys", owner="nobody"), "b.yaml": "groups: 7\n"}
            )
        made.repository("central", central)
        made.crawl()
        made.push("shop", {"a.yaml": alert("Burning", "https://runbooks.example/burning")})
        made.crawl()
        store = made.pipeline.store
        door = Authenticator(tokens=store.tokens, directory=store.people, clock=made.pipeline.clock)
        self.app = create_app(made.pipeline, access=Access(authenticator=door))
        self.app.testing = False
        self.client = self.app.test_client()
        self.whole = self.token("whole", "admin")
        self.shops = self.token("shops", "read", groups=(EntityRef("group", "default", "shops"),))
        self.happens(hidden)

    def token(self, name, *scopes, groups=()):
        made = tokens.new()
        row = tokens.StoredToken(
            id=made.id, name=name, digest=made.digest, scopes=scopes, created_at=self.made.now, groups=groups
        )
        assert self.made.pipeline.store.tokens.add(row)
        return {"Authorization": f"Bearer {made.text}"}

    def happens(self, hidden):
        for ref in ("component:default/shop", *(["component:default/vault"] if hidden else ())):
            for path, body, status in (("facts", REPORT, 202), ("waivers", WAIVER, 201)):
                answer = self.client.post(f"/api/v1/{path}", json={"entity": ref, **body}, headers=self.whole)
                assert answer.status_code == status, answer.text
        for name in ("shop", *(["vault", "elsewhere"] if hidden else ())):
            row = {"source": "forge", "forge": "github", "delivery": name, "event": "push", "state": "accepted"}
            assert self.made.pipeline.store.inbound.record(
                Arrival(**row, repository=self.made.url(name)), self.made.now
            )
        self.made.judge()

    def told(self, path, method="GET", headers=None, **options):
        answer = self.client.open(path, method=method, headers=headers or self.shops, **options)
        return answer.status_code, self.plain(answer.get_data(as_text=True))

    def plain(self, text):
        """Without what two runs of the same differ by."""
        text = text.replace(str(self.made.folder), "FOLDER").replace(self.made.folder.name, "FOLDER")
        return re.sub(
            r'"due_at":"[^"]+"|\b[0-9a-f]{7,40}\b|name="csrf_token" value="[^"]*"|/fix/[^"<> ]+'
            r'|data-cursor="\d+"|"(cursor|newest)": ?\d+|"id":"[0-9A-Za-z_-]{10,}"',
            "*",
            text,
        )  # fmt: skip


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    made = [World(tmp_path_factory.mktemp(name), name == "whole") for name in ("whole", "part")]
    yield made
    for one in made:
        one.made.close()


def paths(app):
    found = {}
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in rule.methods or rule.rule.startswith(("/static", "/login", "/logout")):
            continue
        if {"path", "filename"} & rule.arguments:
            continue
        for place in PLACES:
            values = {**ALSO, **place, **({"name": "shops"} if "group" in rule.rule else {})}
            parts = re.split(r"<(?:[a-z]+:)?([a-z_]+)>", rule.rule)
            found["".join(values.get(part, "x") if at % 2 else part for at, part in enumerate(parts))] = None
    return list(found)


def test_nothing_that_is_told_depends_on_what_is_hidden(worlds):
    whole, part = worlds
    differ, answered = [], 0
    for path in paths(whole.app):
        for query in QUERIES:
            first, second = whole.told(path + query), part.told(path + query)
            answered += first[0] == 200
            if first != second:
                differ.append(path + query)
    assert differ == []
    assert answered > 150


def test_who_sees_everything_is_told_of_two_worlds(worlds):
    whole, part = worlds
    for path in ("/", "/api/v1/entities", "/api/v1/sources", "/sources", "/readyz", "/scorecards/sre-maturity"):
        assert whole.told(path, headers=whole.whole) != part.told(path, headers=part.whole), path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/entities/by-refs", {"refs": ["component:default/vault", "component:default/shop"]}),
        ("/api/tech-insights/checks/run", {"entities": []}),
        ("/api/tech-insights/checks/run", {"entities": ["component:default/vault", "component:default/shop"]}),
        ("/api/tech-insights/checks/run/default/component/vault", {}),
        ("/api/v1/simulate?fix=false", {"files": {"catalog-info.yaml": VAULT.replace("shop", "guards")}}),
        (
            "/api/v1/simulate?fix=false",
            {"files": {"catalog-info.yaml": service("new", "owner: tills, dependsOn: [component:vault]")}},
        ),
        ("/api/v1/policy/preview", {"documents": {"waivers.yaml": "waivers: []\n"}}),
    ],
)
def test_nor_does_what_is_asked_by_post(worlds, path, body):
    first, second = (world.told(path, "POST", json=body) for world in worlds)
    assert first == second
    assert first[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/facts", {"entity": "component:default/vault", **REPORT}),
        ("/api/v1/waivers", {"entity": "component:default/vault", **WAIVER}),
        ("/api/v1/entities/by-name/component/default/vault/refresh", {}),
        ("/api/v1/entities/by-name/component/default/vault/fix/pull-request", {}),
        ("/api/tech-insights/facts/refresh/default/component/vault", {}),
    ],
)
def test_nor_can_it_be_told_from_what_may_not_be_changed(worlds, path, body):
    scopes, shops = ("read", "refresh", "facts:write", "fixes:write", "waivers:write"), EntityRef.parse("group:shops")
    told = []
    for world in worlds:
        headers = world.token(path, *scopes, groups=(shops,))
        told.append(world.told(path, "POST", headers, json=body))
    assert told[0] == told[1]
    assert told[0][0] == 404
