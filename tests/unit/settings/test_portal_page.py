"""The settings that docs/portal.md tells people to write are settings."""

import re
from pathlib import Path

import pytest

from app.settings import load

PAGE = Path(__file__).parents[3] / "docs" / "portal.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.S)
OURS = [block for block in BLOCKS if not block.startswith(("discovery", "proxy"))]


@pytest.mark.parametrize("block", OURS, ids=lambda block: block.split(":")[0])
def test_every_block_of_our_settings_loads(tmp_path, block):
    file = tmp_path / "roadworthy.yaml"
    file.write_text(block, "utf-8")
    assert load(file, {}) is not None
    assert len(OURS) == 2
