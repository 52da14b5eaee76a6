"""A forge that keeps one repository's branches and change requests, on loopback, in the shapes of each forge.

It refuses what the forge's documents do not know, and `wrong` must be empty at the end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from forge_shapes import shapes, wrong


class RequestForge:
    """`commits`: id → (message, files); `branches`: name → id; `requests`: number → what it says; `comments`: number →
    texts. `modes`: of GitHub's files as written. `calls` as made. While `away` it answers 503; `refuses` is what it
    answers to anything that changes. `git`: the address of a server of its repositories, which are then listed, too.
    """

    def __init__(self, forge: str, files: dict[str, str], head: str) -> None:
        self.forge = forge
        self.commits: dict[str, tuple[str, dict[str, str]]] = {head: ("First", dict(files))}
        self.trees: dict[str, dict[str, str]] = {}
        self.modes: dict[str, str] = {}
        self.branches = {"main": head}
        self.requests: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[str]] = {}
        self.away, self.refuses = False, 0
        self.calls: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.git = ""

    def moved(self, head: str, files: dict[str, str]) -> None:
        self.commits[head] = ("Next", dict(files))
        self.branches["main"] = head

    def push(self, branch: str, message: str) -> None:
        """What a person does to a branch."""
        self._commit(branch, message, self.files(branch))

    def merge(self, number: int) -> None:
        """What a person does to a request."""
        self.requests[number]["state"] = "merged" if self.forge == "gitlab" else "closed"
        if self.forge != "gitlab":
            self.requests[number]["merged"] = True

    def dismiss(self, number: int) -> None:
        self.requests[number]["state"] = "closed"

    def files(self, branch: str) -> dict[str, str]:
        return dict(self.commits[self.branches[branch]][1])

    @property
    def open(self) -> list[dict[str, Any]]:
        return [one for one in self.requests.values() if one["state"] in ("open", "opened")]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] != "GET"]

    def _commit(self, branch: str, message: str, files: dict[str, str]) -> str:
        sha = hashlib.sha1(f"{message}{sorted(files.items())}{len(self.commits)}".encode()).hexdigest()
        self.commits[sha] = (message, files)
        self.branches[branch] = sha
        return sha

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        self.calls.append((method, path))
        if self.away:
            return 503, {}
        if self.refuses and method != "GET":
            return self.refuses, {}
        if self.git and re.search(r"/(orgs|groups)/acme/(repos|projects)$", path):
            return 200, [self._listed()]
        if (comments := re.search(r"/(?:issues|merge_requests)/(\d+)/(?:comments|notes)$", path)) is not None:
            return self._comments(method, int(comments[1]), body)
        told = getattr(self, f"_{self.forge}")
        found: tuple[int, Any] = told(method, path, {key: value[0] for key, value in query.items()}, body)
        return found

    def _listed(self) -> dict[str, Any]:
        said = {"id": 1, "default_branch": "main", "archived": False}
        clone = f"{self.address}/acme/shop.git"
        if self.forge == "gitlab":
            return {**said, "path_with_namespace": "acme/shop", "http_url_to_repo": clone}
        return {**said, "full_name": "acme/shop", "clone_url": clone, "fork": False}

    def _comments(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        said = self.comments.setdefault(number, [])
        if method == "POST":
            said.append(body["body"])
            return 201, {"id": len(said), "body": body["body"]}
        return 200, [{"id": place, "body": text} for place, text in enumerate(said, 1)]

    def _github(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        parts = path.removeprefix("/repos/acme/shop/").split("/")
        if parts[0] == "pulls":
            return self._pulls(method, parts, query.get("head", "").partition(":")[2], body)
        if parts[:2] == ["git", "commits"] and method == "GET":
            message, _ = self.commits[parts[2]]
            return 200, {"sha": parts[2], "message": message, "tree": {"sha": f"tree-of-{parts[2]}"}}
        if parts[:2] == ["git", "trees"]:
            files = dict(self.commits[body["base_tree"].removeprefix("tree-of-")][1])
            files |= {one["path"]: one["content"] for one in body["tree"]}
            self.modes |= {one["path"]: one["mode"] for one in body["tree"]}
            name = f"tree{len(self.trees)}"
            self.trees[name] = files
            return 201, {"sha": name}
        if parts[:2] == ["git", "commits"]:
            sha = hashlib.sha1(json.dumps(body).encode()).hexdigest()
            self.commits[sha] = (body["message"], self.trees[body["tree"]])
            return 201, {"sha": sha}
        branch = "/".join(parts[3:])
        if method == "POST":
            self.branches[body["ref"].removeprefix("refs/heads/")] = body["sha"]
            return 201, {}
        if branch not in self.branches:
            return 404, {}
        if method == "GET":
            return 200, {"object": {"sha": self.branches[branch]}}
        if method == "DELETE":
            del self.branches[branch]
            return 204, None
        assert body["force"] is True
        self.branches[branch] = body["sha"]
        return 200, {}

    def _pulls(self, method: str, parts: list[str], head: str, body: Any) -> tuple[int, Any]:
        if method == "GET" and len(parts) == 1:
            return 200, [one for one in self.open if not head or one["head"]["ref"] == head]
        if method == "GET" and len(parts) == 2:
            return 200, self.requests[int(parts[1])]
        if method == "GET" and parts[2] == "files":
            ours, base = self.files(self.requests[int(parts[1])]["head"]["ref"]), self.files("main")
            return 200, [{"filename": name} for name in ours if ours[name] != base.get(name)]
        if method == "POST":
            number = len(self.requests) + 1
            url = f"https://forge.example/acme/shop/pulls/{number}"
            ends = {end: {"ref": body[end]} for end in ("head", "base")}
            self.requests[number] = {"number": number, "html_url": url, "state": "open", **body, **ends}
            return 201, self.requests[number]
        self.requests[int(parts[1])].update(body)
        return 201 if self.forge == "gitea" else 200, self.requests[int(parts[1])]

    def _gitlab(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        rest = path.removeprefix("/projects/acme%2Fshop/")
        if rest.startswith("merge_requests"):
            if method == "GET" and rest != "merge_requests":
                return 200, self.requests[int(rest.rpartition("/")[2])]
            if method == "GET":
                return 200, [one for one in self.open if query.get("source_branch") in (None, one["source_branch"])]
            if method == "POST":
                number = len(self.requests) + 1
                url = f"https://forge.example/acme/shop/-/merge_requests/{number}"
                said = {name: value for name, value in body.items() if name != "remove_source_branch"}
                self.requests[number] = {"iid": number, "web_url": url, "state": "opened", **said}
                return 201, self.requests[number]
            ours = self.requests[int(rest.rpartition("/")[2])]
            closing = body.pop("state_event", "") == "close"
            ours.update(body, state="closed" if closing else ours["state"])
            return 200, ours
        if rest == "repository/commits":
            files = dict(self.commits[body["start_sha"]][1])
            assert body["branch"] not in self.branches or body["force"] is True
            for one in body["actions"]:
                if (one["action"] == "create") == (one["file_path"] in files):
                    return 400, {"message": "A file with this name already exists, or does not"}
                files[one["file_path"]] = one["content"]
            return 201, {"id": self._commit(body["branch"], body["commit_message"], files)}
        branch = unquote(rest.removeprefix("repository/branches/"))
        if branch not in self.branches:
            return 404, {}
        if method == "DELETE":
            del self.branches[branch]
            return 204, None
        return 200, {"commit": {"message": self.commits[self.branches[branch]][0]}}

    def _gitea(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        rest = path.removeprefix("/api/v1/repos/acme/shop/")
        if rest.startswith("pulls"):
            return self._pulls(method, rest.split("/"), "", body)
        if rest.startswith("branches/"):
            branch = unquote(rest.removeprefix("branches/"))
            if branch not in self.branches:
                return 404, {}
            if method == "DELETE":
                del self.branches[branch]
                return 204, None
            return 200, {"commit": {"message": self.commits[self.branches[branch]][0]}}
        if method == "GET":
            text = self.files(query["ref"]).get(unquote(rest.removeprefix("contents/")))
            if text is None:
                return 404, {}
            return 200, {"sha": _blob(text), "content": base64.b64encode(text.encode()).decode()}
        files = self.files(body["branch"])
        for one in body["files"]:
            there = files.get(one["path"])
            if (one["operation"] == "create") == (there is not None) or (there and one["sha"] != _blob(there)):
                return 422, {"message": "sha or operation does not fit"}
            if one["operation"] == "delete":
                del files[one["path"]]
            else:
                files[one["path"]] = base64.b64decode(one["content"]).decode()
        self._commit(body.get("new_branch", body["branch"]), body["message"], files)
        return 201, {}

    def __enter__(self) -> RequestForge:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                parts = urlsplit(self.path)
                if stub.git and parts.path.endswith(("/info/refs", "/git-upload-pack")):
                    self._relay(stub.git)
                    return
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.loads(data) if data else None
                prefix = shapes()[stub.forge]["prefix"]
                target = self.path if self.path.startswith(prefix) else prefix + self.path
                sent = json.loads(data) if data else None
                status, said = stub.answer(self.command, parts.path, parse_qs(parts.query), body)
                problems = wrong(stub.forge, self.command, target, sent, status, said)
                if problems:
                    stub.wrong += problems
                    status, said = 400, {"message": problems}
                answer = json.dumps(said).encode() if said is not None else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _relay(self, git: str) -> None:
                """To the server of the repositories themselves, which lie at the same address."""
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                names = ("Content-Type", "Content-Encoding", "Git-Protocol", "Accept")
                headers = {name: self.headers[name] for name in names if name in self.headers}
                asked = urllib.request.Request(git + self.path, data or None, headers, method=self.command)
                with urllib.request.urlopen(asked, timeout=20) as found:
                    answer = found.read()
                    self.send_response(found.status)
                    self.send_header("Content-Type", found.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _blob(text: str) -> str:
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
