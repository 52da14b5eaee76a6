"""From a pull request's webhook to a status and one comment, on a forge's API over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from forge_shapes import wrong
from organisation import RUNBOOK, TEAM, Organisation, alert, component

from app.clients.forges import bitbucket, changes, changes_bitbucket, gitea, github, gitlab
from app.clients.forges.api import Api
from app.lib.http import Http
from app.pipeline.gatekeeper import Gatekeeper, Telling
from app.store.model import RepositorySource
from app.web import create_app
from app.webhooks.forges import FORGES
from app.webhooks.gate import Gate
from app.webhooks.receive import Source

SECRET = "made-for-this-test"


class Forge:
    """Keeps check runs, statuses and comments of any forge; refuses what its documents don't know."""

    def __init__(self):
        self.name, self.wrong = "github", []
        self.runs, self.statuses, self.comments, self.refuse = [], [], [], 0
        self.headers, self.remarked = {}, []
        self.reports, self.remarks = {}, {}

    def answer(self, method, path, body):
        if self.refuse:
            return self.refuse, {}
        path = path.partition("?")[0]
        if "check-runs" in path:
            return self._runs(method, path, body)
        if "/reports/" in path:
            return self._reports(method, path, body)
        if "statuses" in path or path.endswith("/builds"):
            self.statuses.append(body)
            return (204, None) if path.endswith("/builds") else (201, {})
        if method == "GET":
            return 200, self._listed()
        if method == "POST":
            version = {"version": 0} if self.name == "bitbucket-server" else {}
            self.comments.append({"id": len(self.comments) + 1, **version, **body})
            return 201, self.comments[-1]
        ours = self.comments[int(path.rsplit("/", 1)[1]) - 1]
        if ours.get("version") != body.get("version"):
            return 409, {}
        ours.update(body)
        if "version" in ours:
            ours["version"] += 1
        return 200, ours

    def _listed(self):
        """As each forge lists the comments of a change: Data Center among all that happened, the newest first."""
        if self.name == "bitbucket":
            return {"values": self.comments}
        if self.name != "bitbucket-server":
            return self.comments
        told = [{"id": 100 + one["id"], "action": "COMMENTED", "comment": one} for one in reversed(self.comments)]
        return {"values": [{"id": 1, "action": "OPENED"}, *told], "isLastPage": True}

    def _reports(self, method, path, body):
        """Reports by their path, and what they remark; Cloud forgets both at once, Data Center never says the same."""
        place = path.removesuffix("/annotations")
        if path != place:
            if method == "DELETE":
                self.remarks[place] = []
                return 204, None
            if place not in self.reports:
                return 404, {}
            found = body["annotations"] if self.name == "bitbucket-server" else body
            self.remarks.setdefault(place, []).extend(found)
            return (204, None) if self.name == "bitbucket-server" else (200, [])
        if method == "DELETE":
            self.remarks.pop(place, None)
            return (204, None) if self.reports.pop(place, None) else (404, {})
        self.reports[place] = body
        return 200, {"title": body["title"]}

    def _runs(self, method, path, body):
        if method != "GET":
            self.remarked.append([one["start_line"] for one in body["output"]["annotations"]])
        if method == "GET":
            return 200, {"check_runs": [{"id": run["id"], "name": run["name"]} for run in self.runs]}
        if method == "POST":
            self.runs.append({"id": len(self.runs) + 1, **body})
            return 201, {"id": self.runs[-1]["id"]}
        run = self.runs[int(path.rsplit("/", 1)[1]) - 1]
        run.update(body)
        return 200, {"id": run["id"]}

    def __enter__(self):
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"null")
                status, answer = forge.answer(self.command, self.path, body)
                problems = wrong(forge.name, self.command, self.path, body, status, answer)
                if problems:
                    forge.wrong += problems
                    status, answer = 400, {"message": problems}
                data = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in forge.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

            def log_message(self, format, *args):
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def forge():
    with Forge() as made:
        yield made
    assert made.wrong == []


@pytest.fixture
def organisation(tmp_path):
    made = Organisation(tmp_path).open()
    made.repository("catalog", {"catalog-info.yaml": TEAM})
    made.repository(
        "shop",
        {
            "catalog-info.yaml": component("shop"),
            "alerts.yaml": alert("Burning", "docs/runbook.md"),
            "docs/runbook.md": RUNBOOK,
        },
    )
    made.crawl()
    yield made
    made.close()


