"""A temporary folder of this process's own, which the next one takes away if this one is killed.

`serve` counts requests in one, git gets its configuration from one. Whoever holds the lock of a folder lives: ids of
processes are used again, and mean nothing between containers that share a folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

_LOCK = ".lock"
_YOUNG_SECONDS = 60.0
"""A folder this young may be about to be locked."""


class OwnFolder:
    """`path` until `close`, or the end of the process. Making one removes those of dead processes with its prefix."""

    def __init__(self, prefix: str) -> None:
        remove_left(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._lock = (self.path / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._remove = weakref.finalize(self, _removed, self.path, self._lock, os.getpid())

    def close(self) -> None:
        self._remove()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _removed(path: Path, lock: IO[str], owner: int) -> None:
    """Also at the end of the process, where an error kept anyone from closing; never by a child that was forked."""
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)
    lock.close()


def remove_left(prefix: str) -> None:
    """Removes folders of processes that were killed: only our own user's, and only those nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # another process removes it too, or holds it
            about = folder.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < _YOUNG_SECONDS:
                continue
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)
