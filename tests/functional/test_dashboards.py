"""The pages over a crawled organisation: lists, states that are no results, and feedback, through HTTP's own client."""

from __future__ import annotations

import csv
import io
import re
import shutil
from datetime import timedelta

import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.lib import shipped
from app.store.feedback import Voices
from app.web import create_app

CHECK = "alert-runbook-linked"
TREE = """---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: company, title: The company}
spec: {type: company, children: [team, idle]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: idle}
spec: {type: team, children: []}
"""


@pytest.fixture(scope="module")
def organisation(tmp_path_factory):
    made = Organisation(tmp_path_factory.mktemp("dashboards")).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM + TREE})
    files = {"alerts.yaml": alert("Burning", "TODO"), "docs/runbook.md": RUNBOOK}
    made.repository("shop", {"catalog-info.yaml": component("shop"), **files})
    formula = component("formula").replace("name: formula", "name: formula\n  title: '=1+1'")
    made.repository("many", {"catalog-info.yaml": formula + "---\n" + "---\n".join(map(_numbered, range(60)))})
    made.repository("plain", {"README.md": "# Plain\n"})
    made.repository("library", {"catalog-info.yaml": component("books").replace("type: service", "type: library")})
    made.repository("stranger", {"catalog-info.yaml": component("lonely", owner="user:default/ada")})
    made.crawl()
    yield made
    made.close()


def _numbered(number):
    return component(f"service-{number:02d}")


@pytest.fixture
def client(organisation):
    return create_app(organisation.pipeline, organisation="Acme").test_client()


def hits(text):
    return re.findall(r'<th scope="row"><a href="/entities/component/default/([^"]+)"', text)


def test_a_list_is_walked_page_by_page_and_each_is_there_once(client):
    found, page = [], "/entities?sort=name"
    while page:
        text = client.get(page).text
        found += hits(text)
        following = re.search(r'class="button" href="([^"]+)"', text)
        page = following and following[1].replace("&amp;", "&")
    assert len(found) == len(set(found)) == 64
    assert "64 services" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=shop", ["shop"]),
        ("owner=nobody", ["plain"]),
        ("owner=company&q=shop", ["shop"]),
        ("owner=user:default/ada", ["lonely"]),
        ("owner=idle", []),
        ("check=catalog-entity-healthy&outcome=fail", ["plain"]),
        ("type=library", []),
        ("target=met&q=shop", []),
    ],
)
def test_each_filter_of_the_url_narrows_the_list(client, query, found):
    assert hits(client.get(f"/entities?{query}").text) == found


@pytest.mark.parametrize(
    "query", ["after=x", "after=bnVsbA", "after=WzFd", "sort=colour", "level=purple", "owner=group:", "system=:"]
)
def test_what_no_list_gave_is_refused_as_a_page(client, query):
    answer = client.get(f"/entities?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")


def test_an_unknown_scorecard_or_team_is_missing(client):
    assert client.get("/?scorecard=none").status_code == 404
    assert client.get("/groups/default/none").status_code == 404


def test_csv_holds_every_line_and_no_formula(client):
    answer = client.get("/entities.csv?sort=name")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert answer.mimetype == "text/csv"
    assert len(rows) == 64
    shop = next(row for row in rows if row["title"] == "shop")
    assert (shop["level"], shop["meets_target"], shop["next_level"]) == ("none", "false", "bronze")
    assert int(shop["effort_minutes"]) > 0
    assert [row["title"] for row in rows if row["entity"] == "component:default/formula"] == ["'=1+1"]


def test_search_opens_what_is_named_in_full_and_lists_the_rest(client):
    assert client.get("/search?q=component:default/shop").location == "/entities/component/default/shop"
    assert client.get(f"/search?q={CHECK}").location == f"/checks/{CHECK}"
    text = client.get("/search?q=compan").text
    assert "The company" in text
    assert client.get("/search?q=component:default/none").status_code == 200
    assert "Nothing has that in its name" in client.get("/search?q=xyzzy").text


def test_a_team_counts_those_below_it_and_folds_what_has_nothing(client):
    text = client.get("/groups/default/company").text
    assert "62 services" in text
    assert '<a href="/groups/default/team">' in text
    assert "/groups/default/idle" not in text
    assert "Nothing of this team is scored" in client.get("/groups/default/idle").text


def test_before_there_is_a_trend_the_front_page_says_what_to_do_first(client):
    text = client.get("/").text
    first = text[text.index("What to do first") : text.index("Teams and areas")]
    assert "From tomorrow the trend stands here" in first
    assert 'href="/checks/' in first
    assert "entities need it" in first


def test_the_front_page_shows_nobodys_and_strangers_apart(client):
    text = client.get("/").text
    assert '<a href="/entities?owner=nobody">Nobody</a>' in text
    assert "Owners the catalog doesn&#39;t know" in text


STATES = [
    ("component/default/plain", "No valid descriptor."),
    ("component/default/books", "No scorecard asks anything of components of type “library”."),
    ("group/default/team", "No scorecard asks anything of groups of type “team”."),
]


@pytest.mark.parametrize(("path", "said"), STATES)
def test_what_has_no_result_says_why(client, path, said):
    assert said in client.get(f"/entities/{path}").text


