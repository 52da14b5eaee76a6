"""A forge's listing API on loopback, in the shape of each forge: pages, ETags, rate limits and faults to order."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from forge_shapes import shapes, wrong

PAGE = 100
Answer = tuple[int, dict[str, str], bytes]


def repository(number: int, path: str, **more: Any) -> dict[str, Any]:
    return {"number": number, "path": path, "archived": False, "fork": False, "branch": "main", **more}


class ForgeStub:
    """`forge` decides shapes and paths. `script`: answers given first. `requests`: (path, query, headers, status)."""

    def __init__(self, forge: str, repositories: list[dict[str, Any]], *, token: str = "good", owner: str = "acme"):
        self.forge, self.repositories, self.token, self.owner = forge, repositories, token, owner
        self.script: list[Answer] = []
        self.requests: list[tuple[str, dict[str, list[str]], dict[str, str], int]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """As the settings name it."""
        return self.address + {"gitlab": "/api/v4", "bitbucket": "/2.0"}.get(self.forge, "")

    def __enter__(self) -> ForgeStub:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = parse_qs(parts.query)
                status, more, body = (
                    stub.script.pop(0)
                    if stub.script
                    else stub.documented(self.path, *stub.answer(parts.path, query, headers))
                )
                stub.requests.append((parts.path, query, headers, status))
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def documented(self, target: str, status: int, more: dict[str, str], body: bytes) -> Answer:
        """The answer, or a 400 that says what of this exchange the forge's own document does not know."""
        target = (
            target if target.startswith(shapes()[self.forge]["prefix"]) else shapes()[self.forge]["prefix"] + target
        )
        problems = wrong(self.forge, "GET", target, None, status, json.loads(body) if status == 200 else None)
        return (400, {}, json.dumps({"message": problems}).encode()) if problems else (status, more, body)

    def answer(self, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if not self._known(headers):
            return 401, {}, b"{}"
        if path != self._path():
            return 404, {}, b"{}"
        start = self._start(query)
        items = [self._item(one) for one in self.repositories[start : start + PAGE]]
        more, body = self._page(path, start, items)
        data = json.dumps(body).encode()
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            return 304, {}, b""
        return 200, {**more, "ETag": etag, "Content-Type": "application/json"}, data

    def _known(self, headers: dict[str, str]) -> bool:
        given = headers.get("private-token") or headers.get("authorization", "").partition(" ")[2]
        return given == self.token

    def _path(self) -> str:
        return {
            "github": f"/orgs/{self.owner}/repos",
            "gitlab": f"/api/v4/groups/{self.owner}/projects",
            "gitea": f"/api/v1/orgs/{self.owner}/repos",
            "bitbucket": f"/2.0/repositories/{self.owner}",
            "bitbucket-server": f"/rest/api/1.0/projects/{self.owner}/repos",
        }[self.forge]

    def _start(self, query: dict[str, list[str]]) -> int:
        if self.forge == "bitbucket-server":
            return int(query["start"][0])
        return (int(query.get("page", ["1"])[0]) - 1) * PAGE

    def _page(self, path: str, start: int, items: list[Any]) -> tuple[dict[str, str], Any]:
        following = start + PAGE if start + PAGE < len(self.repositories) else None
        address = f"{self.address}{path}?page={(following or 0) // PAGE + 1}"
        if self.forge == "bitbucket":
            return {}, {"values": items, **({"next": address} if following else {})}
        if self.forge == "bitbucket-server":
            return {}, {"values": items, "isLastPage": following is None, "nextPageStart": following}
        return ({"Link": f'<{address}>; rel="next", <{self.address}>; rel="first"'} if following else {}), items

    def _item(self, one: dict[str, Any]) -> dict[str, Any]:
        path, name = one["path"], one["path"].rsplit("/", 1)[-1]
        clone = one.get("url", f"https://git.example/{path}.git")
        if self.forge == "gitlab":
            item = {"id": one["number"], "path_with_namespace": path, "http_url_to_repo": clone}
            fork = {"forked_from_project": {"id": 1}} if one["fork"] else {}
            return {**item, **fork, "archived": one["archived"], "default_branch": one["branch"]}
        if self.forge.startswith("bitbucket"):
            links = {"clone": [{"name": "ssh", "href": "ssh://x"}, {"name": "https", "href": clone}]}
            if self.forge == "bitbucket":
                parent = {"parent": {"full_name": "x/y"}} if one["fork"] else {}
                main = {"mainbranch": {"name": one["branch"]}}
                return {"uuid": f"{{{one['number']}}}", "full_name": path, "links": links, **main, **parent}
            origin = {"origin": {"id": 1}} if one["fork"] else {}
            place = {"slug": name, "project": {"key": "ACME"}, "archived": one["archived"]}
            return {"id": one["number"], "links": links, **place, **origin}
        item = {"id": one["number"], "full_name": path, "clone_url": clone, "default_branch": one["branch"]}
        return {**item, "archived": one["archived"], "fork": one["fork"]}
