"""Runs one server for a test session and ends it, by its process id, when the session is gone, however it went.

`server_keeper.py WATCHED_PID SIGNAL USER REMOVE -- COMMAND…`: USER "" keeps ours; the folder REMOVE goes too.
Started by `servers.keep`. SIGTERM asks this keeper to stop the server by SIGNAL, and to end once it has ended. The
server dies with a killed keeper too (the parent-death signal of Linux).
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 10


def main(arguments: list[str]) -> int:
    watched, number, user, remove = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3]
    command = arguments[arguments.index("--") + 1 :]

    def die_with_parent() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    who: dict[str, Any] = {}
    if user:
        entry = pwd.getpwnam(user)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked.set())
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **who)
    while server.poll() is None and _lives(watched) and not asked.wait(_POLL_SECONDS):
        pass
    if server.poll() is None:
        server.send_signal(number)
        try:
            server.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    if remove:
        shutil.rmtree(remove, ignore_errors=True)
    return server.returncode


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