def test_a_repository_that_fails_is_told_and_what_was_seen_stays(organisation, client):
    organisation.repository("fragile", {"catalog-info.yaml": component("fragile")})
    organisation.crawl()
    objects = organisation.path("fragile") / ".git" / "objects"
    organisation.push("fragile", {"README.md": "# More"})
    objects.rename(objects.with_name("gone"))
    objects.mkdir()
    organisation.crawl()

    text = client.get("/entities/component/default/fragile").text

    assert "Its repository can't be read:" in text
    assert "What stands here was read at" in text
    assert 'class="ladder"' in text
    assert "1</b> of 7" in client.get("/sources").text


def test_an_entity_that_no_source_lists_any_more_is_kept_and_said_so(organisation, client):
    organisation.repository("leaving", {"catalog-info.yaml": component("leaving")})
    organisation.crawl()
    organisation.path("leaving").rename(organisation.folder / "left")
    organisation.crawl()

    assert "No longer listed." in client.get("/entities/component/default/leaving").text


def test_an_entity_without_a_descriptor_tells_what_is_wrong_with_the_one_there_is(organisation, client):
    organisation.repository("torn", {"catalog-info.yaml": "kind: Component\nmetadata: [\n"})
    organisation.crawl()

    text = client.get("/entities/component/default/torn").text

    assert "Its descriptor has a problem:" in text
    assert "<code>catalog-info.yaml:3</code>" in text
    assert "Its descriptor has a problem" not in client.get("/entities/component/default/plain").text


def test_teams_past_the_end_of_the_list_are_the_last_ones(client):
    assert '<a href="/groups/default/company">' in client.get("/?teams=40").text


def test_before_anything_is_read_the_page_says_what_is_missing(tmp_path):
    empty = Organisation(tmp_path).open()
    text = create_app(empty.pipeline, organisation="Acme").test_client().get("/").text
    empty.close()
    assert "No source is set up yet" in text


def form(client, **fields):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/entities/component/default/shop").text)[1]
    return {"csrf_token": token, "entity": "component:default/shop", "said": "helped", **fields}


def test_a_voice_is_kept_replaced_and_shown(client, organisation):
    url = f"/checks/{CHECK}/feedback"
    answer = client.post(url, data=form(client, said="stuck", note="Where is <b>it</b>?"))
    assert (answer.status_code, answer.location) == (
        303,
        f"/entities/component/default/shop?thanks={CHECK}#{CHECK}",
    )
    assert "Where is &lt;b&gt;it&lt;/b&gt;?" in client.get(f"/checks/{CHECK}").text
    assert "1 still stuck" in client.get("/").text
    client.post(url, data=form(client))
    voices = organisation.pipeline.store.feedback.by_check(organisation.now - timedelta(days=1))
    assert voices == {CHECK: Voices(1, 0)}
    assert "You said: it helped" in client.get("/entities/component/default/shop").text


@pytest.mark.parametrize(
    ("check", "fields", "status"),
    [
        ("no-such-check", {}, 404),
        (CHECK, {"entity": "component:default/none"}, 404),
        (CHECK, {"entity": "::"}, 422),
        (CHECK, {"said": "maybe"}, 422),
        (CHECK, {"note": "x" * 1001}, 422),
        (CHECK, {"csrf_token": "made up"}, 403),
    ],
)
def test_a_voice_that_makes_no_sense_is_refused(client, check, fields, status):
    assert client.post(f"/checks/{check}/feedback", data=form(client, **fields)).status_code == status


def test_nobody_is_heard_more_often_than_sixty_times_an_hour(client, organisation):
    checks = [entry.check for entry in organisation.pipeline.policy.scorecards["sre-maturity"].entries]
    told = []
    for number in range(64):
        entity = f"component:default/service-{number % 60:02d}"
        data = form(client, entity=entity)
        told.append(client.post(f"/checks/{checks[number // 60]}/feedback", data=data).status_code)
    assert 55 <= told.count(303) <= 60
    assert told[-1] == 429


def test_who_is_lost_gets_a_page_in_a_browser_and_a_problem_in_a_program(client):
    browsing = client.get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    program = client.get("/nowhere", headers={"Accept": "*/*"})
    api = client.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert [answer.status_code for answer in (browsing, program, api)] == [404, 404, 404]
    assert "Nothing is here" in browsing.text
    assert {program.mimetype, api.mimetype} == {"application/problem+json"}


def test_scorecards_stand_in_the_order_that_policy_gives_and_the_first_is_shown(tmp_path):
    shutil.copytree(shipped.folder("scorecards"), tmp_path / "policy")
    file = tmp_path / "policy" / "policy.yaml"
    order = "scorecards: [sre-maturity, api-reliability, database-reliability, kubernetes-cluster]"
    turned = "scorecards: [kubernetes-cluster, sre-maturity, database-reliability, api-reliability]"
    text = file.read_text("utf-8")
    assert order in text
    file.write_text(text.replace(order, turned), "utf-8")
    own = Organisation(tmp_path, "policy: {path: ./policy}\n").open()
    client = create_app(own.pipeline).test_client()
    links = re.findall(r'<h2><a href="/scorecards/([^"]+)"', client.get("/scorecards").text)
    front = client.get("/").text
    own.close()
    assert links == ["kubernetes-cluster", "sre-maturity", "database-reliability", "api-reliability"]
    assert "Kubernetes cluster</span>" in front
