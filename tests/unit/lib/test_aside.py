"""What is put aside comes back as it was, its place is used again, and a full or absent disk is no failure."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.aside import Shelf

CELL = 4096


@given(st.lists(st.integers(0, 3 * CELL + 1), max_size=12), st.data())
def test_all_that_lies_there_comes_back_as_it_was(sizes: list[int], data: st.DataObject) -> None:
    shelf, lying = Shelf(1 << 20), []
    for number, size in enumerate(sizes):
        body = os.urandom(size)
        lying.append((shelf.put(body), body))
        if data.draw(st.booleans()) and number:
            lying.pop(data.draw(st.integers(0, len(lying) - 1)))
        for aside, wanted in lying:
            assert aside is not None
            assert aside.read() == wanted


def test_a_place_is_used_again_once_nobody_holds_it() -> None:
    shelf = Shelf(2 * CELL)
    one, other = shelf.put(b"a" * CELL), shelf.put(b"b")
    assert one is not None
    assert other is not None
    assert shelf.put(b"c") is None  # full
    del one
    gc.collect()
    third = shelf.put(b"c")
    assert third is not None
    assert (third.read(), other.read()) == (b"c", b"b")
    assert shelf.put(b"d" * (3 * CELL)) is None


def test_threads_put_aside_at_once() -> None:
    shelf = Shelf(1 << 22)

    def work(number: int) -> bool:
        body = bytes([number]) * (CELL + number)
        return all((aside := shelf.put(body)) is not None and aside.read() == body for _ in range(200))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(8)))


def test_where_no_file_can_be_made_nothing_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert Shelf(1 << 20).put(b"a") is None
