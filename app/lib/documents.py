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
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from app.errors import DocumentError

Mark = tuple[int, int]
"""(line, column), both from 1."""

_INT = re.compile(r"[-+]?[0-9]+")
_OCT_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}
_STR_TAG = "tag:yaml.org,2002:str"
_PROBABLE_NUMBER = frozenset("0123456789+-.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one text. `nodes` counts what the text expands to, aliases and merges included."""

    size: int = 5 * 1024 * 1024
    depth: int = 64
    nodes: int = 500_000
    aliases: int = 10_000
    documents: int = 5_000


DEFAULT_LIMITS = Limits()


class Mapping(dict[str, Any]):
    """A dict that knows where it begins (`mark`) and where each key stands (`marks`).

    `blocks` gives, for each key whose value is a literal block (`key: |`), the line its text begins on.
    """

    __slots__ = ("blocks", "duplicates", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[str, Mark] = {}
        self.blocks: dict[str, int] = {}
        self.duplicates: list[tuple[str, Mark]] = []


class Sequence(list[Any]):
    """A list that knows where it begins (`mark`) and where each item stands (`marks`)."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its value, or the `error` that made it unreadable. `line` is where it begins.

    `within` is the value this one was unwrapped from (the ConfigMap around a rule file); `holes` are lines whose text
    was taken out before reading (whole-line template actions): what stood there is unknown.
    """

    value: Any
    line: int
    error: DocumentError | None = None
    within: Any = None
    holes: frozenset[int] = frozenset()


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
    options = _Options(limits, last_wins, one_line)
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


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    start, lines = 0, [f"{line}\n" for line in text.split("\n")]
    for index, line in enumerate(lines):
        if index > start and re.match(r"---(\s|$)", line):
            yield "".join(lines[start:index]), start
            start = index
    yield "".join(lines[start:]), start


def _load_chunk(text: str, offset: int, options: _Options) -> list[Document]:
    documents, error = _load(text, options, offset)
    return documents if error is None else [*documents, Document(None, error.line, error)]


def _load(text: str, options: _Options, offset: int) -> tuple[list[Document], DocumentError | None]:
    builder = _Builder(options, offset)
    stripped = text.lstrip()
    if stripped[:1] in ("{", "[") and "\t" in text:
        text = text.replace("\t", " ")  # JSON may indent with tabs, and can't hold a raw one in a string
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
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


@dataclass(frozen=True, slots=True)
class _Options:
    limits: Limits
    last_wins: bool
    one_line: bool


class _Builder:
    """Builds values from events, iteratively, within limits."""

    def __init__(self, options: _Options, offset: int) -> None:
        self.limits, self.last_wins, self.one_line = options.limits, options.last_wins, options.one_line
        self.offset = offset
        self.documents: list[Document] = []
        self._reset(1)

    def _reset(self, line: int) -> None:
        self.line = line
        self.root: Any = None
        self.stack: list[tuple[Any, str | None, int]] = []
        """(container, anchor, node count before it)."""
        self.keys: list[str | None] = []
        self.key_marks: list[Mark] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = self.aliases = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is ScalarEvent:
            mark = self._mark(event)
            self._count(1, mark)
            value = self._scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = (value, 1)
            if event.style == "|" and not self.one_line and self.keys and (key := self.keys[-1]) is not None:
                self.stack[-1][0].blocks[key] = mark[0] + 1
            self._add(value, event.value, mark)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            mark = self._mark(event)
            self._count(1, mark)
            if len(self.stack) >= self.limits.depth:
                raise DocumentError(f"is nested deeper than {self.limits.depth} levels", *mark, "yaml-limit-depth")
            container: Mapping | Sequence = Mapping(mark) if kind is MappingStartEvent else Sequence(mark)
            self.stack.append((container, event.anchor, self.nodes))
            self.keys.append(None)
            self.key_marks.append(mark)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container, anchor, before = self.stack.pop()
            self.keys.pop()
            self.key_marks.pop()
            if anchor:
                self.anchors[anchor] = (container, self.nodes - before + 1)
            self._add(container, None, container.mark)
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is DocumentStartEvent:
            if len(self.documents) >= self.limits.documents:
                raise DocumentError("holds too many documents", *self._mark(event), "yaml-limit-documents")
            self._reset(self._mark(event)[0])
        elif kind is DocumentEndEvent:
            self.documents.append(Document(self.root, self.line))
        else:
            assert kind in (StreamStartEvent, StreamEndEvent)

    def _alias(self, event: Any) -> None:
        mark = self._mark(event)
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            raise DocumentError("holds too many aliases", *mark, "yaml-limit-aliases")
        if event.anchor not in self.anchors:
            raise DocumentError(f"alias *{event.anchor} has no anchor before it", *mark, "yaml-alias")
        value, nodes = self.anchors[event.anchor]
        self._count(nodes, mark)
        self._add(value, value if isinstance(value, str) else None, mark)

    def _count(self, nodes: int, mark: Mark) -> None:
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            raise DocumentError(f"expands to more than {self.limits.nodes} values", *mark, "yaml-limit-nodes")

    def _mark(self, event: Any) -> Mark:
        if self.one_line:
            return self.offset + 1, 1
        return event.start_mark.line + 1 + self.offset, event.start_mark.column + 1

    def _add(self, value: Any, text: str | None, mark: Mark) -> None:
        if not self.stack:
            self.root = value
            return
        container = self.stack[-1][0]
        if isinstance(container, Sequence):
            container.append(value)
            container.marks.append(mark)
            return
        key = self.keys[-1]
        if key is None:
            if text is None and not isinstance(value, str | int | float):
                raise DocumentError("a key must be plain text", *mark, "yaml-key")
            self.keys[-1] = text if text is not None else str(value)
            self.key_marks[-1] = mark
            return
        self.keys[-1] = None
        if key == "<<":
            self._merge(container, value, mark)
            return
        key_mark = self.key_marks[-1]
        if key in container and key in container.marks:
            if not self.last_wins:
                first = container.marks[key][0]
                raise DocumentError(f"key “{key}” is already set on line {first}", *key_mark, "yaml-duplicate-key")
            container.duplicates.append((key, key_mark))
        container[key] = value
        container.marks[key] = key_mark

    def _merge(self, container: Mapping, value: Any, mark: Mark) -> None:
        """YAML 1.1's `<<`, as rule files use it: what the mapping says itself wins, then the first merged one."""
        sources = value if isinstance(value, Sequence) else [value]
        for source in sources:
            if not isinstance(source, Mapping):
                raise DocumentError("`<<` needs a mapping or a list of mappings", *mark, "yaml-merge")
            self._count(len(source), mark)
            for key, merged in source.items():
                container.setdefault(key, merged)

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag == _STR_TAG or not (event.implicit[0] or event.tag):
            return text
        if event.style:
            return text
        return scalar(text)


def scalar(text: str) -> Any:
    """What a plain scalar means under the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _PROBABLE_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text) if len(text) < 40 else text
    if _OCT_HEX.fullmatch(text):
        return int(text, 0) if len(text) < 40 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
