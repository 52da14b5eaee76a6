"""Objects go to JSON and come back the same."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from app.facts import codec
from app.formats import model


def sample(hint: Any) -> Any:
    """Some value of a type hint that is not its default."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return sample(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        return (sample(parts[0]), sample(parts[0])) if parts[1] is Ellipsis else tuple(sample(part) for part in parts)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"key": ["plain", 1] if parts[1] is Any else sample(parts[1])}
    if is_dataclass(hint):
        assert isinstance(hint, type)
        hints = get_type_hints(hint)
        return hint(**{field.name: sample(hints[field.name]) for field in fields(hint)})
    return {str: "texte — ü", int: 7, float: 0.25, bool: True}[hint]


@pytest.mark.parametrize("kind", sorted(codec.KINDS))
def test_every_kind_of_object_survives_json(kind: str) -> None:
    thing = sample(codec.KINDS[kind])

    body = json.loads(json.dumps(codec.encode(thing)))

    assert codec.decode(codec.KINDS[kind], body) == thing


def test_every_object_class_is_registered() -> None:
    assert set(codec.KINDS) >= {"alert_rule", "recording_rule", "rule_test", "objective", "runbook", "codeowners"}
    assert all(codec.KINDS[kind].kind == kind for kind in codec.KINDS)


def test_a_whole_reading_survives_json() -> None:
    parsed = model.Parsed(
        objects=(sample(model.AlertRule), sample(model.Runbook)),
        findings=(model.Finding(3, "code", "a sentence"),),
        unreadable=(model.Unreadable("alerting", 4, "why"),),
    )

    assert codec.decode_parsed(json.loads(json.dumps(codec.encode_parsed(parsed)))) == parsed


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"objects": [["no_such_kind", {}]], "findings": [], "unreadable": []},
        {"objects": [["runbook", {"line": 1}]], "findings": [], "unreadable": []},
        {"objects": [["runbook", None]], "findings": [], "unreadable": []},
        {"objects": 3, "findings": [], "unreadable": []},
        {"objects": [], "findings": [{"line": "three", "code": "c", "message": "m"}], "unreadable": []},
    ],
)
def test_a_body_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not the stored form"):
        codec.decode_parsed(body)
