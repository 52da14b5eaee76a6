"""Child processes: what nobody waits for gives way to what somebody does, and what they write is bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.repos.process import Conversation, giving_way, run


def niceness(folder: Path) -> int:
    """Of a child that is asked once it runs."""
    command = ["/bin/sh", "-c", "read line; nice"]
    with Conversation(command, environment={b"PATH": os.environb[b"PATH"]}, folder=folder, seconds=10) as talk:
        return int(talk.ask(b"now\n", enough=lambda out: out.endswith(b"\n"), output_cap=100))


def test_a_process_gives_way_where_it_was_started_to_do_so_and_only_there(tmp_path: Path) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    with giving_way():
        patient = niceness(tmp_path)

    assert patient > ours or ours == 19
    assert niceness(tmp_path) == ours


@pytest.mark.parametrize("stdin", [b"", b"some\n"], ids=["without input", "with input"])
def test_what_a_process_and_its_children_write_is_bounded(tmp_path: Path, stdin: bytes) -> None:
    cap = 64 * 1024
    writing = "cat > /dev/null; /bin/sh -c 'head -c 100000 /dev/zero > large'; echo it ended with $?"
    done = run(
        ["/bin/sh", "-c", writing],
        environment={b"PATH": os.environb[b"PATH"]},
        folder=tmp_path,
        stdin=stdin,
        seconds=10,
        output_cap=1000,
        file_cap=cap,
    )
    assert done.stdout.strip() not in (b"", b"it ended with 0")
    assert (tmp_path / "large").stat().st_size == cap