@pytest.fixture
def client(organisation):
    sources = {(name, "main"): Source("main", one, (SECRET,), gates=True) for name, one in FORGES.items()}
    return create_app(organisation.pipeline, gate=Gate(sources, max_body=9999, at_once=2)).test_client()


def keeper(organisation, forge, *, name="github", tell=changes.github_token, api=github.api, mode="advisory"):
    forge.name = name
    base = forge.url + {"gitlab": "/api/v4", "bitbucket": "/2.0"}.get(name, "")
    asked: Api = api(Http(allow_private=True), base, lambda: "token")
    return Gatekeeper(organisation.pipeline, (Telling(name, "acme", asked, tell),), mode, page_url="https://rw.example")


BITBUCKETS = {
    "bitbucket": {"tell": changes_bitbucket.cloud, "api": bitbucket.api},
    "bitbucket-server": {"tell": changes_bitbucket.server, "api": bitbucket.server_api},
}


def bitbucket_asked(client, organisation, name, head, *, fork=False, event="", delivery="b1"):
    """The answer to a pull request's webhook as Bitbucket sends it."""
    if name == "bitbucket":
        whose = "someone/shop" if fork else "acme/shop"
        source = {"commit": {"hash": head}, "branch": {"name": "topic"}, "repository": {"full_name": whose}}
        change = {"id": 7, "source": source, "destination": {"branch": {"name": "main"}}}
        links = {"html": {"href": organisation.url("shop")}}
        payload = {"pullrequest": change, "repository": {"full_name": "acme/shop", "links": links}}
        headers = {"X-Event-Key": event or "pullrequest:created", "X-Request-UUID": delivery}
    else:
        clone = {"clone": [{"name": "http", "href": organisation.url("shop")}]}
        target = {"slug": "shop", "project": {"key": "ACME"}, "links": clone}
        change = {
            "id": 7,
            "fromRef": {"id": "refs/heads/topic", "latestCommit": head, "repository": {"slug": "its-fork"}},
            "toRef": {"id": "refs/heads/main", "latestCommit": "0" * 40, "repository": target},
        }
        payload = {"pullRequest": change}
        headers = {"X-Event-Key": event or "pr:opened", "X-Request-Id": delivery}
    body = json.dumps(payload).encode()
    headers["X-Hub-Signature"] = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = client.post(f"/webhooks/{name}/main", data=body, content_type="application/json", headers=headers)
    return answer.get_json()["reason"]


def push_topic(organisation, files, ref="refs/pull/7/head"):
    organisation.git("shop", "checkout", "-q", "-B", "topic", "main")
    organisation.push("shop", files)
    organisation.git("shop", "update-ref", ref, "HEAD")
    organisation.git("shop", "checkout", "-q", "main")
    return organisation.git("shop", "rev-parse", ref).strip()


def opened(client, organisation, head, *, action="opened", branch="main", delivery="d1"):
    change = {"number": 7, "head": {"sha": head}, "base": {"ref": branch}}
    repository = {"clone_url": organisation.url("shop"), "full_name": "acme/shop", "default_branch": "main"}
    body = json.dumps({"action": action, "pull_request": change, "repository": repository}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
    }
    return client.post("/webhooks/github/main", data=body, headers=headers).get_json()


def test_a_pull_request_that_makes_things_worse_gets_a_neutral_check_run_with_remarks_on_its_lines(
    organisation, client, forge
):
    head = push_topic(organisation, {"alerts.yaml": alert("Burning", "TODO")})
    assert opened(client, organisation, head)["reason"] == "handed to the gate"

    assert keeper(organisation, forge, tell=changes.github_app, mode="warn").tick() == 1

    (run,) = forge.runs
    assert (run["head_sha"], run["conclusion"], run["status"]) == (head, "neutral", "completed")
    remark = run["output"]["annotations"][0]
    assert (remark["path"], remark["annotation_level"]) == ("alerts.yaml", "warning")
    assert remark["start_line"] > 1
    (comment,) = forge.comments
    assert comment["body"].startswith("<!-- roadworthy -->")
    assert "Every paging alert links a runbook" in comment["body"]
    assert "https://rw.example/checks/alert-runbook-linked" in comment["body"]


