"""Reads what strangers hand over in a process of its own, which ends with its time or memory; called by the API.

A web process that parsed a hostile archive itself would be slow for everyone, and could not be stopped. The child is
this module run as a program: bytes on standard input, an inventory as JSON on standard output. It keeps nothing.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.errors import RepositoryError
from app.facts import wire
from app.facts.inventory import Inventory, take
from app.pipeline.handed import of_files, snapshot_of
from app.pipeline.newborn import with_stand_ins
from app.repos.archives import Bounds, safe_path
from app.repos.memory import MemorySnapshot

SECONDS = 20.0
MEMORY = 1024 * 1024 * 1024
BOUNDS = Bounds(unpacked=32 * 1024 * 1024, file_size=2 * 1024 * 1024, files=5_000)
"""What one request may hand over. Sizes in bytes."""
KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")
FILES = "--files"


def read_apart(data: bytes | Mapping[str, str], name: str, repository: str, *, seconds: float = SECONDS) -> Inventory:
    """The inventory of an archive, of one text (`name` may be ""), or of files by path, told to lie in `repository`.

    Raises RepositoryError with one sentence.
    """
    how, body = (name, data) if isinstance(data, bytes) else (FILES, json.dumps(dict(data)).encode())
    environment = {key: os.environ[key] for key in KEPT if key in os.environ}
    command = [sys.executable, "-m", "app.pipeline.apart", str(int(seconds)), how]
    try:
        done = subprocess.run(command, input=body, env=environment, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise _refused(f"reading it took longer than {seconds:g} seconds") from None
    except ValueError:  # a NUL in the name
        raise _refused("its name holds control characters") from None
    if done.returncode:
        raise _refused("reading it took too much time or memory")
    found = json.loads(done.stdout)
    if "refused" in found:
        raise _refused(found["refused"])
    return wire.inventory_from(found, repository)


def _refused(why: str) -> RepositoryError:
    return RepositoryError(why, reason="unreadable", permanent=True)


def handed_snapshot(data: bytes, how: str, now: datetime) -> MemorySnapshot:
    """What a child was given, as a snapshot. Raises RepositoryError."""
    if how != FILES:
        return snapshot_of(data, how, now, BOUNDS)
    told: dict[str, Any] = json.loads(data)
    files = {safe_path(path, BOUNDS): text.encode("utf-8", "surrogatepass") for path, text in told.items()}
    if len(files) > BOUNDS.files or len(files) < len(told):
        raise _refused(f"files may be {BOUNDS.files} at most, each named once")
    return of_files(files, "", now)


def main(seconds: str, how: str) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        inventory = with_stand_ins(take(handed_snapshot(sys.stdin.buffer.read(), how, datetime.now(UTC))))
        told: dict[str, Any] = wire.inventory_body(inventory)
    except RepositoryError as error:
        told = {"refused": str(error)}
    sys.stdout.write(json.dumps(told, ensure_ascii=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
