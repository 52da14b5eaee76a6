"""What every reader returns: objects, findings and unreadables, and all that one text says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem inside one text: the path is added by whoever knows it."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something of a fact group (alerting, slo, runbooks …) is here but can't be read."""

    group: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """Base of everything a reader returns. `ignored` is a reason found in the content itself (a template skeleton)."""

    kind: ClassVar[str]
    line: int
    ignored: str = ""

    def body(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Object):
    """A piece that says little alone (a manifest, an overlay, a Terraform file). Pieces of a whole snapshot are put
    together by `facts.assembly`, whose objects take their place; a part itself is cached, and never stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookLink:
    """The annotation that links a runbook: which key, which value as written (stripped). Both empty when none."""

    key: str = ""
    value: str = ""


NO_LINK = RunbookLink()


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that one text says."""

    objects: tuple[Object, ...] = ()
    findings: tuple[Finding, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
