"""The worker as a child of `serve`: started, started again when it dies, ended with its parent.

Two pipes join them: hints go to the child, news come back. The parent alone holds the writing end of the first, so the
child reads its end when the parent is gone, however it went, and stops.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from app.jobs.hints import PipeHints

log = structlog.get_logger(__name__)
STOP_SECONDS = 12.0
_FIRST_REST, _LONGEST_REST = 0.5, 30.0
_LONG_LIFE = 60.0


class Child:
    """One worker process at a time, watched by a thread."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._hints_from, hints_to = os.pipe()
        news_from, self._news_to = os.pipe()
        self.work, self.news = PipeHints(writes=hints_to), PipeHints(reads=news_from)
        self._stopping, self._turn = threading.Event(), threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="worker-child", daemon=True)

    def start(self) -> None:
        self._process = self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """Ends the child: gracefully, else by force."""
        with self._turn:
            self._stopping.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._thread.join(STOP_SECONDS)

    @property
    def pid(self) -> int:
        """The process that works now."""
        return self._process.pid if self._process else 0

    def _spawn(self) -> subprocess.Popen[bytes]:
        pipes = ["--hints-from", str(self._hints_from), "--news-to", str(self._news_to)]
        command = [sys.executable, "-m", "app.cli", "worker", "--config", str(self._config), *pipes]
        return subprocess.Popen(command, pass_fds=(self._hints_from, self._news_to))

    def _watch(self) -> None:
        rest = _FIRST_REST
        while self._process is not None:
            try:
                self._process.wait(_LONG_LIFE)
            except subprocess.TimeoutExpired:
                rest = _FIRST_REST
                continue
            if self._stopping.is_set():
                return
            log.error("worker.died", code=self._process.returncode, again_in_seconds=rest)
            self._stopping.wait(rest)
            rest = min(_LONGEST_REST, rest * 2)
            with self._turn:
                if self._stopping.is_set():
                    return
                self._process = self._spawn()
