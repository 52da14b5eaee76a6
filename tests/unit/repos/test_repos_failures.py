"""What git's complaints mean: a full disk here is no fault of the repository, and no reason to ask for less."""

from __future__ import annotations

import pytest

from app.repos.failures import failure


@pytest.mark.parametrize(
    "stderr",
    [
        "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
        "error: unable to write shallow file: No space left on device\nfatal: index-pack failed",
        "fatal: unable to create temporary file 'shallow.lock': Read-only file system",
        "error: object file corrupt: Input/output error",
        "fatal: could not create file: Permission denied\nfatal: Too many open files",
    ],
)
def test_trouble_of_our_own_machine_says_nothing_of_the_repository(stderr: str) -> None:
    told = failure("fetch", 128, stderr)
    assert (told.reason, told.permanent) == ("source_failing", False)
    assert (told.may_try_plainer, told.lost_objects) == (False, False)


@pytest.mark.parametrize(
    ("stderr", "plainer", "lost"),
    [
        ("fatal: error processing shallow info: 4", True, False),
        ("fatal: no commits selected for shallow requests", True, False),
        ("fatal: filtering not recognized by server", True, False),
        ("fatal: remote error: upload-pack: not our ref 1234", True, True),
        ("fatal: index-pack failed", False, True),
        ("fatal: could not resolve host", False, False),
    ],
)
def test_a_server_that_can_not_do_it_is_asked_in_another_way(stderr: str, plainer: bool, lost: bool) -> None:
    told = failure("fetch", 128, stderr)
    assert (told.may_try_plainer, told.lost_objects) == (plainer, lost)
