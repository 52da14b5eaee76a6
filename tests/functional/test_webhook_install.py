"""Webhooks set up on a forge's API over real HTTP: once, and changed when done again."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

import pytest
from click.testing import CliRunner
from forge_shapes import wrong

from app.cli.main import cli

PLACES = {
    "github": ("orgs/acme/hooks", "repos/acme/shop/hooks"),
    "gitlab": ("api/v4/groups/acme/hooks", "api/v4/projects/acme%2Fshop/hooks"),
    "gitea": ("api/v1/orgs/acme/hooks", "api/v1/repos/acme/shop/hooks"),
    "forgejo": ("api/v1/orgs/acme/hooks", "api/v1/repos/acme/shop/hooks"),
    "bitbucket": ("2.0/workspaces/acme/hooks", "2.0/repositories/acme/shop/hooks"),
    "bitbucket-server": (None, "rest/api/1.0/projects/acme/repos/shop/webhooks"),
}
URL = "https://rw.example/webhooks/{forge}/main"


class HookServer:
    """A forge's routes for webhooks. `hooks`: place → hooks there; `seen`: (method, path); refuses the undocumented."""

    def __init__(self) -> None:
        self.forge, self.hooks, self.seen, self.wrong = "github", {}, [], []

    def answer(self, method, target, body):
        place = target.partition("?")[0].lstrip("/")
        self.seen.append((method, place))
        if method == "GET":
            asked = parse_qs(target.partition("?")[2])
            most = next((int(asked[name][0]) for name in ("per_page", "pagelen", "limit") if name in asked), 10)
            found = [self.told(hook) for hook in self.hooks.get(place, [])[:most]]
            status, answer = 200, {"values": found} if self.forge.startswith("bitbucket") else found
        elif method == "POST":
            number = len(self.hooks.setdefault(place, [])) + 1
            self.hooks[place].append({"id": number, "uuid": f"{{{number}}}", **body})
            status, answer = 201, self.told(self.hooks[place][-1])
        else:
            place, _, which = place.rpartition("/")
            hook = self.hooks[place][int(unquote(which).strip("{}")) - 1]
            hook.update(body)
            status, answer = 200, self.told(hook)
        problems = wrong(self.forge, method, target, body, status, answer)
        self.wrong += problems
        return (400, {"message": problems}) if problems else (status, answer)

    def told(self, hook):
        """Never the secret, as the forges."""
        key = "uuid" if self.forge == "bitbucket" else "id"
        if "config" in hook:
            return {key: hook[key], "config": {"url": hook["config"]["url"]}}
        return {key: hook[key], "url": hook["url"]}


@pytest.fixture
def forge_server():
    """Yields the address and the server."""
    forge = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def _any(self):
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
            status, answer = forge.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _any

        def log_message(self, format, *args):
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", forge
    server.shutdown()
    server.server_close()
    thread.join()
    assert forge.wrong == []


def settings(tmp_path, forge, url):
    url += {"gitlab": "/api/v4", "bitbucket": "/2.0"}.get(forge, "")
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
    url, server = forge_server
    server.forge = forge
    file = settings(tmp_path, forge, url)
    whole, single = PLACES[forge]
    names = () if whole else ("shop",)

    first = install(file, *names)
    again = install(file, *names, secret="second-secret")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert "created" in first.output
    assert "changed" in again.output
    ((place, (hook,)),) = server.hooks.items()
    assert place == (whole or single)
    assert URL.format(forge=forge) in json.dumps(hook)
    assert "second-secret" in json.dumps(hook)
    assert "secret" not in first.output + again.output
    assert [method for method, _ in server.seen].count("POST") == 1


@pytest.mark.parametrize("forge", sorted(PLACES))
def test_ours_is_found_behind_many_others(tmp_path, forge_server, forge):
    url, server = forge_server
    server.forge = forge
    place = PLACES[forge][1]
    nested = forge in ("github", "gitea", "forgejo")
    server.hooks[place] = [
        {"id": n + 1, "uuid": f"{{{n + 1}}}", **_pointed(f"https://other.example/{n}", nested=nested)}
        for n in range(30)
    ]
    file = settings(tmp_path, forge, url)

    first, again = install(file, "shop"), install(file, "shop", secret="second")

    assert ("created" in first.output, "changed" in again.output) == (True, True), first.output + again.output
    assert len(server.hooks[place]) == 31


def _pointed(url, *, nested):
    return {"config": {"url": url}} if nested else {"url": url}


@pytest.mark.parametrize("forge", sorted(PLACES))
def test_single_repositories_are_named(tmp_path, forge_server, forge):
    url, server = forge_server
    server.forge = forge

    done = install(settings(tmp_path, forge, url), "shop")

    assert done.exit_code == 0, done.output
    assert list(server.hooks) == [PLACES[forge][1]]


def test_a_data_center_project_asks_for_repositories(tmp_path, forge_server):
    done = install(settings(tmp_path, "bitbucket-server", forge_server[0]))

    assert done.exit_code == 1
    assert "name the repositories" in done.output


def test_a_name_that_two_forges_share_is_asked_for_with_its_forge(tmp_path, forge_server):
    url, server = forge_server
    server.forge = "gitea"
    file = settings(tmp_path, "gitea", url)
    text = (tmp_path / "roadworthy.yaml").read_text("utf-8")
    both = text.replace(
        "sources: [{name: main", "sources: [{name: main, forge: github, secrets: [{env: H}]}, {name: main"
    )
    (tmp_path / "roadworthy.yaml").write_text(both, "utf-8")
    environment = {"FORGE_TOKEN": "t", "HOOK_SECRET": "s", "H": "h"}

    def run(name):
        return CliRunner().invoke(cli, ["webhook", "install", name, "--config", file], env=environment)

    assert "known: gitea/main, github/main" in run("main").output
    assert run("gitea/main").exit_code == 0
    assert list(server.hooks) == ["api/v1/orgs/acme/hooks"]
