"""Golden pairs: real and typical rule files beside all that is read from them (tests/golden/prometheus)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.formats import reading

TESTS = Path(__file__).parents[2]
GOLDEN = TESTS / "golden" / "prometheus"
CASES = {
    "native": (TESTS / "fixtures" / "prometheus-native-rules.yaml", "rules/native.yaml"),
    "prometheusrule": (TESTS / "fixtures" / "prometheusrule-crd.yaml", "manifests/rule.yaml"),
    "helm-template": (GOLDEN / "helm-template.yaml", "chart/templates/rules.yaml"),
}
"""Golden name → the file, and the path it is read as."""


def everything(file: Path, path: str) -> dict[str, Any]:
    """All that a file says, as plain JSON, fields at their default left out."""
    parsed = reading.read(path, file.read_bytes())
    objects = []
    for thing in parsed.objects:
        body = {key: value for key, value in thing.body().items() if value not in ("", (), {}, False, 0)}
        objects.append({"kind": thing.kind, **body})
    found = {"objects": objects, "findings": parsed.findings, "unreadable": parsed.unreadable}
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


@pytest.mark.parametrize("name", CASES)
def test_a_file_says_what_its_golden_pair_says(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    assert everything(*CASES[name]) == expected


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(CASES)
