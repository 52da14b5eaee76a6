"""Starting the real program for tests: `serve` and `worker` as processes, watched from outside, ended by their pids."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import requests


def soon(is_so: Callable[[], Any], seconds: float = 30, what: str = "it") -> Any:
    """What `is_so` answers once it is true; fails when that takes too long."""
    until, quiet = time.monotonic() + seconds, threading.Event()
    while not (answer := is_so()):
        assert time.monotonic() < until, f"{what} did not come true in {seconds} s"
        quiet.wait(0.02)
    return answer


class Process:
    """`roadworthy COMMAND --config …`; what it writes goes to a log beside the settings."""

    def __init__(self, config: Path, *command: str, environ: dict[str, str] | None = None) -> None:
        self.log = config.parent / f"{command[0]}-{time.monotonic_ns()}.log"
        self._out = self.log.open("wb")
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command, "--config", str(config)],
            stdout=self._out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environ or {})},
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def url(self) -> str:
        """Where it serves, once it does."""
        head = "Serving on "

        def found() -> str:
            assert self.popen.poll() is None, self.text()
            return next((line[len(head) :] for line in self.text().splitlines() if line.startswith(head)), "")

        return soon(found, 60, "the server")

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.popen.kill()
        self.end()

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        code = self.popen.wait(seconds)
        self._out.close()
        return code

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(20)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()
        self._out.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text() if Path(f"/proc/{pid}").exists() else ""
    found = {int(word) for word in text.split()}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):  # started by any of its threads
        found |= {int(word) for word in task.read_text().split()}
    return sorted(found)


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal: a program that has only just begun would die of it."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def get(url: str) -> Any:
    """The JSON at a URL, whatever its status."""
    return requests.get(url, timeout=10).json()
