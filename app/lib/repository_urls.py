"""One name for a repository, however its address is written.

A clone says `git@github.com:acme/payments.git`, a catalog `https://github.com/Acme/payments/`, a webhook both: they are
one repository. The name is the https form; how it is fetched is another matter (`Address.text`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote, urlsplit

SCHEMES = ("https", "ssh", "http", "git", "file")
_SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+\.[\w.-]+|localhost):(?P<path>[^/\s:][^\s]*)")
_CONTROL = re.compile(r"[\x00-\x1f]")
_WEB_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
}
"""Hosts that forges keep for ssh alone → where their pages are."""
_CASELESS = frozenset(("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "dev.azure.com"))
"""Forges where `Acme/Payments` and `acme/payments` are one repository. Elsewhere a path may be a file's."""
_DATA_CENTER_PORT = 7999
"""Where Bitbucket Data Center answers ssh unless told otherwise; its https addresses have `scm/` before the path."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is fetched from: no credentials, no `.git`, no slash at the end, host in lower case."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def text(self) -> str:
        """As git takes it."""
        if self.scheme == "file":
            return "file://" + quote_from_bytes(os.fsencode(self.path))
        return f"{self.scheme}://{self.host}{f':{self.port}' if self.port else ''}/{self.path}"

    @property
    def name(self) -> str:
        """The repository's one name: of the ssh forms, the https address that the same forge answers at."""
        if self.scheme not in ("https", "ssh"):
            return self.text
        host = _WEB_HOSTS.get(self.host, self.host)
        path = self.path
        port = f":{self.port}" if self.scheme == "https" and self.port not in (0, 443) else ""
        if self.scheme == "ssh" and self.port == _DATA_CENTER_PORT:
            path = f"scm/{path}"
        if self.host == "ssh.dev.azure.com" and (parts := path.split("/"))[0] == "v3" and len(parts) == 4:
            path = f"{parts[1]}/{parts[2]}/_git/{parts[3]}"
        return f"https://{host}{port}/{path.lower() if host in _CASELESS else path}"


def parse(text: str) -> Address:
    """The address that a URL, an scp-like form (`git@host:group/name`) or an absolute path names.

    Raises ValueError with a sentence that repeats no credential.
    """
    text = text.strip()
    if not text or text.startswith("-") or _CONTROL.search(text):
        raise ValueError("is not a repository URL")
    if text.startswith("/"):
        return Address("file", "", 0, _trimmed(text))
    if "://" not in text:
        match = _SCP.fullmatch(text)
        if match is None:
            raise ValueError("is not a repository URL")
        return Address("ssh", match["host"].lower(), 0, _trimmed(match["path"]))
    return _of_url(text)


def _of_url(text: str) -> Address:
    parts = urlsplit(text)
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or "::" in text.split("/")[0]:
        raise ValueError(f"has the scheme {scheme}, which is not read: use https or ssh")
    if scheme == "file":
        return Address("file", "", 0, _trimmed(unquote(parts.path, errors="surrogateescape")))
    if " " in text:
        raise ValueError("is not a repository URL")
    try:
        port = parts.port or 0
    except ValueError:
        raise ValueError("has no valid port") from None
    return Address(scheme, (parts.hostname or "").lower(), port, _trimmed(parts.path.lstrip("/")))


def _trimmed(path: str) -> str:
    path = path.rstrip("/")
    return path.removesuffix(".git") if not path.endswith("/.git") else path.removesuffix("/.git")
