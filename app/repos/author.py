"""Writing new repositories: for the sample organisation, tests and benchmarks. Never used on a stranger's repository.

One `git fast-import` a repository: a few milliseconds, whatever the number of files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """Files to add or replace (`None` deletes) at an instant."""

    at: datetime
    files: Mapping[str, bytes | None]
    message: str = "Change"
    author: str = "Ada Example <ada@acme.example>"


def write(
    folder: Path, commits: Iterable[Commit], *, branch: str = "main", bare: bool = True, origin: str = ""
) -> None:
    """Makes a repository with these commits on one branch; with `bare` false its files are checked out too.

    `origin` names the remote it claims to come from. A repository without commits stays empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder, "init", "-q", f"--initial-branch={branch}", *(["--bare"] if bare else []), ".")
    if bare:
        _git(folder, "config", "uploadpack.allowFilter", "true")
        _git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    if origin:
        _git(folder, "config", "remote.origin.url", origin)
    stream = b"".join(_stream(commits, branch))
    if stream:
        _git(folder, "fast-import", "--quiet", "--date-format=raw", stdin=stream)
        if not bare:
            _git(folder, "reset", "-q", "--hard")


def _stream(commits: Iterable[Commit], branch: str) -> Iterator[bytes]:
    for commit in commits:
        message = commit.message.encode()
        when = f"{int(commit.at.timestamp())} +0000"
        yield f"commit refs/heads/{branch}\n".encode()
        yield f"author {commit.author} {when}\ncommitter {commit.author} {when}\n".encode()
        yield b"data %d\n%s\n" % (len(message), message)
        for path, content in commit.files.items():
            name = path.encode("utf-8", "surrogateescape")
            quoted = b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
            if content is None:
                yield b"D " + quoted + b"\n"
            else:
                yield b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(content), content)
        yield b"\n"


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT
    subprocess.run(["git", *arguments], cwd=folder, input=stdin, env=environment, check=True, capture_output=True)
