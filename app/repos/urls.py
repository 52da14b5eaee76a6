"""Repository URLs: one canonical form, and which may be fetched at all."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from app.errors import RepositoryError
from app.lib.repository_urls import Address, parse

_SCRUB = re.compile(r"(?<=://)[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class TransportRules:
    """Which URLs may be fetched: https and ssh always; file, http and git by setting. `hosts` empty: any host."""

    hosts: tuple[str, ...] = ()
    allow_file: bool = False
    allow_http: bool = False
    allow_git: bool = False
    allow_private: bool = False


def canonical(url: str) -> str:
    """The identity of a repository, whichever of its addresses is given (`lib.repository_urls`).

    `git@GitHub.com:acme/payments.git`, `ssh://git@github.com/acme/payments` and `https://github.com/Acme/payments/` are
    all `https://github.com/acme/payments`. It is what is stored, compared and shown.
    Raises RepositoryError.
    """
    return _parsed(url).name


def fetchable(url: str) -> str:
    """The address to fetch by: the transport as given, without credentials. Raises RepositoryError."""
    return _parsed(url).text


def _parsed(url: str) -> Address:
    try:
        return parse(url)
    except ValueError as error:
        raise RepositoryError(f"“{_SCRUB.sub('', url)}” {error}", reason="forbidden", permanent=True) from None


def check_allowed(url: str, rules: TransportRules) -> None:
    """Raises RepositoryError (reason `forbidden`) unless a `fetchable` URL may be fetched under these rules."""
    parts = urlsplit(url)
    scheme, host = parts.scheme, parts.hostname or ""
    allowed = {"https": True, "ssh": True, "file": rules.allow_file, "http": rules.allow_http, "git": rules.allow_git}
    if not allowed.get(scheme, False):
        hint = f"set transport.allow_{scheme} to allow it" if scheme in allowed else "use https or ssh"
        raise RepositoryError(f"{scheme} URLs are not fetched here: {hint}", reason="forbidden", permanent=True)
    if scheme == "file":
        return
    if not host or host.startswith("-"):
        raise RepositoryError(f"“{url}” names no host", reason="forbidden", permanent=True)
    if rules.hosts and not any(fnmatchcase(host, pattern.lower()) for pattern in rules.hosts):
        raise RepositoryError(f"{host} is not in transport.hosts", reason="forbidden", permanent=True)
    if scheme in ("http", "git") and not rules.allow_private and not is_loopback(host):
        message = f"{scheme} is only for loopback, and {host} is not: use https, or set transport.allow_private"
        raise RepositoryError(message, reason="forbidden", permanent=True)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host a limit or a credential counts for; "" for local repositories."""
    return urlsplit(url).hostname or ""


def name_of(url: str) -> str:
    """The repository's own name: the last part of its URL."""
    return url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git") or "repository"
