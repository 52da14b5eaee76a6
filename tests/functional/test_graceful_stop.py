"""SIGTERM with work in flight: what can be finished is, the rest is handed back, and within ten seconds it is over; and
how far web processes may be behind the database when there is no Redis."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import servers
from git_server import GitServer
from organisation import TEAM, Organisation, component
from processes import Process, get, soon

from app.catalog.model import EntityRef
from app.repos.author import Commit, write
from app.store.store import Store

SECRET = "made-for-this-test-0123456789"
LONGEST = 10.0
RESULTS = "/api/v1/entities/by-name/component/default/payments/results"


def test_a_worker_that_must_end_hands_back_what_hangs_within_ten_seconds(tmp_path: Path, postgres_url: str) -> None:
    write(tmp_path / "served" / "slow", [Commit(datetime(2026, 11, 24, tzinfo=UTC), {"a.txt": b"x"})])
    with GitServer(tmp_path / "served") as git:
        git.fault = "hang"
        config = tmp_path / "roadworthy.yaml"
        config.write_text(
            f"sources: {{repositories: ['{git.url('slow')}']}}\ntransport: {{allow_http: true}}\n", "utf-8"
        )
        with Process(config, "worker", environ={"ROADWORTHY_DATABASE__URL": postgres_url}) as worker:
            soon(lambda: git.requests, 60, "the question that hangs")
            began = time.monotonic()

            code = worker.stop(LONGEST)

            took = time.monotonic() - began
        store = Store.open(postgres_url)
        now = datetime.now(UTC)
        view = store.repositories.get(git.url("slow"), now)
        store.close()
    assert code == 0
    assert took < LONGEST
    assert (view.running, view.due_at <= now, view.failures) == (False, True, 0)


def test_a_delivery_that_is_being_sent_when_web_must_end_is_still_taken(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "repositories").mkdir()
    text = "webhooks: {sources: [{name: main, forge: github, secrets: [{env: S}]}]}\n"
    config = tmp_path / "roadworthy.yaml"
    config.write_text(f"sources: {{directories: [./repositories]}}\ntransport: {{allow_file: true}}\n{text}", "utf-8")
    environ = {"ROADWORTHY_DATABASE__URL": postgres_url, "S": SECRET}
    body = json.dumps({"ref": "refs/heads/main", "repository": {}, "padding": "x" * 9000}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/github/main HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: half\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nConnection: close\r\n\r\n"
    ).encode()
    command = ("serve", "--port", "0", "--no-worker", "--processes", "2")
    with Process(config, *command, environ=environ) as server:
        parted = urlsplit(server.url())
        with socket.create_connection((parted.hostname, parted.port), timeout=20) as connection:
            connection.sendall(head + body[:4000])
            threading.Event().wait(0.3)  # it is being read
            began = time.monotonic()
            server.popen.send_signal(signal.SIGTERM)
            threading.Event().wait(0.5)  # the server knows that it must end
            connection.sendall(body[4000:])
            answer = connection.recv(65536)
        code = server.popen.wait(LONGEST)
        took = time.monotonic() - began
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert code == 0
    assert took < LONGEST


STARTING = """
import multiprocessing, signal, threading
from app.processes import web

signal.signal(signal.SIGTERM, lambda *_: None)  # as a server's first process has one of its own
context = multiprocessing.get_context("fork")
building = context.Event()
web._built = lambda _: (building.set(), threading.Event().wait(60))
child = context.Process(target=web.from_environment)
child.start()
assert building.wait(30)
child.terminate()
child.join(30)
print(child.exitcode)
"""


def test_a_web_process_that_is_still_starting_ends_when_it_is_told_to() -> None:
    done = subprocess.run([sys.executable, "-c", STARTING], capture_output=True, text=True, timeout=100)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_without_redis_no_web_process_is_more_than_a_second_behind_the_database(
    tmp_path: Path, postgres_url: str
) -> None:
    organisation = Organisation(tmp_path, "polling: {interval: 1h}\n")
    organisation.open()
    organisation.close()
    organisation.repository("payments", {"catalog-info.yaml": component("payments") + "---\n" + TEAM})
    config, environ = tmp_path / "roadworthy.yaml", {"ROADWORTHY_DATABASE__URL": postgres_url}
    command = ("serve", "--no-worker", "--processes", "1", "--port")
    store = Store.open(postgres_url)
    with (
        Process(config, *command, str(servers.free_port()), environ=environ) as one,
        Process(config, *command, str(servers.free_port()), environ=environ) as two,
        Process(config, "worker", environ=environ) as worker,
    ):
        urls = [one.url(), two.url()]
        assert get(f"{urls[0]}/readyz")["redis"] == "off"
        soon(lambda: all(get(url + RESULTS).get("scorecards") for url in urls), 60, "the first score")
        for number in range(3):
            organisation.push("payments", {"notes.md": f"# {number}\n"})
            tip = organisation.git("payments", "rev-parse", "HEAD").strip()
            before = {url: get(url + RESULTS)["scorecards"][0]["commit"] for url in urls}
            store.claims.hint(organisation.url("payments"), datetime.now(UTC))
            soon(lambda t=tip: stored_commit(store) == t, 30, "the new result in the database")
            threading.Event().wait(1.0)

            shown = {url: get(url + RESULTS)["scorecards"][0]["commit"] for url in urls}

            assert set(before.values()) != {tip}
            assert set(shown.values()) == {tip}
        assert worker.stop() == 0
    store.close()


def stored_commit(store: Store) -> str:
    rows = store.judgements.results(EntityRef("component", "default", "payments"))
    return json.loads(rows[0].body)["commit"] if rows else ""
