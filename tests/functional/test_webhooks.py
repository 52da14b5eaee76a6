"""Webhooks through HTTP, over real repositories: believed or refused, what a push makes due, and what it never does."""

from __future__ import annotations

import hashlib
import hmac
import json

import forge_events
import pytest
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.web import create_app
from app.webhooks.forges import FORGES
from app.webhooks.gate import Gate
from app.webhooks.probe import ping
from app.webhooks.receive import Source

SECRET = "generated-for-this-test-alone"
SHOP = "component:default/shop"


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop", {"catalog-info.yaml": component("shop"), "alerts.yaml": alert("Burning", "docs/runbook.md")}
    )
    made.repository("tills", {"a/catalog-info.yaml": component("till-a"), "b/catalog-info.yaml": component("till-b")})
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    sources = {(name, "main"): Source("main", forge, (SECRET, "the next"), "file://") for name, forge in FORGES.items()}
    return create_app(organisation.pipeline, gate=Gate(sources, max_body=4096, at_once=2)).test_client()


def github(organisation, name, *, event="push", delivery="d1", secret=SECRET, **more):
    """Headers and body as GitHub sends them."""
    tip = organisation.git(name, "rev-parse", "HEAD").strip()
    repository = {"clone_url": organisation.url(name), "full_name": f"acme/{name}", "default_branch": "main"}
    payload = {"ref": "refs/heads/main", "before": "0" * 40, "after": tip, "repository": repository, **more}
    body = json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": f"sha256={signature}"}
    return {"headers": {**headers, "Content-Type": "application/json"}, "data": body}


def refreshed(organisation):
    """What a worker does now, without waiting for any poll: the repositories read."""
    from app.pipeline.refresh import refresh

    done = []
    while claims := organisation.pipeline.store.claims.claim_due(
        organisation.now, "worker", organisation.pipeline.interval
    ):
        for claim in claims:
            refresh(organisation.pipeline, claim)
            done.append(claim.url)
    return done


def test_a_push_turns_into_a_fresh_score_of_the_entities_it_concerns_and_of_no_other(organisation, client):
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})

    answer = client.post("/webhooks/github/main", **github(organisation, "shop"))

    assert (answer.status_code, answer.get_json()["state"]) == (202, "accepted")
    assert refreshed(organisation) == [organisation.url("shop")]
    assert organisation.judge() == 1
    assert organisation.outcome(SHOP, "alert-runbook-resolves") == "pass"
    shown = client.get("/api/v1/deliveries").get_json()["items"][0]
    assert (shown["state"], shown["repository"], shown["branch"]) == ("done", organisation.url("shop"), "main")
    assert shown["caused"]["commit"] == organisation.git("shop", "rev-parse", "HEAD").strip()
    assert shown["caused"]["entities_due"] == 1


def test_in_a_monorepo_only_the_component_whose_files_changed_is_judged_again(organisation, client):
    organisation.push("tills", {"a/alerts.yaml": alert("Stuck", "TODO")})

    client.post("/webhooks/github/main", **github(organisation, "tills"))
    refreshed(organisation)

    due = organisation.pipeline.store.due.claim(organisation.now)
    assert [str(claim.ref) for claim in due] == ["component:default/till-a"]


def judged(organisation, client, name, files, delivery):
    """Which entities a push has judged again, told by webhook."""
    organisation.push(name, files)
    client.post("/webhooks/github/main", **github(organisation, name, delivery=delivery))
    assert refreshed(organisation) == [organisation.url(name)]
    found = []
    while claims := organisation.pipeline.store.due.claim(organisation.now):
        found += [claim.ref.name for claim in claims]
    shown = client.get("/api/v1/deliveries").get_json()["items"][0]
    assert shown["caused"]["entities_due"] == len(found)
    return sorted(found)


