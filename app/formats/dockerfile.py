"""Reader of Dockerfiles and Containerfiles: the images that a build begins with or copies from, and how firmly each
is named. Nothing is built; of instructions only FROM, ARG before the first FROM, and `--from` are looked at.

Source: the Dockerfile reference (FROM, ARG, COPY --from, RUN --mount, here-documents, parser directives).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.formats.images import state_of
from app.formats.model import BaseImage, Parsed

NAME = "dockerfile"
_FILE = re.compile(r"(dockerfile|containerfile)([._-][\w.-]+)?|[\w.-]+[._](dockerfile|containerfile)")
_NONE = re.compile(r"\.(dockerignore|md|markdown|ya?ml|json|py|go|sh|txt|lock|toml)$")
_MOST = 200
_LONGEST = 500
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")
_FROM = re.compile(r"FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(.+)$", re.IGNORECASE)
_SET = re.compile(r"([A-Za-z_]\w*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_COPIED = re.compile(r"(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)", re.IGNORECASE)
_MOUNTED = re.compile(r"--mount=\S*?\bfrom=([^,\s]+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?:(:?[-+])([^{}]*))?\}|([A-Za-z_]\w*))")
_TEMPLATE = re.compile(r"\{\{|\{%|<%|@[A-Z_]+@")


def wants(name: str) -> bool:
    """Whether a file of this name, in lower case, is a build of an image."""
    return _FILE.fullmatch(name) is not None and _NONE.search(name) is None


@dataclass(slots=True)
class _Build:
    """What is known on the way down: default values of ARGs, names of the stages so far."""

    arguments: dict[str, str] = field(default_factory=dict)
    stages: set[str] = field(default_factory=set)
    begun: bool = False


def read(text: str) -> Parsed:
    """One `BaseImage` for each image from elsewhere, in their order; `scratch` and stages are none."""
    build = _Build()
    found: list[BaseImage] = []
    for line, instruction in _instructions(text):
        found += _images(build, line, instruction)
        if len(found) >= _MOST:
            break
    return Parsed(objects=tuple(found))


def _images(build: _Build, line: int, instruction: str) -> Iterator[BaseImage]:
    if match := _FROM.match(instruction):
        build.begun = True
        written, stage = match[1], (match[2] or "").lower()
        named = _resolved(written[:_LONGEST], build.arguments)[0].lower()  # a stage may be chosen by an argument
        if named not in build.stages and named != "scratch":
            yield _image(build, line, written, stage)
        build.stages |= {stage} - {""}
    elif not build.begun and (match := _ARG.match(instruction)):
        for name, value in _SET.findall(match[1]):
            build.arguments[name] = value.strip("\"'")
    else:
        for written in (*_COPIED.findall(instruction), *_MOUNTED.findall(instruction)):
            if not written.isdigit() and written.lower() not in build.stages:
                yield _image(build, line, written, "")


def _image(build: _Build, line: int, written: str, stage: str) -> BaseImage:
    image, missing = _resolved(written[:_LONGEST], build.arguments)
    unknown = {}
    if missing:
        unknown["image_state"] = f"is named by the build argument {missing}, which has no value here"
    elif _TEMPLATE.search(image):
        unknown["image_state"] = "is filled in by a template"
    return BaseImage(line=line, image=image, image_state=state_of(image), stage=stage, unknown=unknown)


def _resolved(written: str, arguments: Mapping[str, str]) -> tuple[str, str]:
    """The image with its ARGs' defaults in place, and the first ARG that has none ("" where all do).

    An ARG without a value can't hide that the tag moves where the tag itself is written: `${REGISTRY}/app:latest`.
    """
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, operator, other = match[1] or match[4], match[2] or "", match[3] or ""
        known = arguments.get(name, "")
        if operator.endswith("+"):
            return other if known else ""
        if known or operator.endswith("-"):
            return known or other
        missing.append(name)
        return match[0]

    image = _VARIABLE.sub(value, written)
    if "$" in image and not missing:
        missing.append(image)
    last = image.partition("@")[0].rpartition("/")[2]
    named = "@sha256:" in image or ":" in last
    hidden = "$" in (image.partition("@")[2] if "@" in image else last.partition(":")[2]) or not named
    return image, missing[0] if missing and hidden else ""


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """(line from 1, instruction in one line): without comments, continuations joined, here-documents left out."""
    lines = text.splitlines()
    escape = _escape(lines)
    held, first, waiting = "", 0, ""
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        if waiting:
            waiting = "" if bare == waiting else waiting
            continue
        if not bare or bare.startswith("#"):
            continue
        first = first or number
        if bare.endswith(escape):
            held += bare[:-1] + " "
            continue
        whole, held = held + bare, ""
        if heredoc := _HEREDOC.search(whole) if whole[:3].upper() in ("RUN", "COP", "ADD") else None:
            waiting = heredoc[1]
        yield first, whole[:100_000]
        first = 0
    if held:
        yield first, held


def _escape(lines: list[str]) -> str:
    """The character that continues a line: a backslash, unless a directive at the top says otherwise."""
    for line in lines[:20]:
        if match := _ESCAPE.match(line.strip()):
            return match[1]
        if not _DIRECTIVE.match(line.strip()):
            break
    return "\\"
