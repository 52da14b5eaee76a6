"""The settings of `notifications`: who is told when a score changed. With their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.settings.secret import Secret

KINDS = ("slack", "webhook")
WHAT = ("level", "outcome")
REASONS = ("code", "policy", "data source", "waiver", "scope", "time")


@dataclass(frozen=True, slots=True)
class NotificationTarget:
    """One place. `url` is a secret: whoever knows a Slack webhook's address can write there."""

    name: str
    kind: str
    url: Secret
    secret: Secret | None = None
    owners: tuple[str, ...] = ()
    scorecards: tuple[str, ...] = ()
    what: tuple[str, ...] = ("level",)
    reasons: tuple[str, ...] = ("code", "waiver", "scope", "time")
    window: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Notifications:
    targets: tuple[NotificationTarget, ...] = ()
