"""Golden pairs of the SLO readers: what a file says, joined, beside what comes out of it (tests/golden/slo)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.formats import openslo, pyrra, slo_generator, sloth
from app.formats.model import AlertCondition, AlertPolicy, Indicator, Object, Objective
from app.formats.slo_common import join
from app.lib import documents

GOLDEN = Path(__file__).parents[2] / "golden" / "slo"
READERS = (openslo, sloth, pyrra, slo_generator)


@dataclass(frozen=True)
class Placed:
    object: Object


def everything(path: Path) -> dict[str, Any]:
    """What the readers say of a file, as plain JSON, with joins done and empty fields left out."""
    objects: list[Object] = []
    findings = []
    for document in documents.load_all(path.read_bytes()):
        (reader,) = [reader for reader in READERS if reader.recognises(document)]
        parsed = reader.read(document)
        objects.extend(parsed.objects)
        findings.extend(parsed.findings)
    joined = join(
        [Placed(thing) for thing in objects if isinstance(thing, Objective)],
        [thing for thing in objects if isinstance(thing, AlertPolicy)],
        [thing for thing in objects if isinstance(thing, Indicator)],
        [thing for thing in objects if isinstance(thing, AlertCondition)],
    )
    return {
        "objectives": [_plain(placed.object) for placed in joined],
        "findings": [f"{one.line}: {one.code}: {one.message}" for one in findings],
    }


def _plain(thing: Object) -> dict[str, Any]:
    body = {key: value for key, value in thing.body().items() if value not in ("", (), {}, False, 0)}
    body["findings"] = [f"{one['line']}: {one['code']}: {one['message']}" for one in body.pop("findings", ())]
    found: dict[str, Any] = json.loads(json.dumps(body))
    return found


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_says_what_its_golden_pair_says(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())

    assert everything(path) == expected


def test_there_are_golden_pairs() -> None:
    assert len(list(GOLDEN.glob("*.yaml"))) == 3
