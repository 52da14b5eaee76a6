"""What the world was told: a real receiver, and whether all it heard makes one story, nothing twice or left out."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import select

from app.store.store import Store
from app.store.tables import changes, counters
from app.store.tables_outgoing import deliveries

SECRET = "whsec_" + b64encode(b"made-for-the-fault-suite-alone-0").decode()
TARGET = "listener"
Standing = Mapping[tuple[str, str, str], str]
_HANG_SECONDS = 20.0


class Listener:
    """Takes messages on loopback. `fault`: "" or "500" or "hang". `heard`: (id, body) of those answered 200."""

    def __init__(self) -> None:
        self.fault = ""
        self.heard: list[tuple[str, Mapping[str, Any]]] = []
        self.unsigned: list[str] = []
        self._ended = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = listener._take(self.headers, body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    return  # who sent it is dead, or waits no more

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def environ(self) -> dict[str, str]:
        return {"TOLD_URL": f"http://127.0.0.1:{self._server.server_address[1]}/told", "TOLD_SECRET": SECRET}

    @property
    def settings(self) -> str:
        """Everything that is told, gathered for a second."""
        reasons = '[code, policy, "data source", waiver, scope, time]'
        place = f"name: {TARGET}, kind: webhook, url: {{env: TOLD_URL}}, secret: {{env: TOLD_SECRET}}, window: 1s"
        return f"notifications: {{targets: [{{{place}, what: [level, outcome], reasons: {reasons}}}]}}"

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, headers: Any, body: bytes) -> int:
        if self.fault == "hang":
            self._ended.wait(_HANG_SECONDS)
            return 503
        if self.fault:
            return int(self.fault)
        identity, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        content = f"{identity}.{moment}.".encode() + body
        expected = hmac.new(b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
        if headers.get("webhook-signature") != "v1," + b64encode(expected).decode():
            self.unsigned.append(identity)
        self.heard.append((identity, json.loads(body)))
        return 200


def repeated(heard: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
    """How many messages came more than once under their id, which receivers drop."""
    return sum(count - 1 for count in Counter(identity for identity, _ in heard).values())


def mistold(heard: Sequence[tuple[str, Mapping[str, Any]]], before: Standing, now: Standing) -> list[str]:
    """What a listener that drops repeated ids heard wrongly: turns that do not follow from the last one it heard, and
    standings it was never told.
    """
    wrong, first, last = [], {}, dict(before)
    for identity, body in heard:
        told = body["data"]["changes"]
        if first.setdefault(identity, told) != told:
            wrong.append(f"{identity} came again and told something else")
    for identity in sorted(first, key=lambda one: int(one.removeprefix("msg_"))):
        for one in first[identity]:
            key = (one["entity"], one["scorecard"], one["check"] or "level")
            if _word(last.get(key), key) != _word(one["before"], key):
                wrong.append(f"{identity} tells that {key} left {one['before']}, but {last.get(key)} was told last")
            last[key] = one["after"]
    untold = [key for key in now if _word(now[key], key) != _word(last.get(key), key)]
    return wrong + [f"{key} stands at {now[key]}, but the world was last told {last.get(key)}" for key in untold]


def misgathered(store: Store, after_cursor: int) -> list[str]:
    """Changes that stand in two messages, or in none."""
    with store.database.read() as connection:
        bodies = connection.execute(select(deliveries.c.body).where(deliveries.c.target == TARGET)).scalars().all()
        made = set(connection.execute(select(changes.c.cursor).where(changes.c.cursor > after_cursor)).scalars())
    counted = Counter(one["cursor"] for body in bodies for one in body)
    return [f"change {cursor} stands in {counted[cursor]} messages" for cursor in sorted(made) if counted[cursor] != 1]


def unsent(store: Store) -> list[str]:
    """What still is to be told: changes that no message holds, messages that wait, and those given up."""
    with store.database.read() as connection:
        newest = connection.execute(select(counters.c.value).where(counters.c.name == "changes")).scalar() or 0
        told = connection.execute(select(counters.c.value).where(counters.c.name == f"told:{TARGET}")).scalar()
        rows = connection.execute(
            select(deliveries.c.id, deliveries.c.state, deliveries.c.reason).where(
                deliveries.c.state.in_(("waiting", "dead"))
            )
        ).all()
    behind = [] if told == newest else [f"changes were gathered up to {told}, and there are {newest}"]
    return behind + [f"message {row.id} is {row.state}: {row.reason}" for row in rows]


def _word(value: str | None, key: tuple[str, str, str]) -> str:
    """Of checks only failing and not failing is told."""
    if key[2] == "level":
        return str(value)
    return "fail" if value == "fail" else "other"