def test_every_entity_that_what_changed_was_or_is_attributed_to_is_judged_wherever_it_lives_and_no_other(tmp_path):
    """A central repository of alerts, three services with a repository each, and a monorepo of three components."""
    shared = "evidence_repositories:\n  - {url: ./repositories/alerts, provides: [alerts]}\n"
    organisation = Organisation(tmp_path, settings=shared).open()
    organisation.repository(
        "alerts",
        {"a.yaml": alert("Burning", "x.md", service="shop"), "b.yaml": alert("Stuck", "x.md", service="till-a")},
    )
    for name in ("shop", "cart", "books"):
        organisation.repository(name, {"catalog-info.yaml": component(name)})
    tills = {f"{part}/catalog-info.yaml": component(f"till-{part}") for part in "abc"}
    organisation.repository("tills", {**tills, "README.md": "# Tills\n"})
    organisation.crawl()
    sources = {("github", "main"): Source("main", FORGES["github"], (SECRET,))}
    client = create_app(organisation.pipeline, gate=Gate(sources, max_body=9999, at_once=2)).test_client()

    def push(name, files, delivery):
        organisation.judge()
        return judged(organisation, client, name, files, delivery)

    assert push("alerts", {"a.yaml": alert("Burning", "x.md", service="cart")}, "1") == ["cart", "shop"]  # was, is
    assert push("alerts", {"b.yaml": alert("Stuck", "y.md", service="till-a")}, "2") == ["till-a"]
    assert push("alerts", {"b.yaml": None}, "3") == ["till-a"]
    assert push("alerts", {"c.yaml": alert("Lost", "x.md", service="fax")}, "4") == []  # nobody's
    assert push("tills", {"b/alerts.yaml": alert("Late", "x.md")}, "5") == ["till-b"]
    assert push("tills", {"b/alerts.yaml": None, "c/alerts.yaml": alert("Late", "x.md")}, "6") == ["till-b", "till-c"]
    assert push("tills", {"a/alerts.yaml": alert("Odd", "x.md", service="till-b")}, "7") == ["till-b"]
    assert push("tills", {"README.md": "# Tills, again\n"}, "8") == []
    tested = "on: pull_request\njobs: {test: {runs-on: x, steps: [{run: pytest}]}}\n"
    assert push("tills", {".github/workflows/ci.yml": tested}, "9") == ["till-a", "till-b", "till-c"]  # for all of them
    assert push("tills", {"README.md": "# Tills, once more\n"}, "10") == []
    organisation.close()


def test_the_payload_is_only_a_hint_and_what_counts_is_what_is_fetched(organisation, client):
    lie = {"after": "f" * 40, "commits": [{"removed": ["catalog-info.yaml"]}], "forced": True}

    answer = client.post("/webhooks/github/main", **github(organisation, "shop", **lie))

    assert answer.status_code == 202
    refreshed(organisation)
    assert organisation.judge() == 0  # nothing moved
    assert client.get("/api/v1/deliveries").get_json()["items"][0]["caused"]["entities_due"] == 0


def test_a_replay_is_answered_200_and_does_nothing(organisation, client):
    first = client.post("/webhooks/github/main", **github(organisation, "shop"))
    refreshed(organisation)
    again = client.post("/webhooks/github/main", **github(organisation, "shop"))

    assert (first.status_code, again.status_code, again.get_json()["state"]) == (202, 200, "replayed")
    assert refreshed(organisation) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ref": "refs/heads/topic"}, "not the branch that is read (main)"),
        ({"ref": "refs/tags/v1"}, "only tags moved"),
        ({"repository": {"clone_url": "https://elsewhere.example/x/y"}}, "not among the crawled repositories"),
        ({"event": "star"}, "nothing that scores depend on"),
        ({"event": "ping"}, "a ping"),
    ],
)
def test_what_concerns_nothing_is_recorded_with_why_and_makes_nothing_due(organisation, client, change, reason):
    answer = client.post("/webhooks/github/main", **github(organisation, "shop", **change))

    assert (answer.status_code, answer.get_json()["state"], answer.get_json()["reason"]) == (202, "ignored", reason)
    assert refreshed(organisation) == []


def test_a_force_push_and_a_deleted_then_renamed_default_branch_are_followed(organisation, client):
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})
    organisation.git("shop", "commit", "--amend", "-q", "-m", "rewritten")
    client.post("/webhooks/github/main", **github(organisation, "shop", delivery="forced", forced=True))
    refreshed(organisation)
    organisation.git("shop", "branch", "-m", "main", "trunk")
    moved = {
        "ref": "refs/heads/trunk",
        "repository": {"clone_url": organisation.url("shop"), "default_branch": "trunk"},
    }

    answer = client.post("/webhooks/github/main", **github(organisation, "shop", delivery="renamed", **moved))
    refreshed(organisation)

    assert answer.get_json()["state"] == "accepted"
    view = organisation.pipeline.store.repositories.get(organisation.url("shop"), organisation.now)
    assert (view.branch, view.tip) == ("trunk", organisation.git("shop", "rev-parse", "trunk").strip())


