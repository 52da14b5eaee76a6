"""Strangers' YAML and JSON, read safely, with line marks. The only YAML loader of the project.

Built on libyaml's *events*, never on its constructors: those segfault on deep nesting and hang on merge bombs. What
comes out are plain values (`Mapping` is a dict, `Sequence` a list) that also know where each entry stands.

Scalars follow the YAML 1.2 core schema: `on`, `yes`, `12:30`, `0755` and dates stay what their writer meant (text, or
the decimal 755), `~`/`null` is None, `true`/`false` are booleans. Keys are always text. Unknown tags are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from app.errors import DocumentError
from app.lib.document_builder import DEFAULT_LIMITS, Builder, Document, Limits, Mapping, Mark, Options, Sequence, scalar

__all__ = [
    "DEFAULT_LIMITS",
    "Document",
    "Limits",
    "Mapping",
    "Mark",
    "Sequence",
    "broken",
    "decode",
    "line_of",
    "load",
    "load_all",
    "scalar",
]


def load_all(
    data: str | bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    last_wins: bool = False,
    first_line: int = 1,
    one_line: bool = False,
) -> list[Document]:
    """Every document of a YAML or JSON text. Never raises: what can't be read is a Document with an `error`.

    A duplicate key is an error, or with `last_wins` kept in `Mapping.duplicates` (templates with branches need that).
    One broken document costs its neighbours nothing where the text can be cut at `---` lines.
    A text that stands inside another file counts its lines from `first_line`, or with `one_line` all lie there.
    """
    try:
        text = decode(data, limits)
    except DocumentError as refused:
        return [Document(None, first_line, refused)]
    options = Options(limits, last_wins, one_line)
    offset = first_line - 1
    documents, error = _load(text, options, offset)
    if error is None:
        return documents
    if not re.search(r"^---(\s|$)", text, re.MULTILINE) or error.code.startswith("yaml-limit"):
        return [*documents, Document(None, error.line, error)]
    documents = []
    for chunk, start in _chunks(text):
        documents += _load_chunk(chunk, start + offset, options)
        if len(documents) >= limits.documents:
            break
    return documents


def load(data: str | bytes, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a text that must hold exactly one document. Raises DocumentError."""
    documents = load_all(data, limits=limits)
    for document in documents:
        if document.error is not None:
            raise document.error
    if len(documents) > 1:
        raise DocumentError("expected a single document, found another", documents[1].line, code="yaml-many-documents")
    return documents[0].value if documents else None


def decode(data: str | bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """Text of bytes in UTF-8 (or UTF-16 with a byte order mark). Raises DocumentError."""
    if len(data) > limits.size:
        raise DocumentError(f"is larger than {limits.size} bytes", code="yaml-limit-size")
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError("is not valid UTF-8 text", line, code="not-utf8") from None


def line_of(container: Any, key: str | int | None = None) -> int:
    """The line of a container, or of one of its entries; the container's own when the entry is absent."""
    mark = getattr(container, "mark", (1, 1))
    if isinstance(container, Mapping) and isinstance(key, str):
        mark = container.marks.get(key, mark)
    elif isinstance(container, Sequence) and isinstance(key, int) and key < len(container.marks):
        mark = container.marks[key]
    return int(mark[0])


def broken(data: str | bytes) -> DocumentError | None:
    """Where a text is neither YAML nor JSON; None for one that is, however large or repetitive."""
    errors = (document.error for document in load_all(data, last_wins=True))
    return next((error for error in errors if error is not None and error.code == "yaml-invalid"), None)


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    start, lines = 0, [f"{line}\n" for line in text.split("\n")]
    for index, line in enumerate(lines):
        if index > start and re.match(r"---(\s|$)", line):
            yield "".join(lines[start:index]), start
            start = index
    yield "".join(lines[start:]), start


def _load_chunk(text: str, offset: int, options: Options) -> list[Document]:
    documents, error = _load(text, options, offset)
    return documents if error is None else [*documents, Document(None, error.line, error)]


def _load(text: str, options: Options, offset: int) -> tuple[list[Document], DocumentError | None]:
    builder = Builder(options, offset)
    stripped = text.lstrip()
    if stripped[:1] in ("{", "[") and "\t" in text:
        text = text.replace("\t", " ")  # JSON may indent with tabs, and can't hold a raw one in a string
    try:
        parser = yaml.CSafeLoader(text)  # as `yaml.parse` does, without asking first whether there is another
        while (event := parser.get_event()) is not None:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1 + offset, mark.column + 1) if mark and not options.one_line else (1 + offset, 1)
        if (value := _json(stripped)) is not None:
            refused = _refused(value, options.limits, 1 + offset)
            return ([], refused) if refused else ([Document(value, 1 + offset)], None)
        return builder.documents, DocumentError(str(error.problem or "is not YAML"), line, column)
    except yaml.YAMLError as error:
        return builder.documents, DocumentError(str(error).splitlines()[0], 1 + offset, code="yaml-invalid")
    except UnicodeEncodeError:  # text that came out of JSON can hold half a surrogate pair
        return builder.documents, DocumentError("is not valid Unicode text", 1 + offset, code="not-utf8")
    except DocumentError as error:
        return builder.documents, error
    return builder.documents, None


def _json(text: str) -> Any:
    """JSON that libyaml refuses (surrogate escapes, very long keys) is read without marks."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _refused(value: Any, limits: Limits, line: int) -> DocumentError | None:
    """The limits again, for JSON that was read without libyaml."""
    level, nodes = [value], 0
    for _ in range(limits.depth + 1):
        nodes += len(level)
        if nodes > limits.nodes:
            return DocumentError(f"expands to more than {limits.nodes} values", line, code="yaml-limit-nodes")
        level = [inner for one in level for inner in _inside(one)]
    if not level:
        return None
    return DocumentError(f"is nested deeper than {limits.depth} levels", line, code="yaml-limit-depth")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
