"""What one resource sets: attributes through nested blocks, and why one can't be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.formats.terraform.evaluate import Hidden
from app.formats.terraform.folders import Applied

_BEYOND = 2**63
"""No rule can count as far: CEL's integers have 64 bits."""


@dataclass(slots=True)
class Settings:
    """Asked by whoever makes an object of a resource. `unknown` gathers as fields are asked for."""

    applied: Applied
    unknown: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        """The value at a dotted path: None where nothing is written, Hidden where it can't be told."""
        *outer, last = path.split(".")
        block: Mapping[str, Any] = self.applied.block
        for kind in outer:
            inner = next((one for one in block["blocks"] if one["kind"] == kind), None)
            if inner is None:
                dynamic = any(one["kind"] == "dynamic" and kind in one["labels"] for one in block["blocks"])
                return Hidden(f"{kind} is written by a dynamic block") if dynamic else None
            block = inner
        written = block["attributes"].get(last)
        if written is None:
            return None
        return self.applied.scope.value(written[1])

    def has(self, kind: str) -> bool:
        """Whether a block of this kind stands in the resource, or is written by a dynamic one."""
        return any(one["kind"] == kind or kind in one["labels"] for one in self.applied.block["blocks"])

    def given(self, name: str, path: str) -> bool:
        """Whether anything is written there but null and ""."""
        value = self.get(path)
        if isinstance(value, Hidden):
            if not value.given:
                self.unknown[name] = value.reason
            return value.given
        return value not in (None, "")

    def flag(self, name: str, path: str, default: bool = False) -> bool:
        """A boolean field; where it can't be told its reason is noted, and the default stands in."""
        value = self.get(path)
        if isinstance(value, Hidden):
            self.unknown[name] = value.reason
            return default
        return default if value is None else value in (True, "true")

    def number(self, name: str, path: str, default: int = 0) -> int:
        value = self.get(path)
        if isinstance(value, Hidden):
            self.unknown[name] = value.reason
            return default
        try:
            number = default if value is None else int(float(value))
        except (TypeError, ValueError, OverflowError):
            return default
        return number if abs(number) < _BEYOND else default

    def text(self, name: str, path: str, default: str = "") -> str:
        value = self.get(path)
        if isinstance(value, Hidden):
            self.unknown[name] = value.reason
            return default
        return default if value is None or isinstance(value, list | dict) else str(value)

    def labels(self, *paths: str) -> dict[str, str]:
        """Tags or labels, those that are known."""
        for path in paths:
            value = self.get(path)
            if isinstance(value, dict):
                return {key: str(one) for key, one in list(value.items())[:100] if isinstance(one, str | int)}
        return {}

    def hide(self, names: tuple[str, ...], value: Any) -> None:
        """Notes that fields can't be told when `value` is Hidden."""
        if isinstance(value, Hidden):
            self.unknown.update(dict.fromkeys(names, value.reason))
