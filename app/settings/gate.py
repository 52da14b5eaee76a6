"""The settings of `gate`: whether and how proposed changes are judged. With their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Gating:
    mode: Literal["off", "advisory", "warn"] = "off"
    name: str = "Roadworthy"
