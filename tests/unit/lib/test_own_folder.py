"""Temporary folders: what a killed process leaves is taken away by the next, what a living one holds is not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.lib.own_folder import OwnFolder

_HOLDS = """
import sys
from app.lib.own_folder import OwnFolder
held = OwnFolder("ours-")
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path) -> None:
    os.utime(folder, (1, 1))


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(place: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDS],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        theirs = Path(holder.stdout.readline().strip())
        age(theirs)
        with OwnFolder("ours-"):
            assert theirs.exists()
        holder.kill()
    assert theirs.exists()

    with OwnFolder("ours-") as folder:
        assert [path for path in place.iterdir() if path.is_dir()] == [folder]
    assert list(place.iterdir()) == []


def test_what_is_young_has_no_lock_or_another_prefix_is_left_alone(place: Path) -> None:
    for name in ("ours-young", "ours-unlocked", "theirs-old"):
        (place / name).mkdir()
    for name in ("ours-young", "theirs-old"):
        (place / name / ".lock").touch()
    age(place / "ours-unlocked")
    age(place / "theirs-old")

    OwnFolder("ours-").close()

    assert sorted(path.name for path in place.iterdir()) == ["ours-unlocked", "ours-young", "theirs-old"]


_FORGETS = """
import os
from app.lib.own_folder import OwnFolder
kept = OwnFolder("ours-")
print(kept.path, flush=True)
if os.fork() == 0:
    raise SystemExit  # a child that ends leaves its parent's folder alone
os.wait()
assert kept.path.exists()
raise RuntimeError("before anyone closes it")
"""


def test_a_folder_that_nobody_closed_goes_with_its_process_and_without_a_warning(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", _FORGETS],
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "before anyone closes it" in done.stderr
    assert "ResourceWarning" not in done.stderr
    assert not Path(done.stdout.split()[0]).exists()
