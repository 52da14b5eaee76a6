"""Reads golden paths from a folder of Backstage Software Templates (scaffolder.backstage.io/v1beta3).

A template is the one description of a golden path: Backstage shows its `parameters` as a form and runs its steps;
`roadworthy new` asks for the same parameters and runs the `fetch:template` steps, which make the files. Steps that
publish or register are the portal's. What would make files in another way than we do is refused, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.errors import DocumentError, GoldenPathError
from app.golden_paths.model import GoldenPath, Question, Skeleton
from app.lib import documents

_ELSEWHERE = ("publish:", "catalog:", "debug:", "http:", "github:", "gitlab:", "gitea:")
_OPTIONS = frozenset(("url", "values"))


def load(folder: Path) -> dict[str, GoldenPath]:
    """Kind → golden path, for every template `folder/*.yaml`. Raises GoldenPathError."""
    found = {path.stem: read(path) for path in sorted(folder.glob("*.yaml")) if is_template(path)}
    if not found:
        raise GoldenPathError(f"{folder} holds no golden path: a template of kind Template, such as service.yaml")
    return found


def is_template(path: Path) -> bool:
    """Whether a file holds a template; a Location that lists them is none."""
    value = _document(path)
    return value.get("kind") == "Template"


def read(path: Path) -> GoldenPath:
    """One golden path. Raises GoldenPathError with the file and what is wrong."""
    document = _document(path)
    metadata, spec = _mapping(document.get("metadata")), _mapping(document.get("spec"))
    skeletons = tuple(_skeletons(path, spec.get("steps")))
    if not skeletons:
        raise GoldenPathError(f"{path}: no step with the action fetch:template makes files")
    return GoldenPath(
        kind=path.stem,
        title=str(metadata.get("title") or path.stem),
        description=" ".join(str(metadata.get("description") or "").split()),
        questions=tuple(_questions(spec.get("parameters"))),
        skeletons=skeletons,
    )


def _document(path: Path) -> Mapping[str, Any]:
    try:
        return _mapping(documents.load(path.read_bytes()))
    except (DocumentError, OSError) as error:
        raise GoldenPathError(f"{path}: {error}") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _questions(parameters: Any) -> Iterator[Question]:
    """`parameters` is one page of a form, or a list of pages."""
    for page in parameters if isinstance(parameters, list) else [parameters]:
        required = _mapping(page).get("required") or []
        for name, schema in _mapping(_mapping(page).get("properties")).items():
            yield _question(name, _mapping(schema), name in required)


def _question(name: str, schema: Mapping[str, Any], required: bool) -> Question:
    return Question(
        name=name,
        title=str(schema.get("title") or name),
        description=" ".join(str(schema.get("description") or "").split()),
        required=required,
        pattern=str(schema.get("pattern") or ""),
        choices=tuple(str(one) for one in schema.get("enum") or ()),
        default=str(schema.get("default") or ""),
        format=str(schema.get("format") or ""),
        picker=str(schema.get("ui:field") or ""),
        max_length=int(schema.get("maxLength") or 0),
        example=str((schema.get("examples") or [""])[0]),
    )


def _skeletons(path: Path, steps: Any) -> Iterator[Skeleton]:
    for step in steps if isinstance(steps, list) else []:
        action = str(_mapping(step).get("action") or "")
        if action == "fetch:template":
            yield _skeleton(path, step)
        elif not action.startswith(_ELSEWHERE):
            raise GoldenPathError(f"{path}: `roadworthy new` can't run the action {action or 'of a step'}")


def _skeleton(path: Path, step: Mapping[str, Any]) -> Skeleton:
    given = _mapping(step.get("input"))
    if more := sorted(given.keys() - _OPTIONS):
        raise GoldenPathError(f"{path}: fetch:template with {', '.join(more)} would give other files here")
    folder = (path.parent / str(given.get("url") or "")).resolve()
    if path.parent.resolve() not in folder.parents or not folder.is_dir():
        raise GoldenPathError(f"{path}: {given.get('url')} is no folder beside it")
    values = {name: str(text) for name, text in _mapping(given.get("values")).items()}
    return Skeleton(folder, values, str(step.get("if") or ""))
