"""Bodies that are sent slowly hold half the threads at most; who sends one meanwhile is asked to come back."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.processes.bodies import Bodies


class Slow(BytesIO):
    """A body that has not come yet."""

    def __init__(self) -> None:
        super().__init__(b"{}")
        self.asked, self.comes = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.set()
        self.comes.wait(60)
        return super().read(size)


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [body]


def sent(application: Bodies, body: BytesIO | bytes = b"", **environ: str) -> tuple[str, bytes, Any]:
    made = EnvironBuilder(method="POST", data=b"").get_environ()
    made["wsgi.input"] = body if isinstance(body, BytesIO) else BytesIO(body)
    made["CONTENT_LENGTH"] = str(len(body)) if isinstance(body, bytes) else "2"
    if environ.get("HTTP_TRANSFER_ENCODING"):
        del made["CONTENT_LENGTH"]
    parts, status, headers = run_wsgi_app(application, made | environ)
    return status, b"".join(parts), headers


def test_one_who_sends_slowly_keeps_others_from_sending_but_not_from_reading() -> None:
    bodies, slow = Bodies(echo, most=100, places=1), Slow()
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(sent(bodies, slow)[0]))
    waiting.start()
    assert slow.asked.wait(30)

    status, body, headers = sent(bodies, b"{}")
    assert (status, int(headers["Retry-After"]) > 0) == ("503 SERVICE UNAVAILABLE", True)
    told = json.loads(body)
    assert headers["Content-Type"] == "application/problem+json"
    assert (told["status"], told["retry_after"]) == (503, int(headers["Retry-After"]))
    assert sent(bodies)[0] == "200 OK"  # nothing to be read

    slow.comes.set()
    waiting.join()
    assert answers == ["200 OK"]
    assert sent(bodies, b"{}")[:2] == ("200 OK", b"{}")


@pytest.mark.parametrize(("length", "read"), [(100, 100), (101, 0), (10**30, 0)])
def test_what_announces_too_much_is_never_read(length: int, read: int) -> None:
    body = BytesIO(b"x" * 200)
    sent(
        Bodies(lambda _, start: (start("413 TOO LARGE", []), [])[1], most=100, places=1),
        body,
        CONTENT_LENGTH=str(length),
    )
    assert (body.tell() > 0) == (read > 0)


def test_chunks_without_a_length_are_read_to_one_byte_past_the_most() -> None:
    _, answer, _ = sent(Bodies(echo, most=100, places=1), b"x" * 5000, HTTP_TRANSFER_ENCODING="chunked")
    assert len(answer) == 101
