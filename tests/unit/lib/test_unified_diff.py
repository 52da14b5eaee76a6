"""Unified diffs: only what changed is told."""

from __future__ import annotations

from app.lib.unified_diff import hunks, opcodes


def test_in_a_long_file_of_lines_that_repeat_only_what_changed_is_told() -> None:
    rules = "".join(f"  - alert: A{n}\n    for: 12h\n    labels:\n      severity: critical\n\n" for n in range(100))
    after = rules.replace("A99\n    for: 12h", "A99\n    for: 1h")
    (hunk,) = hunks(rules, after)
    assert (len(hunk.removed), len(hunk.added)) == (1, 1)
    assert sum(tag != "equal" for tag, *_ in opcodes(rules, after)) == 1
