"""Child processes: what nobody waits for gives way to what somebody does."""

from __future__ import annotations

import os
from pathlib import Path

from app.repos.process import Conversation, giving_way


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
