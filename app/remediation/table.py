"""Every check and what can be done for it: a fix, a skeleton that a person fills, a question, or nothing, with why.

The order is the order in which fixes are tried: what others build on comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.remediation import runbooks
from app.remediation.model import Fix

Kind = Literal["fix", "skeleton", "question", "none"]


@dataclass(frozen=True, slots=True)
class Remedy:
    """`kind` fix: the check passes with it, or with the answers it asks for. Skeleton: a person fills it, so the check
    goes on failing. Question: only words beside the diff. None: `why` says what stands against a fix.

    `stricter`: it may make other checks ask more (a tier), which is no harm done.
    """

    kind: Kind
    fix: Fix | None = None
    why: str = ""
    stricter: bool = False


TABLE: Mapping[str, Remedy] = {
    "alert-runbook-linked": Remedy("fix", runbooks.link_runbooks),
}
