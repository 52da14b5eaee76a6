"""A small real git server on loopback: `git http-backend` behind http.server, with faults to order.

`with GitServer(folder) as server:` serves every repository under `folder` at `server.url(name)`.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR
from types import TracebackType

import real_parts

_HOP = ("content-length", "transfer-encoding", "connection")


class GitServer:
    """`user` and `token` ask for basic authentication. `fault` (changeable): "", "500", "403", "hang", "reset",
    "corrupt" (garbage in the pack), "no-filter" (no partial fetches any more), or a URL to redirect to. `old` speaks
    protocol 0. `requests` lists what was asked.
    """

    def __init__(self, root: Path, *, user: str = "", token: str = "", old: bool = False) -> None:
        self.backend = real_parts.require("git http-backend")
        self.root, self.old, self.fault = root, old, ""
        self.expected = "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode() if token else ""
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        self.release = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"git": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"

    def __enter__(self) -> GitServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    git: GitServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        self.git.requests.append(f"{self.command} {self.path}")
        self.git.authorizations.append(self.headers.get("Authorization", ""))
        fault = self.git.fault
        if self.git.expected and self.headers.get("Authorization") != self.git.expected:
            self._plain(401, ("WWW-Authenticate", 'Basic realm="git"'))
        elif fault in ("403", "500"):
            self._plain(int(fault))
        elif fault.startswith("http"):
            self._plain(302, ("Location", fault + self.path))
        elif fault == "hang":
            self.git.release.wait(60)
        elif fault == "reset":
            self.connection.shutdown(SHUT_RDWR)
        else:
            self._backend(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _plain(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def _backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "3" if self.git.fault == "no-filter" else "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "uploadpack.allowFilter",
            "GIT_CONFIG_VALUE_1": "false",
            "GIT_CONFIG_KEY_2": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_2": "false",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": "" if self.git.old else self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run([self.git.backend], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        if self.git.fault == "corrupt" and self.command == "POST" and b"PACK" in content:
            at = content.index(b"PACK") + 12
            content = content[:at] + bytes(byte ^ 0x55 for byte in content[at : at + 40]) + content[at + 40 :]
        self._relay(head.decode("latin-1"), content)

    def _relay(self, head: str, content: bytes) -> None:
        fields = [line.split(": ", 1) for line in head.split("\r\n") if ": " in line]
        status = next((value for name, value in fields if name.lower() == "status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name.lower() not in ("status", *_HOP):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the tests ask `requests`."""
