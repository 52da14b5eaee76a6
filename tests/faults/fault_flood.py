"""A bounded flood of webhooks, half of them forged, and what must be true of it afterwards."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from fault_town import Town
from sqlalchemy import select

from app.store.store import Store
from app.store.tables_inbound import inbound

_AT_ONCE = 24


@dataclass
class Flood:
    """`run` sends; `problems` compares what was answered with the table. Deliveries of even numbers are forged."""

    town: Town
    port: int
    deliveries: int
    answers: Counter[str] = field(default_factory=Counter)
    believed: set[str] = field(default_factory=set)
    seconds: float = 0.0
    _odd: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        numbers = iter(range(self.deliveries))
        began = time.monotonic()
        threads = [threading.Thread(target=self._send_all, args=(numbers,), daemon=True) for _ in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.seconds = time.monotonic() - began

    @property
    def rate(self) -> float:
        return self.deliveries / self.seconds

    def problems(self, store: Store) -> list[str]:
        """Answers that nobody should get, believed deliveries that are not in the table, forged ones that are."""
        with store.database.read() as connection:
            kept = set(connection.execute(select(inbound.c.delivery)).scalars())
        forged = [name for name in kept if name.startswith("flood-forged")]
        lost = sorted(self.believed - kept)
        return [
            *self._odd,
            *(f"{name} was answered 2xx and is not in the table" for name in lost),
            *(f"{name} is forged and in the table" for name in forged),
        ]

    def __str__(self) -> str:
        told = ", ".join(f"{count} {name}" for name, count in sorted(self.answers.items()))
        return f"{self.deliveries} webhooks, {self.rate:.0f}/s: {told}"

    def _send_all(self, numbers: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while True:
            with self._lock:
                number = next(numbers, None)  # type: ignore[call-overload]
            if number is None:
                break
            self._send(connection, number)
        connection.close()

    def _send(self, connection: http.client.HTTPConnection, number: int) -> None:
        is_forged = number % 2 == 0
        identity = f"flood-{'forged' if is_forged else 'true'}-{number}"
        name = self.town.names[number % len(self.town.names)]
        body, headers = self.town.delivery(name, self.town.heads[name], identity)
        if is_forged:
            headers["X-Hub-Signature-256"] = "sha256=" + f"{number:064x}"
        connection.request("POST", "/webhooks/github/town", body, headers)
        answer = connection.getresponse()
        answer.read()
        self._note(identity, answer, is_forged=is_forged)

    def _note(self, identity: str, answer: http.client.HTTPResponse, *, is_forged: bool) -> None:
        with self._lock:
            self.answers[str(answer.status)] += 1
            if answer.status == 503:
                if not answer.getheader("Retry-After"):
                    self._odd.append(f"{identity} was answered 503 without Retry-After")
            elif answer.status != (401 if is_forged else 202):
                self._odd.append(f"{identity} was answered {answer.status}")
            elif not is_forged:
                self.believed.add(identity)
