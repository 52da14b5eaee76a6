"""One child process, bounded in time and output. What it leaves running is killed with it.

`communicate()` would keep whatever a child prints; a repository can be made to list ten billion files.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 16
_STDERR_CAP = 1 << 16
_FILE_LIMIT = 'ulimit -f "$1" || exit 126; shift; exec "$@"'
"""`ulimit -f` counts 512-byte blocks. Done by the shell: code between fork and exec is unsafe beside threads."""


class TooSlow(Exception):
    """The time limit passed; the process group was killed."""


class TooMuch(Exception):
    """The output cap passed; the process group was killed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended. `returncode` is negative when a signal killed it; `stderr` is cut at 64 KiB."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None,
    stdin: bytes,
    seconds: float,
    output_cap: int,
    file_cap: int = 0,
) -> Finished:
    """Runs a command in a session of its own. `file_cap` bounds each file it writes (bytes, 0: unbounded).

    Raises TooSlow, TooMuch, or OSError when it can't be started at all.
    """
    if file_cap:
        command = ["sh", "-c", _FILE_LIMIT, "sh", str(max(1, file_cap // 512)), *command]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = _exchange(process, stdin, time.monotonic() + seconds, output_cap)
        returncode = process.wait()
    finally:
        _end(process)
    return Finished(returncode, out, err)


def _exchange(process: subprocess.Popen[bytes], stdin: bytes, deadline: float, cap: int) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    outputs = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    out, err = outputs.values()
    rest = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for descriptor in outputs:
            selector.register(descriptor, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin.fileno(), selectors.EVENT_WRITE)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooSlow
            for key, _ in selector.select(left):
                if key.fd in outputs:
                    data = os.read(key.fd, _CHUNK)
                    outputs[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
                else:
                    rest = _write(key.fd, rest)
                    if not rest and process.stdin is not None:
                        selector.unregister(key.fd)
                        process.stdin.close()
            if len(out) > cap:
                raise TooMuch
            del err[_STDERR_CAP:]
    return bytes(out), bytes(err)


def _write(descriptor: int, rest: memoryview) -> memoryview:
    """What is left to write. A child that no longer listens ends the writing: its exit code tells why."""
    try:
        return rest[os.write(descriptor, rest[:_CHUNK]) :]
    except BrokenPipeError:
        return rest[:0]
    except BlockingIOError:
        return rest


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of the process group, and closes our ends of its pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.poll()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
