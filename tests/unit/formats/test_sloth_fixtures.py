"""SLO files of public repositories, as they are (tests/fixtures, with their provenance)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.formats import reading
from app.formats.model import Objective

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("sloth-getting-started.yml", [("requests-availability", "myservice", 0.999, "30d", [])]),
        ("sloth-crd.yml", [("requests-availability", "myservice", 0.999, "30d", [])]),
        (
            "sloth-invalid-objective-101.yaml",
            [("slo1", "svc01", 0.999, "30d", []), ("slo02", "svc01", -1, "30d", [(28, "objective-out-of-range")])],
        ),
        ("pyrra-latency.yaml", [("caddy-response-latency", "", 0.9, "4w", [])]),
        (
            "openslo-timeslices.yaml",
            [
                (f"service-availability/{name}", "web-availability", ratio, "1m", [(27, "window-unit")])
                for name, ratio in (("Internal objective", 0.995), ("SLA", 0.99))
            ],
        ),
    ],
)
def test_a_public_file_is_read_as_its_tool_reads_it(file: str, expected: list[object]) -> None:
    parsed = reading.read(file, (FIXTURES / file).read_bytes())
    objectives = [thing for thing in parsed.objects if isinstance(thing, Objective)]

    assert [
        (one.name, one.service, one.ratio, one.window, [(found.line, found.code) for found in one.findings])
        for one in objectives
    ] == expected
    assert parsed.findings == ()
