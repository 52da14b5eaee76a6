"""Local folders: one working tree, or a folder of repositories, bare or not, at most two levels down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.catalog.providers.model import Discovery, Listed
from app.errors import ProviderError
from app.lib import repository_urls

_LEVELS = 2
_MOST = 20_000
_HEAD = re.compile(r"ref: refs/heads/(\S+)\n?")
_ORIGIN = re.compile(r'\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LocalDirectory:
    """Links are not followed: what they point at may lie anywhere."""

    folder: Path

    @property
    def name(self) -> str:
        return f"directory {self.folder}"

    def discover(self) -> Discovery:
        if not self.folder.is_dir():
            raise ProviderError(f"{self.folder} is not a folder")
        found: list[Listed] = []
        for repository in _repositories(self.folder, _LEVELS):
            found.append(Listed(repository.as_uri(), _branch(repository), _origin(repository)))
            if len(found) > _MOST:
                raise ProviderError(f"{self.folder} holds more than {_MOST} repositories")
        return Discovery(tuple(found))


def _repositories(folder: Path, levels: int) -> Iterator[Path]:
    if _is_repository(folder):
        yield folder
        return
    if not levels:
        return
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise ProviderError(f"{folder} can't be listed: {error.strerror}") from None
    for entry in inside:
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _repositories(entry, levels - 1)


def _is_repository(folder: Path) -> bool:
    bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return bare or (folder / ".git").exists()


def _branch(repository: Path) -> str:
    """What HEAD names, which git serves as the default branch; "" where it names none."""
    for head in (repository / ".git" / "HEAD", repository / "HEAD"):
        try:
            match = _HEAD.fullmatch(head.read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        return match[1] if match else ""
    return ""


def _origin(repository: Path) -> str:
    """The name of the repository that a clone came from, by which links may name it."""
    for config in (repository / ".git" / "config", repository / "config"):
        if config.is_file():
            match = _ORIGIN.search(config.read_text("utf-8", "replace"))
            if match:
                return _elsewhere(match[1].strip('"'))
    return ""


def _elsewhere(origin: str) -> str:
    try:
        address = repository_urls.parse(origin)
    except ValueError:
        return ""  # a remote of no known form
    return address.name if address.scheme != "file" else ""
