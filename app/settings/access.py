"""The settings of who may ask: `auth`, and what `serve` says to the outside. With their defaults."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app.settings.secret import Secret

SCOPES = ("read", "refresh", "facts:write", "fixes:write", "waivers:write", "admin")
OPENABLE = ("badges", "metrics")


@dataclass(frozen=True, slots=True)
class Session:
    """The sign-in of pages. Without a secret one is made and kept beside the settings."""

    lifetime: timedelta = timedelta(hours=12)
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    addresses: tuple[str, ...]
    header: str = "X-Forwarded-User"
    scopes: tuple[str, ...] = ("read", "refresh")


@dataclass(frozen=True, slots=True)
class BackstageTokens:
    """`internal_url`: where keys are fetched when the public address is not reachable from here."""

    url: str
    internal_url: str = ""
    algorithms: tuple[str, ...] = ("ES256",)
    leeway: timedelta = timedelta(seconds=30)
    user_scopes: tuple[str, ...] = ("read", "refresh")
    plugins: tuple[str, ...] = ()
    plugin_scopes: tuple[str, ...] = ("read",)
    audiences: tuple[str, ...] = ("roadworthy",)


@dataclass(frozen=True, slots=True)
class Limits:
    """A minute, for each who signed in; 0 means no limit. Nothing is limited while sign-in is off."""

    reads: int = 6000
    writes: int = 300
    failures: int = 60


@dataclass(frozen=True, slots=True)
class Auth:
    mode: Literal["off", "on"] = "off"
    visibility: Literal["all", "owners"] = "all"
    admins: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    session: Session = Session()
    proxy: TrustedProxy | None = None
    backstage: tuple[BackstageTokens, ...] = ()
    limits: Limits = Limits()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; "localhost" counts, other names don't."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
