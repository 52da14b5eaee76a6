"""Our walk of the routing tree against Alertmanager's own: random trees, the same receivers in the same order."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from real_parts import require

import app
from app.formats import reading
from app.formats.alertmanager_routing import ways
from app.formats.model import AlertmanagerConfig

LABELS = ("severity", "team", "env")
VALUES = ("page", "pay", "prod", "x", "")
PATTERNS = ("pa.*", "page|x", ".*", ".+", "")


def tree(dice: random.Random, depth: int = 0) -> dict[str, Any]:
    route: dict[str, Any] = {"receiver": dice.choice("abcd")} if not depth or dice.random() < 0.8 else {}
    if depth and (matchers := [_matcher(dice) for _ in range(dice.randint(0, 2))]):
        route["matchers"] = matchers
    if depth and dice.random() < 0.3:
        route["continue"] = True
    if depth < 3 and (children := [tree(dice, depth + 1) for _ in range(dice.randint(0, 3))]):
        route["routes"] = children
    return route


def _matcher(dice: random.Random) -> str:
    operator = dice.choice(("=", "!=", "=~", "!~"))
    return f'{dice.choice(LABELS)}{operator}"{dice.choice(PATTERNS if "~" in operator else VALUES)}"'


@pytest.mark.parametrize("seed", range(30))
def test_an_alert_reaches_the_receivers_that_amtool_names(tmp_path: Path, seed: int) -> None:
    amtool, dice = require("amtool"), random.Random(seed)
    text = json.dumps({"route": tree(dice), "receivers": [{"name": name} for name in "abcd"]})
    file = tmp_path / "alertmanager.yml"
    file.write_text(text, "utf-8")
    (config,) = reading.read(file.name, text.encode()).objects
    assert isinstance(config, AlertmanagerConfig)

    for _ in range(3):
        labels = {name: dice.choice(VALUES) for name in LABELS if dice.random() < 0.7}
        asked = [amtool, "config", "routes", "test", f"--config.file={file}", *(f"{k}={v}" for k, v in labels.items())]
        answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip().split(",")
        (reached,) = ways(config, labels).reached
        assert [*dict.fromkeys(one.receiver for one in reached)] == [*dict.fromkeys(answer)], (text, labels)


def test_the_sample_organisations_configuration_is_one_that_alertmanager_loads() -> None:
    amtool = require("amtool")
    file = Path(app.__file__).parent / "sample/fixtures/central-alerts/alertmanager/alertmanager.yml"

    done = subprocess.run([amtool, "check-config", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
