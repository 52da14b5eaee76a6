"""A golden path's files, by the template language that Backstage speaks. The only door to Jinja2.

Backstage renders with Nunjucks; what stands in the skeletons is the subset that both read alike, and a test renders
every path with both. `${{ values.x }}` puts in a value, `{% if … %}` chooses; `{{ … }}` is Prometheus' and Grafana's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import GoldenPathError
from app.golden_paths.model import GoldenPath, Skeleton

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    variable_start_string="${{",
    variable_end_string="}}",
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,  # what is made is no HTML
)
_ENVIRONMENT.filters["dump"] = lambda value: json.dumps(value, ensure_ascii=False)
"""As Nunjucks' own: text that is safe in YAML, JSON and HCL alike."""


def render(path: GoldenPath, answers: Mapping[str, str]) -> dict[str, bytes]:
    """Path → content, sorted. Raises GoldenPathError with the file that can't be rendered."""
    files: dict[str, bytes] = {}
    for skeleton in path.skeletons:
        parameters = {"parameters": dict(answers)}
        if skeleton.condition and _text(skeleton.condition, parameters, path.kind).strip().lower() != "true":
            continue
        values = {name: _text(text, parameters, f"{path.kind}, {name}") for name, text in skeleton.values.items()}
        for name, data in _files(skeleton, {"values": values}):
            if name in files:
                raise GoldenPathError(f"{path.kind}: two skeletons make {name}")
            files[name] = data
    return dict(sorted(files.items()))


def _files(skeleton: Skeleton, context: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    for source in sorted(one for one in skeleton.folder.rglob("*") if one.is_file()):
        name = _text(source.relative_to(skeleton.folder).as_posix(), context, str(source))
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise GoldenPathError(f"{source}: its name would leave the folder")
        yield name, _text(_read(source), context, str(source)).encode("utf-8")


def _read(source: Path) -> str:
    try:
        return source.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise GoldenPathError(f"{source}: only text can be rendered") from None


def _text(template: str, context: Mapping[str, object], where: str) -> str:
    try:
        return _ENVIRONMENT.from_string(template).render(context)
    except (TemplateError, LookupError, TypeError) as error:
        raise GoldenPathError(f"{where}: {error}") from None
