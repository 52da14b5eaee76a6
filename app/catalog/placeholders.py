"""`$text`, `$json` and `$yaml` in an entity, filled from the files of its own repository.

As Backstage's placeholder processor does: wherever a value is a mapping with one such key, whose text names a file
beside the descriptor. `$json` and `$yaml` put in what the file says, `$text` its text. Files elsewhere are not fetched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from app.catalog.files import Files, inside
from app.errors import DocumentError
from app.lib import documents
from app.lib.documents import line_of
from app.lib.problems import Problem

_MAX_INCLUDED = 2 * 1024 * 1024
"""Characters: as large as a file that is read. A part of a contract would be another contract, so nothing is cut."""
_TEXTS = ("$text", "$openapi", "$asyncapi")
_KEYS = (*_TEXTS, "$json", "$yaml")


def fill(document: documents.Mapping, path: str, files: Files) -> tuple[documents.Mapping, list[Problem]]:
    """The document with its placeholders filled, and those that could not be. A document without any is given back."""
    filling = _Filling(path, files)
    filled = filling.of(document, line_of(document))
    return filled if isinstance(filled, documents.Mapping) else document, filling.problems


@dataclass(slots=True)
class _Filling:
    path: str
    files: Files
    problems: list[Problem] = field(default_factory=list)

    def of(self, value: Any, line: int) -> Any:
        if isinstance(value, documents.Mapping):
            name = next(iter(value)) if len(value) == 1 else ""
            return self._filled(name, value[name], line) if name in _KEYS else self._mapping(value)
        if isinstance(value, documents.Sequence):
            return self._sequence(value)
        return value

    def _mapping(self, value: documents.Mapping) -> documents.Mapping:
        filled = {key: self.of(one, line_of(value, key)) for key, one in value.items()}
        if all(filled[key] is one for key, one in value.items()):
            return value
        copy = documents.Mapping(value.mark)
        copy.marks, copy.blocks, copy.duplicates = value.marks, value.blocks, value.duplicates
        copy.update(filled)
        return copy

    def _sequence(self, value: documents.Sequence) -> documents.Sequence:
        filled = [self.of(one, line_of(value, index)) for index, one in enumerate(value)]
        if all(new is old for new, old in zip(filled, value, strict=True)):
            return value
        copy = documents.Sequence(value.mark)
        copy.marks = value.marks
        copy.extend(filled)
        return copy

    def _filled(self, name: str, target: Any, line: int) -> Any:
        """What the placeholder stands for; where it can't be told, a text that says what stood there."""
        place = inside(target, self.path, self.files.repository) if isinstance(target, str) else None
        if place is None:
            if not isinstance(target, str) or not target.startswith(("http://", "https://")):
                self._problem(line, f"{name} must name a file of this repository")
            return f"({name}: {target})"
        text = self.files.text(place) if place in self.files.paths else None
        if name in _TEXTS and place in self.files.paths and (text is None or len(text) > _MAX_INCLUDED):
            return f"({name}: {target})"  # too large for us, which is no fault of the entity
        if text is None:
            self._problem(line, f"{name} names {place}, which does not exist or can't be read")
            return f"({name}: {target})"
        if name in _TEXTS:
            return text
        try:
            return _json(text) if name == "$json" else documents.load(text)
        except (ValueError, RecursionError, DocumentError) as wrong:
            self._problem(line, f"{name} names {place}, which is no {name[1:].upper()}: {' '.join(str(wrong).split())}")
            return f"({name}: {target})"

    def _problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line, "placeholder", message))


def _json(text: str) -> Any:
    """Raises ValueError also for what JSON can write and no text can hold: half of a surrogate pair, `NaN`."""
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value
