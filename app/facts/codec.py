"""Carries what readers return through JSON and back, for the cache of parsed blobs and the store of objects.

Encoding and decoding follow the dataclasses' own type hints, so a new object kind needs nothing here but to exist in
`formats.model`, or in a module imported below. Decoding is strict: a body of another shape raises ValueError, and the
caller reads the blob again.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from app.formats import infrastructure as _infrastructure  # noqa: F401 (its kinds are found below)
from app.formats import model
from app.formats.apis import model as _apis  # noqa: F401
from app.formats.terraform import model as _terraform  # noqa: F401
from app.formats.workloads import model as _workloads  # noqa: F401

Json = Any
"""None, bool, int, float, str, list and dict of the same."""


def _kinds(base: type[model.Object]) -> dict[str, type[model.Object]]:
    found = {}
    for cls in base.__subclasses__():
        found.update(_kinds(cls))
        if "kind" in vars(cls):
            found[cls.kind] = cls
    return found


_PLAIN = frozenset((str, int, float, bool, type(None)))
_CHECKED = frozenset((str, int, bool))
KINDS: Mapping[str, type[model.Object]] = _kinds(model.Object)
"""Object kind → class."""


def encode(value: object) -> Json:
    """The JSON-ready form of a reader's object, or of any part of one."""
    cls: Any = type(value)
    if cls in _PLAIN:  # nearly all: asked first, for it is the quickest
        return value
    if (names := _names(cls)) is not None:
        return {
            name: part if type(part := getattr(value, name)) in _PLAIN else encode(part)  # no call for most of them
            for name in names
        }
    if isinstance(value, Mapping):
        return {str(key): encode(part) for key, part in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [encode(part) for part in value]
    if isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode(cls: type, body: Json) -> Any:
    """An instance of `cls` from its JSON form. Raises ValueError when the shape is another."""
    try:
        return _decoder(cls)(body)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not the stored form of {cls.__name__}: {error}") from None


def encode_parsed(parsed: model.Parsed) -> dict[str, Json]:
    """A whole reading; each object carries its kind."""
    return {
        "objects": [[thing.kind, encode(thing)] for thing in parsed.objects],
        "findings": encode(parsed.findings),
        "unreadable": encode(parsed.unreadable),
    }


def decode_parsed(body: Mapping[str, Json]) -> model.Parsed:
    """The reading back. Raises ValueError when the body is of another shape, or names an unknown kind."""
    try:
        objects = tuple(decode(KINDS[kind], thing) for kind, thing in body["objects"])
        findings = tuple(decode(model.Finding, finding) for finding in body["findings"])
        unreadable = tuple(decode(model.Unreadable, place) for place in body["unreadable"])
    except (TypeError, KeyError) as error:
        raise ValueError(f"not the stored form of a reading: {error}") from None
    return model.Parsed(objects, findings, unreadable)


@cache
def _names(cls: type) -> tuple[str, ...] | None:
    """A dataclass's fields; None for any other class."""
    return tuple(field.name for field in fields(cls)) if is_dataclass(cls) else None


@cache
def _decoder(hint: Any) -> Callable[[Json], Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _tuple_decoder(parts)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        value = _decoder(parts[1])
        return lambda body: {key: value(part) for key, part in body.items()}
    if origin in (Union, types.UnionType):
        present = _decoder(next(part for part in parts if part is not type(None)))
        return lambda body: None if body is None else present(body)
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_decoder(hint)
    if hint is float:
        return float
    if hint in _CHECKED:
        return lambda body: _checked(hint, body)
    return lambda body: body


def _tuple_decoder(parts: tuple[Any, ...]) -> Callable[[Json], Any]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        one, plain = _decoder(parts[0]), _plain(parts[0])
        return lambda body: tuple([part if type(part) is plain else one(part) for part in body])
    each = tuple(_decoder(part) for part in parts)
    return lambda body: tuple([one(part) for one, part in zip(each, body, strict=True)])


def _dataclass_decoder(cls: Any) -> Callable[[Json], Any]:
    """Nearly all fields are texts and numbers, which stand for themselves: no decoder is called for them."""
    hints = get_type_hints(cls)
    decoders = [(field.name, _plain(hints[field.name]), _decoder(hints[field.name])) for field in fields(cls)]

    def decoded(body: Json) -> Any:
        values = {}
        for name, plain, one in decoders:
            part = body[name]
            values[name] = part if type(part) is plain else one(part)
        return cls(**values)

    return decoded


def _plain(hint: Any) -> type | None:
    """The class of which a value needs no decoding; None where every value does."""
    return hint if hint in _CHECKED else None


def _checked(hint: type, body: Json) -> Json:
    if not isinstance(body, hint):
        raise TypeError(f"{type(body).__name__} stands where {hint.__name__} belongs")
    return body
