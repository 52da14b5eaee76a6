"""What files say of how a service is built and how its changes are let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.formats.model.base import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage(Object):
    """An image that a Dockerfile begins with or copies from. `image_state`: digest, tag or moving.

    `unknown`: field → why it can't be told.
    """

    kind: ClassVar[str] = "base_image"
    image: str
    image_state: str
    stage: str = ""
    """Name of the stage that it begins, or ""."""
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Object):
    """What a CI service runs, as far as it is written in the repository: one a file.

    `before_merge`: it runs for changes that are not merged yet. `tests`: the command or step that tests, "" for none;
    `unknown` says why either can't be told.
    """

    kind: ClassVar[str] = "pipeline"
    system: str
    name: str = ""
    before_merge: bool = False
    tests: str = ""
    unknown: Mapping[str, str]