def test_a_second_push_changes_the_same_run_and_the_same_comment(organisation, client, forge):
    watching = keeper(organisation, forge, tell=changes.github_app)
    opened(client, organisation, push_topic(organisation, {"alerts.yaml": alert("Burning", "TODO")}))
    watching.tick()
    head = push_topic(organisation, {"README.md": "# Shop\n"})
    opened(client, organisation, head, action="synchronize", delivery="d2")

    watching.tick()

    assert len(forge.comments) == 1
    assert "Nothing better or worse" in forge.comments[0]["body"]
    assert forge.runs[-1]["conclusion"] == "success"


def test_a_change_that_moves_nothing_gets_a_status_and_no_comment(organisation, client, forge):
    opened(client, organisation, push_topic(organisation, {"README.md": "# Shop\n"}))

    keeper(organisation, forge).tick()

    assert [(one["state"], one["description"]) for one in forge.statuses] == [("success", "Nothing better or worse")]
    assert forge.comments == []


def test_ten_pushes_are_one_judging_and_a_push_during_it_is_judged_after_it(organisation, client, forge):
    head = push_topic(organisation, {"README.md": "# Shop\n"})
    for number in range(10):
        opened(client, organisation, head, action="synchronize", delivery=f"d{number}")
    watching = keeper(organisation, forge)
    assert (watching.tick(), watching.tick()) == (1, 0)
    opened(client, organisation, head, action="synchronize", delivery="during")
    (running,) = organisation.pipeline.store.gates.claim(organisation.now, organisation.pipeline.interval)
    opened(client, organisation, head, action="synchronize", delivery="later")

    assert not organisation.pipeline.store.gates.done(running, {}, organisation.now)
    assert watching.tick() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action": "closed"}, "nothing that scores depend on"),
        ({"branch": "release"}, "not meant for the branch that is read (main)"),
    ],
)
def test_what_is_not_to_be_judged_is_not(organisation, client, forge, change, reason):
    head = push_topic(organisation, {"README.md": "# Shop\n"})

    assert opened(client, organisation, head, **change)["reason"] == reason
    assert keeper(organisation, forge).tick() == 0


def test_a_forge_that_refuses_is_told_later_and_its_refusal_is_kept(organisation, client, forge):
    opened(client, organisation, push_topic(organisation, {"README.md": "# Shop\n"}))
    watching = keeper(organisation, forge)
    forge.refuse = 502
    watching.tick()
    (kept,) = organisation.pipeline.store.gates.latest()
    assert "502" in kept.error
    (shown,) = client.get("/api/v1/deliveries").get_json()["proposed"]
    assert (shown["number"], shown["state"], shown["title"]) == (7, "waiting", None)
    assert "502" in client.get("/deliveries").get_data(as_text=True)

    forge.refuse = 0
    assert watching.tick() == 0
    organisation.now += organisation.pipeline.interval
    assert watching.tick() == 1
    assert organisation.pipeline.store.gates.latest()[0].verdict["title"] == "Nothing better or worse"
    (shown,) = client.get("/api/v1/deliveries").get_json()["proposed"]
    assert (shown["state"], shown["title"], shown["error"]) == ("told", "Nothing better or worse", None)


def test_of_two_forges_with_an_owner_of_one_name_the_one_that_lists_the_repository_is_told(organisation, client, forge):
    with Forge() as other:
        both = [
            Telling("github", "acme", github.api(Http(allow_private=True), one.url, lambda: "t"), tell, provider)
            for one, tell, provider in (
                (other, changes.github_token, "forge github acme"),
                (forge, changes.github_token, "forge github acme at git.example.org"),
            )
        ]
        watching = Gatekeeper(organisation.pipeline, tuple(both))
        head = push_topic(organisation, {"README.md": "# Shop\n"})
        opened(client, organisation, head)
        watching.tick()
        (kept,) = organisation.pipeline.store.gates.latest()
        assert "no source under sources.forges has the credentials of acme/shop" in kept.error  # neither lists it

        source = RepositorySource(url=organisation.url("shop"))
        organisation.pipeline.store.repositories.sync(both[1].provider, [source], organisation.now)
        opened(client, organisation, head, delivery="d2")
        watching.tick()

    assert (other.statuses, len(forge.statuses)) == ([], 1)


