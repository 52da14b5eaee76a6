"""Our reading of rule files against Prometheus' own: the same rules are found, and the same files are refused."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_parts import require

from app.formats import reading
from app.formats.model import AlertRule, Parsed, RecordingRule

ROOT = Path(__file__).parent.parent.parent
NATIVE = [ROOT / "tests/fixtures/prometheus-native-rules.yaml", *sorted((ROOT / "monitoring").glob("rules.yaml"))]
KUBERNETES = [ROOT / "tests/fixtures/prometheusrule-crd.yaml"]


def promtool(path: Path) -> tuple[int | None, str]:
    """How many rules Prometheus finds in a file, None where it refuses it; and its words. Its lints refuse nothing."""
    done = subprocess.run(
        [require("promtool"), "check", "rules", "--lint=none", str(path)], capture_output=True, text=True
    )
    found = re.search(r"SUCCESS: (\d+) rules found", done.stdout)
    return (int(found[1]) if found else None), done.stdout + done.stderr


def rules_of(parsed: Parsed) -> list[AlertRule | RecordingRule]:
    return [one for one in parsed.objects if isinstance(one, AlertRule | RecordingRule)]


def refused(parsed: Parsed) -> bool:
    """Whether anything we tell of a file would keep Prometheus from loading it."""
    wrong = [one for one in rules_of(parsed) if one.expr_valid != "valid" or getattr(one, "findings", ())]
    return bool(wrong or parsed.unreadable or [one for one in parsed.findings if one.code != "second-document-ignored"])


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: path.name)
def test_prometheus_finds_as_many_rules_in_a_real_file(path: Path) -> None:
    parsed = reading.read(path.name, path.read_bytes())
    assert (len(rules_of(parsed)), refused(parsed)) == (promtool(path)[0], False)


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_prometheus_finds_as_many_rules_in_what_an_object_of_the_operator_holds(path: Path, tmp_path: Path) -> None:
    parsed = reading.read(path.name, path.read_bytes())
    bare = tmp_path / "rules.yaml"
    bare.write_text(yaml.safe_dump(yaml.safe_load(path.read_text("utf-8"))["spec"]), "utf-8")
    assert len(rules_of(parsed)) == promtool(bare)[0]


EXPRESSIONS = ("up == 0", "sum by (job) (rate(errors_total[5m])) > 1", "absent(up)", "vector(1)")
ODD_EXPRESSIONS = ("up ==", "sum(rate(x))", "rate(x[5m", "x[5m]", "")
DURATIONS = ("5m", "1h30m", "0s", "1d", "90s")
ODD_DURATIONS = ("5 m", "30m1h", "1.5h", "-5m", "m")


def rule(dice: random.Random, odd: bool) -> dict[str, Any]:
    """A rule as people write them, and with `odd` one thing about it that Prometheus may not like."""
    made: dict[str, Any] = {"expr": dice.choice(EXPRESSIONS)}
    alert = dice.random() < 0.6
    names = ("Down", "Slow") if alert else ("a:b", "job:x:rate5m")
    made["alert" if alert else "record"] = dice.choice(names)
    if alert and dice.random() < 0.7:
        made["for"] = dice.choice(DURATIONS)
    if dice.random() < 0.7:
        made["labels"] = {"severity": dice.choice(("page", "ticket")), "n": dice.choice((1, True, "x"))}
    if alert and dice.random() < 0.7:
        made["annotations"] = {"summary": dice.choice(("It is down", "{{ $labels.job }} is down at {{ $value }}"))}
    if odd:
        made |= dice.choice(ODDITIES)(dice)
    return made


# Not among them: templates that Prometheus can't parse. Another tool's placeholder (Ansible's `{{ environment }}`)
# looks the same, so we don't call such a file wrong.
ODDITIES = (
    lambda dice: {"expr": dice.choice(ODD_EXPRESSIONS)},
    lambda dice: {"for": dice.choice(ODD_DURATIONS)},
    lambda dice: {"record": dice.choice(("a:b", "no-metric", ""))},
    lambda dice: {"alert": dice.choice(("Down", ""))},
    lambda dice: {"labels": dice.choice(({"a-b": "x"}, {"__name__": "x"}, {"ok": "x"}, {"1a": "x"}))},
    lambda dice: {"annotations": dice.choice(({"a b": "x"}, {"x": "y"}, {"x": 1}))},
    lambda dice: {"severity": "page"},
    lambda dice: {"keep_firing_for": dice.choice(("5m", "x"))},
)


@pytest.mark.parametrize("seed", range(40))
def test_a_made_up_file_is_refused_by_both_or_by_neither(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    groups = [
        {
            "name": dice.choice(("a", "b", "c", "")) if dice.random() < 0.15 else f"g{number}",
            "rules": [rule(dice, dice.random() < 0.2) for _ in range(dice.randint(1, 3))],
        }
        for number in range(dice.randint(1, 3))
    ]
    text = yaml.safe_dump({"groups": groups}, sort_keys=False)
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    parsed = reading.read("rules.yaml", text.encode())

    found, words = promtool(path)
    assert refused(parsed) == (found is None), f"{words}\n{text}"
    if found is not None:
        assert len(rules_of(parsed)) == found
