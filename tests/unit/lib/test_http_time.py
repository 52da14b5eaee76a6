"""A request takes no longer than its time, whatever part of the answer comes a byte at a time."""

import time
from functools import partial

import pytest
from slow_peer import trickling

from app.lib.http import Http, HttpError

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("scheme", "begins", "repeats"),
    [
        ("http", b"", b"H"),
        ("http", HEAD + b"X-Padding: ", b"a"),
        ("http", HEAD, b"A: b\r\n"),
        ("http", HEAD + b"Content-Length: 1000000\r\n\r\n", b"a"),
        ("http", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        ("http", HEAD + b"\r\n", b"a"),
        ("https", b"\x16\x03\x03\x3f\xff\x02", b"\x00"),
    ],
    ids=["status line", "header", "headers", "body", "size of a chunk", "body without an end", "handshake"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_byte_now_and_then_buys_no_time(scheme, begins, repeats, method):
    http, began = Http(allow_private=True, timeout=60, total=0.2), time.monotonic()
    ask = http.get if method == "GET" else partial(http.send, "POST")
    with (
        trickling(begins, repeats) as url,
        pytest.raises(HttpError, match=r"127\.0\.0\.1:\d+/path took longer than 0\.2 s") as told,
    ):
        ask(f"{url.replace('http', scheme, 1)}/path")
    assert not told.value.permanent
    assert time.monotonic() - began < 25  # the peer goes on for thirty


def test_an_answer_in_time_is_whole():
    body = b"x" * 100_000
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    with trickling(head + body) as url:
        assert Http(allow_private=True).get(url).body == body