def test_a_rate_limit_met_while_telling_is_waited_for_and_is_no_refusal(organisation, client, forge):
    opened(client, organisation, push_topic(organisation, {"README.md": "# Shop\n"}))
    watching = keeper(organisation, forge)
    forge.refuse, forge.headers = 403, {"Retry-After": "240"}
    watching.tick()
    (kept,) = organisation.pipeline.store.gates.latest()
    assert "limits our rate for another 240 s" in kept.error
    forge.refuse, forge.headers = 0, {}

    organisation.now += timedelta(seconds=200)
    assert watching.tick() == 0
    organisation.now += timedelta(seconds=41)
    assert watching.tick() == 1
    assert organisation.pipeline.store.gates.latest()[0].error == ""


@pytest.mark.parametrize(("remarks", "requests"), [(50, [50]), (120, [50, 50, 20]), (700, [50] * 10)])
def test_a_check_run_takes_fifty_remarks_at_a_time_and_five_hundred_in_all(forge, remarks, requests):
    found = [changes.Annotation("a.yaml", number + 1, "Do it.", title="x" * 300) for number in range(remarks)]
    report = changes.Report("Roadworthy", "1 worse", "text", "neutral", found, comment=False)

    asked = github.api(Http(allow_private=True), forge.url, lambda: "t")
    changes.github_app(asked, changes.ChangePlace("acme/shop", 7, "a" * 40), report)

    assert [len(one) for one in forge.remarked] == requests
    assert [line for some in forge.remarked for line in some] == list(range(1, min(remarks, 500) + 1))
    assert {len(one["title"]) for one in forge.runs[0]["output"]["annotations"]} == {255}


def test_a_text_too_long_for_a_comment_ends_after_a_whole_line(forge):
    report = changes.Report("Roadworthy", "many worse", "- a line of a report\n" * 9_000, "neutral")

    asked = github.api(Http(allow_private=True), forge.url, lambda: "t")
    changes.github_app(asked, changes.ChangePlace("acme/shop", 7, "a" * 40), report)

    for text in (forge.comments[0]["body"], forge.runs[0]["output"]["summary"]):
        assert len(text) < 65_536
        assert text.endswith("- a line of a report\n\n… and more; the rest is too long for this place.")


def test_a_head_that_can_not_be_read_is_neutral_and_not_silence(organisation, client, forge):
    opened(client, organisation, "a" * 40)

    keeper(organisation, forge, tell=changes.github_app).tick()

    (run,) = forge.runs
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "Could not be judged")
    assert (forge.comments, run["head_sha"]) == ([], "a" * 40)
    (kept,) = organisation.pipeline.store.gates.latest()
    assert "refs/pull/7/head" in kept.error


def test_what_can_no_longer_be_seen_is_neutral(organisation, client, forge):
    unreadable = "groups:\n  - name: g\n    rules:\n      - alert: [not, a, name\n"
    opened(client, organisation, push_topic(organisation, {"alerts.yaml": unreadable}))

    keeper(organisation, forge, tell=changes.github_app).tick()

    (run,) = forge.runs
    assert "no longer seen" in run["output"]["title"]
    assert "worse" not in run["output"]["title"]
    assert run["conclusion"] == "neutral"


