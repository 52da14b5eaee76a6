"""The settings of what a portal needs, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.settings.secret import Secret


@dataclass(frozen=True, slots=True)
class TechInsightsUpstream:
    url: str
    token: Secret | None = None
    timeout: timedelta = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class TechInsights:
    upstream: TechInsightsUpstream | None = None
