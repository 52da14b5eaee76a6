"""A golden path as its template says it: what is asked, and which skeletons are rendered with which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """One parameter of the template. `choices` is empty where any text that fits `pattern` will do.

    `picker` is the form's field in Backstage (`OwnerPicker`, `RepoUrlPicker`), `format` JSON Schema's (`date`, `uri`).
    `example` is an answer that will do, for trying the path out.
    """

    name: str
    title: str
    description: str
    required: bool
    pattern: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    format: str = ""
    picker: str = ""
    max_length: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A folder that is rendered when `condition` (an expression, "" for always) holds; values are expressions too."""

    folder: Path
    values: Mapping[str, str]
    condition: str = ""


@dataclass(frozen=True, slots=True)
class GoldenPath:
    """`kind` is what `roadworthy new` calls it: the name of the template's file."""

    kind: str
    title: str
    description: str
    questions: tuple[Question, ...]
    skeletons: tuple[Skeleton, ...]

    def question(self, name: str) -> Question | None:
        return next((one for one in self.questions if one.name == name), None)
