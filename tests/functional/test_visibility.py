"""What a reader may not see is absent everywhere: every route is asked, as someone whose groups own other things."""

import re
from urllib.parse import quote

import pytest
from organisation import RUNBOOK, Organisation, alert, component
from signed_tokens import Issuer

from app.catalog.model import EntityRef
from app.identity import tokens
from app.identity.access import Access
from app.identity.authenticator import Authenticator
from app.identity.backstage import Backstage
from app.store.inbound import Arrival
from app.web import create_app

ISSUER = "https://portal.example/api/auth"
PORTAL = Issuer()
GROUPS = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: commerce}
spec: {type: department, children: [shops]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shops}
spec: {type: team, children: [], parent: commerce}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: [commerce]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: grace}
spec: {memberOf: [shops]}
"""
HIDDEN_GROUP = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: xyzzy-team, title: xyzzy team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: xyzzy-user}
spec: {memberOf: [xyzzy-team]}
"""


class Published:
    def key(self, kid):
        return PORTAL.jwk if kid == PORTAL.kid else None


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("visibility")).open()
    made.repository("catalog", {"catalog-info.yaml": GROUPS})
    made.repository("shop", {"catalog-info.yaml": component("shop", owner="shops"), "a.yaml": alert("Burning", "TODO")})
    made.repository("hall", {"catalog-info.yaml": component("hall", owner="commerce")})
    made.repository(
        "xyzzy",
        {
            "catalog-info.yaml": component("xyzzy", owner="xyzzy-team") + "---\n" + HIDDEN_GROUP,
            "alerts.yaml": alert("XyzzyBurning", "TODO"),
            "docs/runbook.md": RUNBOOK,
            "broken.yaml": "groups: [{name: xyzzy, rules: 7}]\n",
        },
    )
    made.repository("orphan-xyzzy", {"catalog-info.yaml": component("unowned-xyzzy", owner="nobody")})
    made.crawl()
    hidden = made.url("xyzzy")
    arrival = Arrival(source="forge", forge="github", delivery="1", event="push", repository=hidden, state="accepted")
    assert made.pipeline.store.inbound.record(arrival, made.now)
    made.push("shop", {"a.yaml": alert("Burning", "https://runbooks.example/burning")})
    made.push("xyzzy", {"alerts.yaml": alert("XyzzyBurning", "https://runbooks.example/xyzzy")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(organisation):
    pipeline = organisation.pipeline
    portal = Backstage(issuer=ISSUER, keys=Published(), plugins={"catalog": Published()})
    store = pipeline.store
    door = Authenticator(tokens=store.tokens, directory=store.people, clock=pipeline.clock, portals=(portal,))
    made = create_app(pipeline, access=Access(authenticator=door, visibility="owners"))
    made.testing = False
    return made


def user(app, organisation, name, **more):
    token = PORTAL.user(organisation.now, ISSUER, sub=f"user:default/{name}", **more)
    return asking(app, token)


def asking(app, token):
    client = app.test_client()

    def ask(path, method="GET", **options):
        return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, **options)

    return ask


def stored(organisation, name, *scopes, **more):
    made = tokens.new()
    row = tokens.StoredToken(
        id=made.id, name=name, digest=made.digest, scopes=scopes, created_at=organisation.now, **more
    )
    assert organisation.pipeline.store.tokens.add(row)
    return made.text


@pytest.fixture
def ada(app, organisation):
    return user(app, organisation, "ada")


HIDDEN = {
    "kind": "component", "namespace": "default", "name": "xyzzy", "scorecard_id": "sre-maturity",
    "scorecard": "sre-maturity", "check_id": "alert-runbook-linked",
}  # fmt: skip
QUERIES = (
    "",
    "?q=xyzzy",
    "?format=csv",
    "?owner=group:default/xyzzy-team",
    "?entity=component:default/xyzzy&ids=alerting",
)
BODIES = {"json": {"entities": [], "entityRefs": ["component:default/xyzzy"], "refs": ["component:default/xyzzy"]}}


def routes(app):
    """Every route with what is hidden in its place, and groups where a group belongs."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if rule.rule.startswith(("/static", "/login", "/logout")) or {"path", "filename"} & rule.arguments:
            continue
        values = dict(HIDDEN)
        if "group" in rule.rule:
            values["name"] = "xyzzy-team"
        parts = re.split(r"<(?:[a-z]+:)?([a-z_]+)>", rule.rule)
        path = "".join(values.get(part, "x") if place % 2 else part for place, part in enumerate(parts))
        for method in sorted(rule.methods & {"GET", "POST"}):
            yield method, path


def telling(app, ask):
    """The requests whose answers tell of what is hidden, beyond repeating the question."""
    found = []
    for method, path in routes(app):
        for query in QUERIES if method == "GET" else ("",):
            answer = ask(path + query, method, **(BODIES if method == "POST" else {}))
            assert answer.status_code < 500, path
            if "xyzzy" in _said(answer.text, path, query).lower():
                found.append(f"{method} {path}{query}")
    return found


def _said(text, path, query):
    """An answer without what merely repeats the question."""
    echoes = {
        path,
        path.removeprefix("/api/tech-insights"),
        query,
        '"entity":"component:default/xyzzy"',
        '"ref":"component:default/xyzzy"',
    }
    echoes.add(path.removeprefix("/api/tech-insights"))  # as its envelope of errors has it
    for asked in re.findall(r"=([^&]+)", query):  # a page's links repeat its filters
        echoes |= {quote(asked, safe=""), quote(asked), f"={asked}"}
    for echo in sorted(echoes - {"", "/"}, key=len, reverse=True):
        text = text.replace(echo, "")
    return re.sub(r"There is no (entity|group) [^ ]+ here\.|\b(value|entity|team)=\"[^\"]*\"", "", text)


def test_every_route_keeps_what_is_hidden_to_itself(app, ada, organisation):
    assert telling(app, ada) == []
    everything = asking(app, stored(organisation, "sees all", "admin"))
    assert len(telling(app, everything)) > 25  # the same requests do tell who may see it


@pytest.mark.parametrize("part", ["", "/results", "/facts", "/history", "/next-steps"])
def test_a_hidden_entity_is_as_if_it_were_not(ada, part):
    hidden = ada(f"/api/v1/entities/by-name/component/default/xyzzy{part}")
    nowhere = ada(f"/api/v1/entities/by-name/component/default/nowhere{part}")
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.text.replace("xyzzy", "nowhere") == nowhere.text


def test_nothing_hidden_can_be_refreshed(ada):
    assert ada("/api/v1/entities/by-name/component/default/xyzzy/refresh", "POST").status_code == 404
    assert ada("/api/v1/entities/by-name/component/default/shop/refresh", "POST").status_code == 202
    insights = "/api/tech-insights/facts/refresh/default/component/"
    hidden, nowhere = ada(f"{insights}xyzzy", "POST"), ada(f"{insights}nowhere", "POST")
    assert (hidden.status_code, hidden.text.replace("xyzzy", "nowhere")) == (404, nowhere.text)
    assert ada(f"{insights}shop", "POST").status_code == 202


def test_lists_count_only_what_is_seen(ada):
    body = ada("/api/v1/entities").get_json()
    refs = {item["ref"] for item in body["items"]}
    assert refs == {
        "component:default/shop", "component:default/hall", "group:default/commerce", "group:default/shops",
        "user:default/ada",
    }  # fmt: skip
    assert body["total"] == len(refs)
    assert ada("/api/v1/sources").get_json()["total"] == 3
    changed = {item["entity"] for item in ada("/api/v1/changes").get_json()["items"]}
    assert changed == {"component:default/shop"}


def test_a_member_of_a_team_sees_the_team_and_not_what_is_above(app, organisation):
    grace = user(app, organisation, "grace")
    refs = {item["ref"] for item in grace("/api/v1/entities?kind=component").get_json()["items"]}
    assert refs == {"component:default/shop"}


def test_what_the_portal_says_of_a_user_counts_before_the_catalog(app, organisation):
    told = user(app, organisation, "ada", ent=["user:default/ada", "group:default/shops"])
    assert told("/api/v1/entities?kind=component").get_json()["total"] == 1


def test_a_user_in_no_group_sees_nobodys_entities_either(app, organisation):
    stranger = user(app, organisation, "stranger")
    assert stranger("/api/v1/entities").get_json()["total"] == 0


def test_a_plugin_or_token_sees_everything_unless_it_was_made_for_a_group(app, organisation):
    plugin = asking(app, PORTAL.plugin(organisation.now))
    token = asking(app, stored(organisation, "all", "read"))
    assert plugin("/api/v1/entities?kind=component").get_json()["total"] == 4
    assert token("/api/v1/entities?kind=component").get_json()["total"] == 4
    commerce = EntityRef("group", "default", "commerce")
    limited = asking(app, stored(organisation, "commerce", "read", groups=(commerce,)))
    assert limited("/api/v1/entities?kind=component").get_json()["total"] == 2


def test_a_plugin_acting_for_a_user_shows_what_the_user_may_see(app, organisation):
    acting = asking(app, PORTAL.plugin(organisation.now, obo=PORTAL.limited(organisation.now, "user:default/grace")))
    assert acting("/api/v1/entities?kind=component").get_json()["total"] == 1


def test_an_admin_sees_everything(app, organisation):
    admin = asking(app, stored(organisation, "admin", "admin"))
    assert admin("/api/v1/entities?kind=component").get_json()["total"] == 4


def test_tech_insights_leaves_out_what_is_hidden(ada):
    body = {"entities": ["component:default/shop", "component:default/xyzzy"]}
    shop, hidden = ada("/api/tech-insights/checks/run", "POST", json=body).get_json()
    assert shop["results"]
    assert hidden == {"entity": "component:default/xyzzy", "results": []}
    everyone = ada("/api/tech-insights/checks/run", "POST", json={"entities": []}).get_json()
    assert {one["entity"] for one in everyone} == {"component:default/shop", "component:default/hall"}
