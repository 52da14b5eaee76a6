"""A load on one URL: `wrk` where it is installed, else a client of our own in two processes, sockets and no library."""

from __future__ import annotations

import multiprocessing
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Ask:
    """One request, repeated."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What came of it. `p99` in seconds."""

    rate: float
    p99: float
    refused: int


def load(ask: Ask, connections: int, seconds: float) -> Load:
    """Keeps `connections` requests in the air for `seconds`."""
    return _wrk(ask, connections, seconds) if shutil.which("wrk") else _own(ask, connections, seconds)


def _wrk(ask: Ask, connections: int, seconds: float) -> Load:
    headers = "".join(f"wrk.headers[{name!r}]={value!r}\n" for name, value in ask.headers.items())
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"wrk.method={ask.method!r}\nwrk.body={ask.body!r}\n{headers}")
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", script.name, ask.url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    assert p99, text
    assert rate, text
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]], int(bad[1]) if bad else 0)


def _own(ask: Ask, connections: int, seconds: float) -> Load:
    shares = [share for share in (connections // 2, connections - connections // 2) if share]
    with multiprocessing.get_context("spawn").Pool(len(shares)) as pool:
        parts = pool.starmap(_hammer, [(ask, share, seconds) for share in shares])
    times = sorted(one for part, _ in parts for one in part)
    return Load(len(times) / seconds, p99_of(times), sum(bad for _, bad in parts))


def _hammer(ask: Ask, connections: int, seconds: float) -> tuple[list[float], int]:
    """(seconds of each answer, how many were neither 2xx nor 3xx)."""
    parts = urlsplit(ask.url)
    lines = [f"{ask.method} {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(ask.body)}"]
    lines += [f"{name}: {value}" for name, value in ask.headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n" + ask.body).encode()
    selector, times, bad = selectors.DefaultSelector(), [], 0
    for _ in range(connections):
        one = socket.create_connection((parts.hostname, parts.port))
        one.sendall(request)
        selector.register(one, selectors.EVENT_READ, [time.perf_counter(), bytearray()])
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for key, _ in selector.select(0.1):
            began, got = key.data
            got += key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
            if _is_whole(got):
                now = time.perf_counter()
                times.append(now - began)
                bad += got[9:10] not in (b"2", b"3")
                key.data[:] = [now, bytearray()]
                key.fileobj.sendall(request)  # type: ignore[union-attr]
    return times, bad


def _is_whole(got: bytearray) -> bool:
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = re.search(rb"content-length: (\d+)", got[:end].lower())
    return len(got) - end - 4 >= (int(length[1]) if length else 0)


def asked_until(ask: Ask, until: Path, pause: float = 0.005) -> list[float]:
    """Seconds of each of requests sent one after another until a file appears."""
    import requests

    times = []
    with requests.Session() as session:
        while not until.exists():
            began = time.perf_counter()
            session.request(ask.method, ask.url, data=ask.body, headers=dict(ask.headers))
            times.append(time.perf_counter() - began)
            time.sleep(pause)
    return times


def p99_of(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]
