"""Webhooks set up on a forge's API over real HTTP: once, and changed when done again."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from app.cli.main import cli

PLACES = {
    "github": ("orgs/acme/hooks", "repos/acme/shop/hooks"),
    "gitlab": ("groups/acme/hooks", "projects/acme%2Fshop/hooks"),
    "gitea": ("api/v1/orgs/acme/hooks", "api/v1/repos/acme/shop/hooks"),
    "bitbucket": ("workspaces/acme/hooks", "repositories/acme/shop/hooks"),
    "bitbucket-server": (None, "rest/api/1.0/projects/acme/repos/shop/webhooks"),
}
URL = "https://rw.example/webhooks/{forge}/main"


@pytest.fixture
def forge_server():
    """`hooks`: place → hooks there; `seen`: (method, path)."""
    hooks: dict[str, list[dict]] = {}
    seen: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def _any(self):
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
            place = self.path.partition("?")[0].lstrip("/")
            seen.append((self.command, place))
            if self.command == "GET":
                found = hooks.get(place, [])
                answer = (
                    {"values": found} if "workspaces" in place or "repositor" in place or "rest/" in place else found
                )
            elif self.command == "POST":
                answer = {"id": 1, "uuid": "{1}", **body}
                hooks.setdefault(place, []).append(answer)
            else:
                answer = hooks[place.rpartition("/")[0]][0]
                answer.update(body)
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _any

        def log_message(self, format, *args):
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", hooks, seen
    server.shutdown()
    server.server_close()
    thread.join()


def settings(tmp_path, forge, url):
    text = f"""
transport: {{allow_private: true}}
serve: {{public_url: https://rw.example}}
sources: {{forges: [{{forge: {forge}, owner: acme, url: "{url}", token: {{env: FORGE_TOKEN}}}}]}}
webhooks: {{sources: [{{name: main, forge: {forge}, url: "{url}", secrets: [{{env: HOOK_SECRET}}]}}]}}
"""
    file = tmp_path / "roadworthy.yaml"
    file.write_text(text, "utf-8")
    return str(file)


def install(file, *repositories, secret="first-secret"):
    environment = {"FORGE_TOKEN": "t", "HOOK_SECRET": secret}
    return CliRunner().invoke(cli, ["webhook", "install", "main", *repositories, "--config", file], env=environment)


@pytest.mark.parametrize("forge", sorted(PLACES))
def test_it_is_created_once_and_changed_to_the_new_secret_when_done_again(tmp_path, forge_server, forge):
    url, hooks, seen = forge_server
    file = settings(tmp_path, forge, url)
    whole, single = PLACES[forge]
    names = () if whole else ("shop",)

    first = install(file, *names)
    again = install(file, *names, secret="second-secret")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert "created" in first.output
    assert "changed" in again.output
    ((place, (hook,)),) = hooks.items()
    assert place == (whole or single)
    assert URL.format(forge=forge) in json.dumps(hook)
    assert "second-secret" in json.dumps(hook)
    assert "secret" not in first.output + again.output
    assert [method for method, _ in seen].count("POST") == 1


@pytest.mark.parametrize("forge", sorted(PLACES))
def test_single_repositories_are_named(tmp_path, forge_server, forge):
    url, hooks, _ = forge_server

    done = install(settings(tmp_path, forge, url), "shop")

    assert done.exit_code == 0, done.output
    assert list(hooks) == [PLACES[forge][1]]


def test_a_data_center_project_asks_for_repositories(tmp_path, forge_server):
    done = install(settings(tmp_path, "bitbucket-server", forge_server[0]))

    assert done.exit_code == 1
    assert "name the repositories" in done.output
