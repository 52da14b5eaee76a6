"""Repository URLs: one canonical form, and which may be fetched at all."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote_from_bytes, unquote, urlsplit

from app.errors import RepositoryError

_SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+\.[\w.-]+|localhost):(?P<path>[^/\s:][^\s]*)")
_SCHEMES = ("https", "ssh", "http", "git", "file")


@dataclass(frozen=True, slots=True)
class TransportRules:
    """Which URLs may be fetched: https and ssh always; file, http and git by setting. `hosts` empty: any host."""

    hosts: tuple[str, ...] = ()
    allow_file: bool = False
    allow_http: bool = False
    allow_git: bool = False
    allow_private: bool = False


def canonical(url: str) -> str:
    """The identity of a repository: `https://host/group/name`, `ssh://host/…`, `file:///path`. Raises RepositoryError.

    Host in lower case, no credentials, no `.git`, no slash at the end; `git@host:group/name` becomes `ssh://host/group/name`.
    """
    text = url.strip()
    if not text or text.startswith("-") or any(ord(character) < 32 for character in text):
        raise RepositoryError(f"“{url}” is not a repository URL", reason="forbidden", permanent=True)
    if text.startswith("/"):
        return _file(text)
    if "://" not in text:
        match = _SCP.fullmatch(text)
        if match is None:
            raise RepositoryError(f"“{url}” is not a repository URL", reason="forbidden", permanent=True)
        return f"ssh://{match['host'].lower()}/{_trimmed(match['path'])}"
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if " " in text and scheme != "file":
        raise RepositoryError(f"“{url}” is not a repository URL", reason="forbidden", permanent=True)
    if scheme not in _SCHEMES or "::" in text.split("/")[0]:
        raise RepositoryError(f"{scheme} URLs are not read: use https or ssh", reason="forbidden", permanent=True)
    if scheme == "file":
        return _file(unquote(parts.path, errors="surrogateescape"))
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise RepositoryError(f"“{url}” has no valid port", reason="forbidden", permanent=True) from None
    return f"{scheme}://{(parts.hostname or '').lower()}{port}/{_trimmed(parts.path.lstrip('/'))}"


def _file(path: str) -> str:
    """As `Path.as_uri` writes it, which git decodes again."""
    return "file://" + quote_from_bytes(os.fsencode(_trimmed(path)))


def _trimmed(path: str) -> str:
    path = path.rstrip("/")
    return path.removesuffix(".git") if not path.endswith("/.git") else path.removesuffix("/.git")


def check_allowed(url: str, rules: TransportRules) -> None:
    """Raises RepositoryError (reason `forbidden`) unless the canonical URL may be fetched under these rules."""
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
