"""What one snapshot says, read once and cached by blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app.facts.inventory import take
from app.repos.model import LastChange, Skipped

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(8)
)


class DictCache:
    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def get_many(self, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put_many(self, values: Mapping[str, dict[str, Any]]) -> None:
        self.kept.update(values)


def test_every_object_carries_its_place(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    source = snapshot(service_files)

    inventory = take(source)

    alerts = [(found.object.name, found.path, found.object.line) for found in inventory.of("alert_rule")]
    assert alerts == [
        ("PaymentsErrorBudgetFast", "alerts.yaml", 4),
        ("PaymentsErrorBudgetSlow", "alerts.yaml", 11),
        ("PaymentsDown", "alerts.yaml", 17),
    ]
    assert {(found.repository, found.commit) for found in inventory.found} == {(source.url, source.commit)}
    assert [str(entity.ref) for entity in inventory.entities][:2] == [
        "component:default/payments",
        "resource:default/payments-db",
    ]
    assert inventory.problems == ()
    assert inventory.folders == {"", ".github", ".github/workflows", "deploy", "docs", "slo"}


def test_all_files_are_read_in_one_batch(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    source = snapshot({**service_files, "main.go": "package main", "logo.png": b"\x89PNG"})

    inventory = take(source)

    assert [sorted(paths) for paths in source.reads] == [sorted(service_files)]
    assert "main.go" in inventory.paths


def test_a_warm_cache_reads_only_descriptors_and_what_changed(
    snapshot: Callable[..., Any], service_files: dict[str, str]
) -> None:
    cache = DictCache()
    cold = take(snapshot(service_files), cache)
    again = snapshot(service_files)

    warm = take(again, cache)

    assert again.reads == [["catalog-info.yaml"]]
    assert warm == cold


def test_a_changed_file_is_read_again(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    cache = DictCache()
    take(snapshot(service_files), cache)
    moved = snapshot({**service_files, "alerts.yaml": service_files["alerts.yaml"].replace("PaymentsDown", "PayGone")})

    inventory = take(moved, cache)

    assert sorted(moved.reads[0]) == ["alerts.yaml", "catalog-info.yaml"]
    assert [found.object.name for found in inventory.of("alert_rule")][-1] == "PayGone"


def test_a_cache_of_an_older_shape_is_read_again(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    cache = DictCache()
    cold = take(snapshot(service_files), cache)
    cache.kept = {key: {"objects": [["gone", {}]]} for key in cache.kept}

    assert take(snapshot(service_files), cache) == cold


def test_a_copy_of_a_blob_has_its_own_place(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    files = {"a/alerts.yaml": service_files["alerts.yaml"], "vendor/alerts.yaml": service_files["alerts.yaml"]}

    found = take(snapshot(files)).of("alert_rule")

    places = {(one.path, one.ignored) for one in found}
    assert places == {("a/alerts.yaml", ""), ("vendor/alerts.yaml", "lies in a vendored tree (vendor/)")}


def test_a_bomb_costs_only_itself(snapshot: Callable[..., Any], service_files: dict[str, str]) -> None:
    inventory = take(snapshot({**service_files, "bomb.yaml": BOMB, "noise.yaml": b"\xff\xfe\x00\xd8"}))

    assert len(inventory.of("alert_rule")) == 3
    assert {problem.path for problem in inventory.problems} == {"bomb.yaml", "noise.yaml"}


def test_a_broken_rule_file_is_unreadable_and_not_absent(snapshot: Callable[..., Any]) -> None:
    broken = "groups:\n  - name: x\n    rules:\n      - alert: A\n        expr: [\n"

    inventory = take(snapshot({"alerts.yaml": broken}))

    assert [(place.group, place.path) for place in inventory.unreadable] == [("alerting", "alerts.yaml")]


def test_a_broken_descriptor_is_unreadable(snapshot: Callable[..., Any]) -> None:
    broken = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: x\n"

    inventory = take(snapshot({"catalog-info.yaml": broken}))

    assert [(place.group, place.path) for place in inventory.unreadable] == [("catalog", "catalog-info.yaml")]
    assert [entity.provisional for entity in inventory.entities] == [True]


def test_a_file_too_large_is_present_but_unreadable_where_its_path_says_what_it_holds(
    snapshot: Callable[..., Any],
) -> None:
    large = "# " + "x" * 100
    files = {"monitoring/alerts.yaml": large, "data/export.json": large, "vendor/x/alerts.yaml": large}

    inventory = take(snapshot(files), max_file_size=50)

    assert [(one.group, one.path, one.reason, bool(one.ignored)) for one in inventory.unreadable] == [
        ("alerting", "monitoring/alerts.yaml", "is larger than 50 bytes", False),
        ("alerting", "vendor/x/alerts.yaml", "is larger than 50 bytes", True),
    ]


def test_what_lies_elsewhere_is_not_present_here_and_what_could_not_be_had_is(
    snapshot: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = snapshot({"README.md": "# Shop"})
    skipped = [
        Skipped("alerts/link.yaml", "is a symbolic link, which is not followed", elsewhere=True),
        Skipped("alerts/large.yaml", "is a Git LFS pointer"),
        Skipped("alerts/lost.yaml", "is missing from the repository"),
    ]
    monkeypatch.setattr(source, "skipped", lambda: skipped)

    inventory = take(source)

    assert [(one.group, one.path) for one in inventory.unreadable] == [
        ("alerting", "alerts/large.yaml"),
        ("alerting", "alerts/lost.yaml"),
    ]
    assert len(inventory.skipped) == 3


def test_a_broken_file_is_present_by_its_text_or_else_by_its_path(snapshot: Callable[..., Any]) -> None:
    files = {
        "a.yaml": "groups:\n- name: g\n  rules:\n  - alert: [not, a name\n",
        "alerts/b.yaml": "x: [\n",
        "alerts/bomb.yaml": BOMB,
        "c.yaml": "x: [\n",
    }

    inventory = take(snapshot(files))

    assert [(one.group, one.path) for one in inventory.unreadable] == [
        ("alerting", "a.yaml"),
        ("alerting", "alerts/b.yaml"),
        ("alerting", "alerts/bomb.yaml"),
    ]


def test_a_name_that_is_not_utf_8_can_be_told_and_its_file_is_not_read(snapshot: Callable[..., Any]) -> None:
    odd = b"alerts/caf\xe9.yaml".decode("utf-8", "surrogateescape")

    inventory = take(snapshot({odd: "groups: []", "alerts/café.yaml": "groups: []"}))

    assert inventory.paths == {"alerts/café.yaml"}
    assert [(one.path, one.reason) for one in inventory.skipped] == [
        ("alerts/caf\\xe9.yaml", "has a name that is not UTF-8")
    ]
    assert [(one.group, one.path) for one in inventory.unreadable] == [("alerting", "alerts/caf\\xe9.yaml")]


def test_a_file_that_is_too_large_is_skipped_with_the_reason(snapshot: Callable[..., Any]) -> None:
    inventory = take(snapshot({"big.yaml": "x: " + "y" * 100}), max_file_size=50)

    assert [(skipped.path, skipped.reason) for skipped in inventory.skipped] == [
        ("big.yaml", "is larger than 50 bytes")
    ]


def test_history_is_asked_only_for_runbooks_and_linked_pages(
    snapshot: Callable[..., Any], service_files: dict[str, str]
) -> None:
    rules = service_files["alerts.yaml"].replace("https://git.example.org/elsewhere", "/notes/down.md")
    source = snapshot(
        {**service_files, "alerts.yaml": rules, "notes/down.md": "# Down\n\nCall us.\n", "README.md": "# Payments\n"},
        changes={"docs/runbook.md": LastChange(datetime(2026, 2, 3, tzinfo=UTC), True)},
    )

    inventory = take(source)

    assert sorted(source.dated) == ["docs/runbook.md", "notes/down.md"]
    dates = {found.path: found.changed.at.date().isoformat() for found in inventory.of("runbook") if found.changed}
    assert dates == {"docs/runbook.md": "2026-02-03", "notes/down.md": "2026-05-01"}