def test_a_deleted_default_branch_makes_its_repository_due_so_that_it_can_say_what_is_left(organisation, client):
    gone = {"after": "0" * 40, "deleted": True}

    answer = client.post("/webhooks/github/main", **github(organisation, "shop", **gone))

    assert answer.get_json()["state"] == "accepted"


SENT = [
    (forge, what)
    for forge in sorted(FORGES)
    for what in forge_events.WHAT
    if forge_events.told(forge, what, forge_events.Told("shop", "https://x.example/acme/shop"))
]


@pytest.mark.parametrize(("forge", "what"), SENT)
def test_what_happens_to_a_repository_has_what_exists_listed_anew_or_its_default_branch_asked_for(
    organisation, client, forge, what
):
    store = organisation.pipeline.store
    asked = store.inbound.discover_requests()
    branch = "trunk" if what == "default branch" else "main"
    happened = forge_events.Told("shop", organisation.url("shop"), was="shop", branch=branch)
    headers, body = forge_events.told(forge, what, happened, SECRET)

    answer = client.post(f"/webhooks/{forge}/main", data=body, headers=headers)

    assert answer.status_code == 202
    assert answer.get_json()["state"] == ("ignored" if (forge, what) in ONLY_BRANCHES else "accepted")
    if (forge, what) in TOLD_BY_BRANCHES:
        organisation.git("shop", "branch", "-m", "main", "trunk")
        organisation.crawl()
        assert store.repositories.get(organisation.url("shop"), organisation.now).branch == "trunk"
    else:
        assert store.inbound.discover_requests() == asked + 1
        assert (what == "deleted") <= (refreshed(organisation) == [])  # there is nothing to read any more


TOLD_BY_BRANCHES = {(forge, "default branch") for forge in ("gitea", "forgejo", "bitbucket-server")}
ONLY_BRANCHES = {("bitbucket-server", "default branch")}  # it does not say which branch is the default one


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ("public", {}),
        ("organization", {"action": "renamed"}),
        ("installation_target", {"action": "renamed"}),
        ("installation_repositories", {"action": "removed"}),
    ],
)
def test_what_happens_to_an_owner_asks_to_list_anew(organisation, client, event, change):
    asked = organisation.pipeline.store.inbound.discover_requests()

    client.post("/webhooks/github/main", **github(organisation, "shop", event=event, **change))

    assert organisation.pipeline.store.inbound.discover_requests() == asked + 1


def test_a_push_to_more_branches_than_gitlab_sends_hooks_for_is_told_by_its_system_hook(organisation, client):
    organisation.push("shop", {"docs/runbook.md": RUNBOOK})
    changes = [{"before": "0" * 40, "after": "a" * 40, "ref": f"refs/heads/topic-{number}"} for number in range(5)]
    changes.append({"before": "0" * 40, "after": "b" * 40, "ref": "refs/heads/main"})
    project = {"git_http_url": organisation.url("shop"), "default_branch": "main", "path_with_namespace": "acme/shop"}
    payload = {"event_name": "repository_update", "project": project, "changes": changes}
    headers = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "System Hook", "X-Gitlab-Event-UUID": "many"}

    answer = client.post("/webhooks/gitlab/main", json=payload, headers=headers)

    assert answer.get_json()["state"] == "accepted"
    assert refreshed(organisation) == [organisation.url("shop")]


