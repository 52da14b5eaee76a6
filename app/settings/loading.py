"""Reading settings: the file, the environment over it, and every mistake with its line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields

from app.errors import DocumentError, SettingsError
from app.lib import documents
from app.settings.model import Settings
from app.settings.schema import SettingsSchema

PREFIX = "ROADWORTHY_"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """A file (missing: defaults) and the environment over it. Raises SettingsError with every problem."""
    raw: Any = {}
    if path.exists():
        try:
            raw = documents.load(path.read_bytes())
        except DocumentError as error:
            raise SettingsError(f"{path}:{error.line}: {error.message}") from None
        raw = {} if raw is None else raw
        if not isinstance(raw, dict):
            raise SettingsError(f"{path}:1: expected settings such as `sources:`, found {type(raw).__name__}")
    merged = _overlay(raw, environ)
    schema = SettingsSchema()
    try:
        settings: Settings = schema.load(merged)
    except ValidationError as error:
        lines = sorted(_sentences(path, raw, schema, error.messages))
        raise SettingsError("\n".join(sentence for _, sentence in lines)) from None
    return Settings(
        **{
            **{name: getattr(settings, name) for name in Settings.__dataclass_fields__},
            "folder": path.resolve().parent,
            "environ": environ,
        }
    )


def _overlay(raw: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The file's settings with the environment's laid over them; the originals stay as they are."""
    merged: dict[str, Any] = json.loads(json.dumps(raw))
    for name, text in environ.items():
        keys = name.removeprefix(PREFIX).lower().split("__")
        if not name.startswith(PREFIX) or keys[0] not in SettingsSchema().fields:
            continue
        node = merged
        for key in keys[:-1]:
            node = node.setdefault(key, {}) if isinstance(node.get(key, {}), dict) else {}
        node[keys[-1]] = _from_text(name, text)
    return merged


def _from_text(name: str, text: str) -> Any:
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise SettingsError(f"{name} looks like JSON but is not") from None


def _sentences(
    path: Path, raw: Any, schema: Schema, messages: Any, keys: tuple[Any, ...] = ()
) -> Iterator[tuple[int, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _sentences(path, raw, schema, inner, keys if key == "_schema" else (*keys, key))
        return
    line = _line(raw, keys)
    name = ".".join(str(key) for key in keys)
    for message in messages:
        sentence = str(message).rstrip(".")
        if sentence == "Unknown field":
            sentence = "is not a setting" + _suggestion(schema, keys)
        yield line, f"{path}:{line}: {name}: {sentence}"


def _line(raw: Any, keys: tuple[Any, ...]) -> int:
    line, node = 1, raw
    for key in keys:
        line = documents.line_of(node, key) if isinstance(node, dict | list) else line
        present = (isinstance(node, dict) and key in node) or (isinstance(node, list) and isinstance(key, int))
        node = node[key] if present else None
    return line


def _suggestion(schema: Schema, keys: tuple[Any, ...]) -> str:
    node: Any = schema
    for key in keys[:-1]:
        if isinstance(key, int):
            continue
        field_ = node.fields.get(key)
        inner = field_.inner if isinstance(field_, fields.List) else field_
        node = inner.schema if isinstance(inner, fields.Nested) else node
    close = difflib.get_close_matches(str(keys[-1]), list(node.fields), 1)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(sorted(node.fields))}"
