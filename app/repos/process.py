"""Child processes, bounded in time and output. What one leaves running is killed with it.

`communicate()` would keep whatever a child prints; a repository can be made to list ten billion files. `run` asks one
thing of a process of its own; a `Conversation` asks several of one that stays, for starting git costs more than most
questions do.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_CHUNK = 1 << 16
_STDERR_CAP = 1 << 16
_FILE_LIMIT = 'ulimit -f "$1" || exit 126; shift; exec "$@"'
"""`ulimit -f` counts 512-byte blocks. Done by the shell: code between fork and exec is unsafe beside threads."""
_NICER = 5
_niceness: ContextVar[int] = ContextVar("niceness", default=0)


@contextmanager
def giving_way() -> Iterator[None]:
    """What this thread starts within the block gives way to what somebody waits for, where both want the processor."""
    before = _niceness.set(_NICER)
    try:
        yield
    finally:
        _niceness.reset(before)


class NotStarted(Exception):
    """There is no such program, or no room for another process."""


class TooSlow(Exception):
    """The time limit passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"took longer than {seconds:g} seconds")
        self.seconds = seconds


class TooMuch(Exception):
    """The output cap passed."""

    def __init__(self, cap: int) -> None:
        super().__init__(f"answered with more than {cap} bytes")
        self.cap = cap


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended. `returncode` is negative when a signal killed it; `stderr` is cut at 64 KiB."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Ended(Exception):
    """A process ended without having answered. `how` tells with what words."""

    def __init__(self, how: Finished) -> None:
        super().__init__(how.stderr)
        self.how = how


def run(
    command: Sequence[str],
    *,
    environment: Mapping[bytes, bytes],
    folder: Path | None,
    stdin: bytes,
    seconds: float,
    output_cap: int,
    file_cap: int = 0,
) -> Finished:
    """Runs a command in a process group of its own. `file_cap` bounds each file it writes (bytes, 0: unbounded).

    With `stdin` it is bounded before it gets any of that: so only give what reads to the end before it writes.
    Raises NotStarted, TooSlow or TooMuch; what it left running is killed in any case.
    """
    late = bool(file_cap and stdin) and sys.platform == "linux"
    if file_cap and not late:
        command = ["/bin/sh", "-c", _FILE_LIMIT, "sh", str(max(1, file_cap // 512)), *command]
    process = _start(command, environment, folder, subprocess.PIPE if stdin else subprocess.DEVNULL)
    try:
        if late:
            _bound(process, file_cap)
        exchange = _Exchange(process, output_cap, seconds)
        exchange.send(stdin, close=True)
        exchange.receive(lambda _: False)
        returncode = process.wait()
    finally:
        _end(process)
    return Finished(returncode, bytes(exchange.out), bytes(exchange.err))


def _bound(process: subprocess.Popen[bytes], file_cap: int) -> None:
    """What the shell's `ulimit` does, for half a millisecond less: only Linux can do it to another process."""
    with suppress(ProcessLookupError):  # it has ended already
        if sys.platform == "linux":
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (file_cap, file_cap))


class Conversation:
    """A process that answers until it is left: `with Conversation(…) as talk: talk.ask(…)`. One thread at a time."""

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[bytes, bytes], folder: Path, seconds: float
    ) -> None:
        """Each answer may take `seconds`. Raises NotStarted."""
        self._seconds = seconds
        self._process = _start(command, environment, folder, subprocess.PIPE)

    def ask(self, question: bytes, *, enough: Callable[[bytearray], bool], output_cap: int) -> bytes:
        """The answer, complete when `enough` says so of what has come. Raises TooSlow, TooMuch or Ended."""
        exchange = _Exchange(self._process, output_cap, self._seconds)
        exchange.send(question, close=False)
        exchange.receive(enough)
        if not enough(exchange.out):
            raise Ended(Finished(self._process.wait(), bytes(exchange.out), bytes(exchange.err)))
        return bytes(exchange.out)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self._process)


def _start(
    command: Sequence[str], environment: Mapping[bytes, bytes], folder: Path | None, stdin: int
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            bufsize=0,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # not a session: Linux gives each of those as much of the processor as our own whole one
        )
    except (OSError, ValueError) as error:
        raise NotStarted(str(error)) from None
    if niceness := _niceness.get():
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    return process


class _Exchange:
    """Writes and reads at once, so that neither side waits for the other with a full pipe."""

    def __init__(self, process: subprocess.Popen[bytes], cap: int, seconds: float) -> None:
        self._process, self._cap, self._seconds = process, cap, seconds
        self._until = time.monotonic() + seconds
        self._rest, self._close = memoryview(b""), False
        self.out, self.err = bytearray(), bytearray()

    def send(self, data: bytes, *, close: bool) -> None:
        self._rest, self._close = memoryview(data), close

    def receive(self, enough: Callable[[bytearray], bool]) -> None:
        """Reads until `enough`, or until the process closed its output. Raises TooSlow or TooMuch."""
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        outputs = {stdout.fileno(): self.out, stderr.fileno(): self.err}
        with selectors.PollSelector() as selector:
            for descriptor in outputs:
                selector.register(descriptor, selectors.EVENT_READ)
            if stdin is not None:
                os.set_blocking(stdin.fileno(), False)
                selector.register(stdin.fileno(), selectors.EVENT_WRITE)
            while any(descriptor in outputs for descriptor in selector.get_map()) and not enough(self.out):
                left = self._until - time.monotonic()
                if left <= 0:
                    raise TooSlow(self._seconds)
                for key, _ in selector.select(left):
                    if key.fd not in outputs:
                        self._write(selector, key.fd)
                    elif not self._read(key.fd, outputs[key.fd]):
                        selector.unregister(key.fd)

    def _read(self, descriptor: int, into: bytearray) -> bool:
        data = os.read(descriptor, _CHUNK)
        into += data
        if len(self.out) > self._cap:
            raise TooMuch(self._cap)
        del self.err[_STDERR_CAP:]
        return bool(data)

    def _write(self, selector: selectors.BaseSelector, descriptor: int) -> None:
        """A child that no longer listens ends the writing: its exit code tells why."""
        try:
            self._rest = self._rest[os.write(descriptor, self._rest[:_CHUNK]) :]
        except BrokenPipeError:
            self._rest = self._rest[:0]
        except BlockingIOError:
            return
        if not self._rest:
            selector.unregister(descriptor)
            if self._close and self._process.stdin is not None:
                self._process.stdin.close()


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
