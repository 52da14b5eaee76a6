"""Real files, spoiled: no reader raises, whatever stands in them, and none takes long."""

from __future__ import annotations

import json
import time
import tracemalloc
from random import Random

import mutants
import pytest
from drawn import often
from hypothesis import given
from hypothesis import strategies as st

from app.facts import codec
from app.formats import reading

_SECONDS = 5.0
"""Of processor time for a file of some kilobytes: nothing legitimate comes near."""


def read(path: str, content: bytes) -> None:
    began = time.thread_time()
    parsed = reading.read(path, content)
    taken = time.thread_time() - began
    body = json.loads(json.dumps(codec.encode_parsed(parsed)))
    assert codec.decode_parsed(body).objects == parsed.objects or "NaN" in json.dumps(body)
    assert taken < _SECONDS, f"{path} took {taken:.1f} s"


@often(400)
@given(seed=st.sampled_from(mutants.seeds()), dice=st.integers(0, 2**32))
def test_no_spoiled_file_makes_a_reader_raise_or_dwell(seed: tuple[str, bytes], dice: int) -> None:
    read(seed[0], mutants.mutant(seed[1], Random(dice)))


@often(60)
@given(names=st.sampled_from([path for path, _ in mutants.seeds()]), content=st.binary(max_size=400))
def test_no_bytes_make_a_reader_raise(names: str, content: bytes) -> None:
    read(names, content)


_LONG = 60_000


@pytest.mark.parametrize(
    "piece", [b"[", b"{", b"- ", b"(", b"*", b"`", b"<a ", b"> ", b"#", b"a:\n ", b"${", b"{{", b'"', b"&a "]
)
@pytest.mark.parametrize(
    "path",
    [
        *("a.yaml", "a.json", "main.tf", "docs/runbook.md", "CODEOWNERS", "templates/a.yaml"),
        *("Dockerfile", "Jenkinsfile", ".github/workflows/ci.yaml"),
    ],
)
def test_one_thing_again_and_again_takes_neither_long_nor_much(path: str, piece: bytes) -> None:
    content = piece * (_LONG // len(piece))
    tracemalloc.start()
    try:
        read(path, content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200 * 1024 * 1024