def test_refusals_say_little_change_nothing_and_are_counted(organisation, client):
    forged = client.post("/webhooks/github/main", **github(organisation, "shop", secret="guess"))
    form = github(organisation, "shop")
    form["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
    unsigned = github(organisation, "shop")
    unsigned["headers"]["X-Hub-Signature-256"] = "sha256="

    assert forged.status_code == 401
    assert forged.mimetype == "application/problem+json"
    assert client.post("/webhooks/github/main", **form).status_code == 415
    assert client.post("/webhooks/github/main", **unsigned).status_code == 401
    assert client.post("/webhooks/github/nobody", **github(organisation, "shop")).status_code == 404
    assert refreshed(organisation) == []
    shown = client.get("/api/v1/deliveries").get_json()
    assert (shown["items"], {one["reason"]: one["count"] for one in shown["refused"]}) == (
        [],
        {"signature-wrong": 1, "content-type-not-json": 1, "signature-missing": 1},
    )
    page = client.get("/deliveries").get_data(as_text=True)
    assert "signature wrong" in page


def test_a_body_over_the_cap_is_refused_by_counting_also_without_a_length(organisation, client):
    large = github(organisation, "shop", padding="x" * 8192)
    assert client.post("/webhooks/github/main", **large).status_code == 413

    import io

    stream = {"input_stream": io.BytesIO(large["data"]), "headers": large["headers"]}
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert client.post("/webhooks/github/main", environ_overrides=environ, **stream).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff", b"[" * 4000])
def test_a_signed_body_that_is_no_object_is_a_bad_request(client, body):
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
    }

    assert client.post("/webhooks/github/main", data=body, headers=headers).status_code == 400


@pytest.mark.parametrize("forge", sorted(FORGES))
@pytest.mark.parametrize("number", [0, 1])
def test_every_forge_is_believed_with_either_of_two_secrets(client, forge, number):
    source = Source("main", FORGES[forge], (SECRET, "the next"))
    headers, body = ping(source, number)

    answer = client.post(f"/webhooks/{forge}/main", data=body, headers=headers)

    assert (answer.status_code, answer.get_json()["reason"]) == (202, "a ping")
    counted = client.get("/metrics").get_data(as_text=True)  # apart from what the forge sends, for the alert's sake
    assert f'outcome="tested",source="{forge}/main"' in counted
    assert 'outcome="ignored"' not in counted


def test_gitlab_and_data_center_pushes_find_their_repository(organisation, client):
    project = {"git_http_url": organisation.url("shop"), "default_branch": "main", "path_with_namespace": "acme/shop"}
    push = {"object_kind": "push", "ref": "refs/heads/main", "after": "a" * 40, "project": project}
    headers = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "u1"}
    answer = client.post("/webhooks/gitlab/main", json=push, headers=headers)
    assert answer.get_json() == {
        "delivery": "u1",
        "reason": "",
        "repository": organisation.url("shop"),
        "state": "accepted",
        "status": 202,
    }

    change = {"ref": {"id": "refs/heads/main"}, "toHash": "b" * 40, "type": "UPDATE"}
    body = json.dumps({"repository": {"slug": "shop", "project": {"key": "X"}}, "changes": [change]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Event-Key": "repo:refs_changed", "X-Request-Id": "r1", "X-Hub-Signature": f"sha256={signature}"}
    answer = client.post("/webhooks/bitbucket-server/main", data=body, content_type="application/json", headers=headers)
    assert answer.get_json()["reason"] == "not among the crawled repositories"  # file:///scm/x/shop is not crawled


def test_a_database_that_is_away_asks_the_forge_to_come_back(organisation, client, tmp_path):
    organisation.pipeline.store.close()
    (tmp_path / ".roadworthy" / "roadworthy.db").rename(tmp_path / "away.db")
    for left in (tmp_path / ".roadworthy").glob("roadworthy.db-*"):
        left.unlink()

    answer = client.post("/webhooks/github/main", **github(organisation, "shop"))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    for path in ("/api/v1/entities", "/api/v1/entities/by-name/component/default/shop/results", "/", "/entities"):
        read = client.get(path)  # a portal comes back, and nobody is told that we are broken
        assert (path, read.status_code, int(read.headers["Retry-After"]) > 0) == (path, 503, True)
    assert client.get("/api/v1/entities").get_json()["detail"] == "The database does not answer now."
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").get_json()["ready"] is False


def test_more_deliveries_at_once_than_there_is_room_for_are_asked_to_come_back(organisation, monkeypatch):
    monkeypatch.setattr("app.webhooks.gate._WAIT_SECONDS", 0.01)
    gate = Gate({("github", "main"): Source("main", FORGES["github"], (SECRET,))}, max_body=4096, at_once=1)
    client = create_app(organisation.pipeline, gate=gate).test_client()

    with gate.room() as entered:
        assert entered
        answer = client.post("/webhooks/github/main", **github(organisation, "shop"))

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert client.post("/webhooks/github/main", **github(organisation, "shop")).status_code == 202
