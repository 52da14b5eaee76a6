"""How much a stranger may send, over a real socket to both web servers: counted as it comes, whatever was announced."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from processes import Process, children, soon

SECRET = "made-for-this-test-0123456789"
MOST = 64 * 1024
COMMANDS = {
    "embedded": ("serve", "--port", "0"),
    "production": ("serve", "--port", "0", "--no-worker", "--processes", "1"),
}


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "repositories").mkdir()
    text = f"webhooks: {{max_body: {MOST}, sources: [{{name: main, forge: github, secrets: [{{env: S}}]}}]}}\n"
    config = folder / "roadworthy.yaml"
    config.write_text(f"sources: {{directories: [./repositories]}}\ntransport: {{allow_file: true}}\n{text}", "utf-8")
    with Process(config, *COMMANDS[request.param], environ={"S": SECRET}) as made:
        made.url()
        yield made


def head(body: bytes, *, delivery: str, length: str = "") -> bytes:
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    framing = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
    lines = (
        "POST /webhooks/github/main HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "X-GitHub-Event: push",
        f"X-GitHub-Delivery: {delivery}",
        f"X-Hub-Signature-256: sha256={signature}",
        framing,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def said(server: Process, *parts: bytes) -> bytes:
    """The status line and headers that answer these bytes; a server may answer before it has seen all."""
    parted = urlsplit(server.url())
    with socket.create_connection((parted.hostname, parted.port), timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass  # refused while we still sent: what it said first is still to be read
        answer = b""
        try:
            while b"\r\n\r\n" not in answer and (more := connection.recv(65536)):
                answer += more
        except OSError:
            pass
        return answer


def resident(pid: int) -> int:
    """Kilobytes of a process and its children."""
    pages = [Path(f"/proc/{one}/status").read_text() for one in (pid, *children(pid))]
    return sum(int(line.split()[1]) for text in pages for line in text.splitlines() if line.startswith("VmRSS:"))


def test_a_body_in_chunks_without_a_length_is_read_whole_and_believed(server: Process) -> None:
    body = json.dumps({"ref": "refs/heads/main", "repository": {}, "padding": "x" * 5000}).encode()

    parts = [chunk(body[start : start + 1000]) for start in range(0, len(body), 1000)]
    answer = said(server, head(body, delivery="chunked"), *parts, b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize("more", [1, 512 * 1024])
def test_a_body_in_chunks_that_grows_past_the_cap_is_refused(server: Process, more: int) -> None:
    body = b'{"padding": "' + b"x" * (MOST + more - 15) + b'"}'
    assert len(body) == MOST + more

    parts = [chunk(body[start : start + 8192]) for start in range(0, len(body), 8192)]
    answer = said(server, head(body, delivery="large"), *parts, b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_of_exactly_the_cap_is_taken(server: Process) -> None:
    body = b'{"padding": "' + b"x" * (MOST - 15) + b'"}'

    answer = said(server, head(body, delivery="exact", length=str(len(body))), body)

    assert answer.startswith(b"HTTP/1.1 202 ")


def test_a_stream_that_never_ends_fills_no_memory(server: Process) -> None:
    before = resident(server.pid)
    piece = chunk(b"x" * 65536)

    answer = said(server, head(b"", delivery="endless"), *(piece for _ in range(2000)))  # 125 MB

    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert resident(server.pid) - before < 40 * 1024


def test_an_announced_length_over_the_cap_is_refused_before_anything_is_sent(server: Process) -> None:
    answer = said(server, head(b"", delivery="announced", length=str(100 * 1024 * 1024)), b"{")

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_hundred_who_send_slowly_keep_nobody_from_reading_and_hold_no_place_once_they_are_gone(
    server: Process,
) -> None:
    parted = urlsplit(server.url())
    slow = [socket.create_connection((parted.hostname, parted.port), timeout=30) for _ in range(110)]
    for number, one in enumerate(slow):
        one.sendall(head(b"", delivery=f"slow-{number}", length=str(MOST)) + b"{")

    for _ in range(20):
        answer = said(server, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")

    for one in slow:
        one.close()
    body = b'{"ref": "refs/heads/main"}'
    whole = head(body, delivery="after", length=str(len(body)))
    soon(lambda: said(server, whole, body).startswith(b"HTTP/1.1 202 "), 10, "a delivery after they were gone")
