"""The processes of a running service: embedded with its child, and in production on PostgreSQL and Redis."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import requests
import servers
from organisation import TEAM, Organisation, component
from processes import Process, children, get, lives, soon

REF = "component:default/payments"
RESULTS = "/api/v1/entities/by-name/component/default/payments"


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    made = Organisation(tmp_path, "polling: {interval: 1h}\n")
    made.open()
    made.close()
    made.repository("payments", {"catalog-info.yaml": component("payments") + "---\n" + TEAM})
    return made


def config(organisation: Organisation) -> Path:
    return organisation.folder / "roadworthy.yaml"


def scored(url: str) -> bool:
    """That the component has a result."""
    return bool(get(f"{url}{RESULTS}/results").get("scorecards"))


def outcome(url: str, check: str) -> str:
    (card,) = get(f"{url}{RESULTS}/results")["scorecards"]
    return next(one["outcome"] for one in card["checks"] if one["id"] == check)


def push(organisation: Organisation, url: str) -> None:
    """Gives the service a runbook, and asks for a refresh as a person does."""
    text = component("payments").replace("annotations: {", "annotations: {backstage.io/techdocs-ref: 'dir:.', ")
    organisation.push("payments", {"catalog-info.yaml": text + "---\n" + TEAM, "CODEOWNERS": "* @acme/team\n"})
    assert requests.post(f"{url}{RESULTS}/refresh", timeout=10).status_code == 202


def test_embedded_one_command_scores_starts_its_worker_again_and_ends_with_it(organisation: Organisation) -> None:
    with Process(config(organisation), "serve", "--port", "0") as server:
        url = server.url()
        soon(lambda: scored(url), what="the first score")
        ready = get(f"{url}/readyz")
        assert (ready["ready"], ready["redis"], ready["worker"]["alive"], ready["degraded"]) == (True, "off", 1, [])

        (child,) = children(server.pid)
        os.kill(child, signal.SIGKILL)
        push(organisation, url)
        soon(lambda: get(f"{url}{RESULTS}/results")["scorecards"][0]["commit"] == tip(organisation), what="the push")
        (heir,) = children(server.pid)
        assert heir != child

        text = requests.get(f"{url}/metrics", timeout=10).text
        assert 'roadworthy_refreshes_total{outcome="ok"}' in text  # counted by the child, told by its parent
        assert 'roadworthy_http_requests_total{code="202"' in text
        assert "roadworthy_workers " in text

        assert server.stop() == 0
    assert not lives(heir)


def tip(organisation: Organisation) -> str:
    return organisation.git("payments", "rev-parse", "HEAD").strip()


def test_the_child_of_a_killed_server_ends(organisation: Organisation) -> None:
    with Process(config(organisation), "serve", "--port", "0") as server:
        url = server.url()
        soon(lambda: get(f"{url}/readyz")["worker"]["alive"], what="the worker")
        (child,) = children(server.pid)

        server.kill()

        soon(lambda: not lives(child), what="the end of the child")


def test_the_web_processes_of_a_killed_server_end_and_leave_the_port_to_its_heir(organisation: Organisation) -> None:
    port = servers.free_port()
    command = ("serve", "--port", str(port), "--no-worker", "--processes", "2")
    with Process(config(organisation), *command) as server:
        server.url()
        left = children(server.pid)
        assert len(left) >= 2

        server.kill()
        with Process(config(organisation), *command) as heir:
            heir.url()

            soon(lambda: not any(map(lives, left)), what="the end of the killed server's processes")
            assert get(f"{heir.url()}/readyz")["database"]


def test_production_runs_on_postgresql_and_redis(organisation: Organisation, postgres_url: str, redis_url: str) -> None:
    environ = {"ROADWORTHY_DATABASE__URL": postgres_url, "ROADWORTHY_REDIS__URL": redis_url}
    file = config(organisation)
    with (
        Process(file, "serve", "--port", "0", "--no-worker", "--processes", "2", environ=environ) as web,
        Process(file, "worker", environ=environ) as first,
        Process(file, "worker", environ=environ) as second,
    ):
        url = web.url()
        soon(lambda: scored(url), 60, "the first score")
        ready = soon(lambda: (body := get(f"{url}/readyz"))["worker"]["alive"] == 2 and body, what="both workers")
        assert (ready["ready"], ready["redis"], ready["degraded"]) == (True, "ok", [])

        push(organisation, url)
        soon(lambda: get(f"{url}{RESULTS}/results")["scorecards"][0]["commit"] == tip(organisation), what="the push")

        assert _requests(url, code="202") == 1  # whichever of the two processes answers the scrape

        assert first.stop() == 0
        assert soon(lambda: get(f"{url}/readyz")["worker"]["alive"] == 1, what="one worker")
        assert second.stop() == 0
        assert soon(lambda: get(f"{url}/readyz")["degraded"] == ["worker"], what="no worker")
        assert get(f"{url}/readyz")["ready"] is True
        assert web.stop() == 0


def _requests(url: str, *, code: str) -> float:
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    wanted = [line for line in lines if line.startswith("roadworthy_http_requests_total{") and f'code="{code}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted)


def test_a_worker_serves_its_own_metrics_where_it_is_told(organisation: Organisation) -> None:
    port = servers.free_port()
    with Process(config(organisation), "worker", environ={"ROADWORTHY_WORKER__METRICS_PORT": str(port)}) as worker:

        def text() -> str:
            try:
                return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
            except requests.ConnectionError:
                assert worker.popen.poll() is None, worker.text()
                return ""

        soon(lambda: 'roadworthy_refreshes_total{outcome="ok"} 1.0' in text(), what="the first refresh")
        assert worker.stop() == 0


@pytest.mark.parametrize(
    ("command", "environ", "said"),
    [
        (["serve", "--processes", "2"], {}, "add --no-worker"),
        (["worker"], {"ROADWORTHY_REDIS__URL": "http://h"}, "begins with redis://"),
        (["worker"], {"ROADWORTHY_DATABASE__URL": "postgresql://127.0.0.1:1/x"}, "the database can't be used"),
    ],
)
def test_what_can_not_work_is_said_in_a_sentence(
    organisation: Organisation, command: list[str], environ: dict[str, str], said: str
) -> None:
    with Process(config(organisation), *command, environ=environ) as process:
        assert process.popen.wait(60) == 2
        assert said in process.text()
        assert "Traceback" not in process.text()