def test_gitlab_and_gitea_are_told_in_their_own_words(organisation, client, forge):
    head = push_topic(organisation, {"alerts.yaml": alert("Burning", "TODO")}, "refs/merge-requests/7/head")
    attributes = {"iid": 7, "action": "open", "target_branch": "main", "last_commit": {"id": head}}
    project = {"git_http_url": organisation.url("shop"), "path_with_namespace": "acme/shop", "default_branch": "main"}
    payload = {"object_kind": "merge_request", "object_attributes": attributes, "project": project}
    headers = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event-UUID": "u1"}
    assert (
        client.post("/webhooks/gitlab/main", json=payload, headers=headers).get_json()["reason"] == "handed to the gate"
    )

    keeper(organisation, forge, name="gitlab", tell=changes.gitlab, api=gitlab.api).tick()

    assert (forge.statuses[0]["state"], forge.statuses[0]["name"]) == ("success", "Roadworthy")
    assert re.match(r"<!-- roadworthy -->\n### Roadworthy: \d+ worse", forge.comments[0]["body"])

    change = {"number": 7, "head": {"sha": head}, "base": {"ref": "main"}}
    organisation.git("shop", "update-ref", "refs/pull/7/head", head)
    repository = {"clone_url": organisation.url("shop"), "full_name": "acme/shop", "default_branch": "main"}
    body = json.dumps({"action": "synchronized", "pull_request": change, "repository": repository}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Gitea-Event": "pull_request", "X-Gitea-Signature": signature, "X-Gitea-Delivery": "g1"}
    client.post("/webhooks/gitea/main", data=body, content_type="application/json", headers=headers)

    keeper(organisation, forge, name="gitea", tell=changes.gitea, api=gitea.api).tick()

    assert forge.statuses[1]["state"] == "warning"
    assert len(forge.comments) == 1


@pytest.mark.parametrize("name", BITBUCKETS)
def test_bitbucket_gets_a_build_status_remarks_on_lines_and_one_comment_that_is_kept_up(
    organisation, client, forge, name
):
    ref = {"bitbucket": "refs/heads/topic", "bitbucket-server": "refs/pull-requests/7/from"}[name]
    head = push_topic(organisation, {"alerts.yaml": alert("Burning", "TODO")}, ref)
    watching = keeper(organisation, forge, name=name, mode="warn", **BITBUCKETS[name])
    assert bitbucket_asked(client, organisation, name, head) == "handed to the gate"

    assert watching.tick() == 1

    assert [one.error for one in organisation.pipeline.store.gates.latest()] == [""]
    (status,) = forge.statuses
    assert (status["key"], status["state"], status["url"]) == ("roadworthy", "SUCCESSFUL", "https://rw.example")
    assert "worse" in status["description"]
    ((place, report),) = forge.reports.items()
    assert f"/{head}/reports/roadworthy" in place
    assert "result" not in report  # neither good nor bad
    remark = forge.remarks[place][0]
    assert (remark["path"], remark["severity"], remark["line"] > 1) == ("alerts.yaml", "MEDIUM", True)
    (comment,) = forge.comments
    text = comment["text"] if name == "bitbucket-server" else comment["content"]["raw"]
    assert text.startswith("[//]: # (roadworthy)\n\n### Roadworthy: ")
    assert "<!--" not in text  # Bitbucket would show it
    told_again = len(forge.remarks[place])

    organisation.now += organisation.pipeline.interval
    bitbucket_asked(client, organisation, name, head, event="pr:modified", delivery="b2")
    organisation.git("shop", "checkout", "-q", "main")
    watching.tick()
    assert len(forge.remarks[place]) == told_again  # replaced, not heaped up

    better = push_topic(organisation, {"README.md": "# Shop\n"}, ref)
    updated = {"bitbucket": "pullrequest:updated", "bitbucket-server": "pr:from_ref_updated"}[name]
    assert bitbucket_asked(client, organisation, name, better, event=updated, delivery="b3") == "handed to the gate"
    watching.tick()

    assert len(forge.comments) == 1
    assert "Nothing better or worse" in json.dumps(forge.comments)
    assert {one.get("result") for path, one in forge.reports.items() if better in path} <= {"PASS", "PASSED"}


def test_a_fork_on_bitbucket_cloud_can_not_be_read_and_a_branch_that_is_not_read_is_not_judged(
    organisation, client, forge
):
    assert "lies in a fork" in bitbucket_asked(client, organisation, "bitbucket", "a" * 40, fork=True)
    for event in ("pr:merged", "pr:declined", "pr:comment:added", "pr:deleted"):
        told = bitbucket_asked(client, organisation, "bitbucket-server", "a" * 40, event=event, delivery=event)
        assert told == "nothing that scores depend on"


def test_a_comment_that_was_changed_meanwhile_on_data_center_is_told_again_later(organisation, client, forge):
    head = push_topic(organisation, {"alerts.yaml": alert("Burning", "TODO")}, "refs/pull-requests/7/from")
    watching = keeper(organisation, forge, name="bitbucket-server", **BITBUCKETS["bitbucket-server"])
    bitbucket_asked(client, organisation, "bitbucket-server", head)
    watching.tick()
    forge.comments[0] |= {"text": forge.comments[0]["text"] + "old", "version": 7}
    listed = forge._listed
    forge._listed = lambda: json.loads(json.dumps(listed()).replace('"version": 7', '"version": 3'))
    bitbucket_asked(client, organisation, "bitbucket-server", head, event="pr:modified", delivery="again")

    watching.tick()
    (kept,) = organisation.pipeline.store.gates.latest()
    assert "409" in kept.error

    forge._listed = listed
    organisation.now += organisation.pipeline.interval
    assert watching.tick() == 1
    assert forge.comments[0]["version"] == 8
