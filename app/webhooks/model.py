"""What a webhook says, whatever the forge: shapes shared by the forges' modules and by `receive`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Headers = Mapping[str, str]
"""Header names in lower case."""
Kind = Literal["push", "ping", "catalog", "change_request", "other"]


class Refused(Exception):
    """A delivery we don't believe or can't read. `reason` is kebab-case and counted; nothing more is told."""

    def __init__(self, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch that moved to `after`; `deleted`: it is gone, and `after` is ""."""

    branch: str
    after: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """A pull or merge request that was opened or pushed to: its number, head, the branch it is meant for, and the ref
    under which the repository itself shows the head. `path`: the repository as the forge's API names it, where that is
    not the event's own.
    """

    number: int
    head: str
    branch: str
    ref: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is the forge's own word. `places`: URLs the repository may be known by, as the forge writes them.
    `path`: where it lies below the forge's address, for forges that name no URL, or not the one we use.

    `kind` catalog: what exists changed (created, renamed, transferred, archived, deleted, visibility): list anew.
    `refs` empty on a push: only tags moved. `default_branch` "" where the payload does not say.
    `unseen`: why a change request that should be judged can't be. `gone`: the repository itself was deleted.
    """

    name: str
    kind: Kind
    action: str = ""
    places: tuple[str, ...] = ()
    path: str = ""
    refs: tuple[Ref, ...] = ()
    default_branch: str = ""
    proposed: Proposed | None = None
    unseen: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Forge:
    """One forge's ways. `verify` raises Refused; `delivery` is "" where the forge sends no id; `event` never raises
    on any JSON object.
    """

    id: str
    verify: Callable[[Headers, bytes, Sequence[str], datetime], None]
    delivery: Callable[[Headers], str]
    event: Callable[[Headers, Mapping[str, Any]], Event]


def mapping(value: Any) -> Mapping[str, Any]:
    """A part of a payload that should be an object, and is treated as an empty one where it is not."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A part of a payload that should be text, "" where it is not; numbers as they are written."""
    if isinstance(value, str):
        return value[:2000].encode(errors="backslashreplace").decode()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else ""


def number(value: Any) -> int:
    """A part of a payload that should be a positive number, 0 where it is not."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else 0


def items(value: Any) -> list[Mapping[str, Any]]:
    """A part of a payload that should be a list of objects: those that are."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(holder: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """The non-empty texts under `names`, in order, each once."""
    return tuple(dict.fromkeys(found for name in names if (found := text(holder.get(name)))))


def branch_of(ref: str) -> str:
    """The branch that a full ref names; "" for tags and everything else."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
