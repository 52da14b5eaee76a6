"""Running git, hardened: the one place that starts it on somebody's repository.

Each command runs in its own process group, so that a time-out kills it with all its children. Nothing of the user's or
the system's configuration is read, no hook, filter, submodule or credential prompt is run, and only the transports that
were checked before may be used. Credentials reach git through the environment of one command, for one host.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from app.errors import RepositoryError
from app.lib.own_folder import OwnFolder
from app.repos import process
from app.repos.failures import failure
from app.repos.urls import host_of

_SCRUB = re.compile(r"(?<=://)[^/\s@]+@")
_CONFIG = """\
[core]
	hooksPath = /dev/null
	fsmonitor = false
	symlinks = false
[credential]
	helper =
[protocol]
	allow = never
[protocol "https"]
	allow = always
[protocol "http"]
	allow = always
[protocol "ssh"]
	allow = always
[protocol "git"]
	allow = always
[protocol "file"]
	allow = always
[safe]
	directory = *
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[http]
	lowSpeedLimit = 200
	lowSpeedTime = 30
[gc]
	auto = 0
[maintenance]
	auto = false
[filter "lfs"]
	smudge =
	process =
	required = false
"""
_ASKPASS = """\
#!/bin/sh
# Answers git's question for one host only; the answer comes from the environment of this one command.
case "$1" in
  *"://$ROADWORTHY_GIT_HOST'"*|*"://$ROADWORTHY_GIT_HOST:"*|*"://$ROADWORTHY_GIT_HOST/"*) ;;
  *"@$ROADWORTHY_GIT_HOST'"*|*"@$ROADWORTHY_GIT_HOST:"*|*"@$ROADWORTHY_GIT_HOST/"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$ROADWORTHY_GIT_USER" ;;
  *) printf '%s\\n' "$ROADWORTHY_GIT_TOKEN" ;;
esac
"""
OLDEST = (2, 36)
"""`cat-file --batch-command` and `fetch --refetch` came with it, in April 2022."""
_ALWAYS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never")
_OUTPUT_CAP = 64 * 1024 * 1024
_SSH = "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=15"


@dataclass(frozen=True, slots=True)
class Credential:
    """What to answer when a host asks. `ssh_key_file` is for ssh URLs. Never in a `repr`."""

    username: str = ""
    token: str = ""
    ssh_key_file: str = ""

    def __repr__(self) -> str:
        return "Credential(…)"


class Git:
    """Runs git with one private configuration folder. Cheap to keep, safe to share between threads.

    `seconds` is how long git was waited for so far, summed over threads.
    """

    def __init__(self, *, timeout: float = 300.0, credentials: Mapping[str, Credential] | None = None) -> None:
        self.timeout = timeout
        self.credentials = dict(credentials or {})
        self.seconds, self._lock = 0.0, threading.Lock()
        self._program = shutil.which("git") or "git"  # looked up once: each start would search the whole PATH
        self._home = OwnFolder("roadworthy-git-")
        home = self._home.path
        (home / "config").write_text(_CONFIG, "utf-8")
        askpass = home / "askpass"
        askpass.write_text(_ASKPASS, "utf-8")
        askpass.chmod(stat.S_IRWXU)
        base = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_ASKPASS"))}
        base |= {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(home / "config"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": str(askpass),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "HOME": str(home),
            "LC_ALL": "C",
        }
        self._base = _encoded(base)
        self._offline = {**self._base, b"GIT_NO_LAZY_FETCH": b"1", b"GIT_ALLOW_PROTOCOL": b"none"}

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        stdin: bytes = b"",
        url: str = "",
        timeout: float = 0,
        output_cap: int = _OUTPUT_CAP,
        file_cap: int = 0,
        config: Mapping[str, str] | None = None,
    ) -> bytes:
        """Standard output of `git arguments`. Raises RepositoryError, scrubbed.

        `url` picks the credentials and opens its one transport; without it no object is fetched from anywhere, even
        where a repository's own configuration says so. `config` overrides settings whose names may hold anything.
        """
        with self.timed(), _told(_name_of(arguments), self.scrubbed):
            done = process.run(
                self._command(arguments),
                environment=self._environment(url) | _encoded(_overrides(config or {})),
                folder=folder,
                stdin=stdin,
                seconds=timeout or self.timeout,
                output_cap=output_cap,
                file_cap=file_cap,
            )
            if done.returncode:
                raise process.Ended(done)
        return done.stdout

    @contextmanager
    def conversation(self, arguments: Sequence[str], *, folder: Path) -> Iterator[process.Conversation]:
        """A git process that answers questions until the block ends; nothing is fetched by it. Raises RepositoryError,
        also from within the block where the process fails to answer.
        """
        with _told(_name_of(arguments), self.scrubbed):
            talk = process.Conversation(
                self._command(arguments), environment=self._environment(""), folder=folder, seconds=self.timeout
            )
            with talk:
                yield talk

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Adds the block's time to `seconds`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds += time.perf_counter() - began

    def version(self) -> tuple[int, ...]:
        """The version of git in use, (0,) where it does not say. Raises RepositoryError when there is none."""
        numbers = re.search(r"\d+(\.\d+)+", self.run(["version"]).decode("utf-8", "replace"))
        return tuple(int(part) for part in numbers[0].split(".")) if numbers else (0,)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [self._program, *_ALWAYS, *arguments]

    def _environment(self, url: str) -> dict[bytes, bytes]:
        if not url:
            return self._offline
        host = host_of(url)
        credential = self.credentials.get(host)
        ssh = f"{_SSH} -oUser={shlex.quote(credential.username if credential and credential.username else 'git')}"
        if credential and credential.ssh_key_file:
            ssh += f" -i {shlex.quote(credential.ssh_key_file)} -oIdentitiesOnly=yes"
        own = {"GIT_SSH_COMMAND": ssh, "GIT_ALLOW_PROTOCOL": urlsplit(url).scheme}
        if credential is not None and credential.token:
            own |= {
                "ROADWORTHY_GIT_HOST": host,
                "ROADWORTHY_GIT_USER": credential.username or "git",
                "ROADWORTHY_GIT_TOKEN": credential.token,
            }
        return self._base | _encoded(own)

    def scrubbed(self, text: str) -> str:
        """Text without user names, passwords and tokens."""
        for credential in self.credentials.values():
            for token in {credential.token, quote(credential.token, safe="")} - {""}:
                text = text.replace(token, "[redacted]")
        return _SCRUB.sub("", text)

    def close(self) -> None:
        self._home.close()


def _name_of(arguments: Sequence[str]) -> str:
    """The command's name, past the options before it."""
    return next((word for word in arguments if not word.startswith("-") and "=" not in word), "git")


@contextmanager
def _told(what: str, scrubbed: Callable[[str], str]) -> Iterator[None]:
    """Whatever goes wrong with a process, as a RepositoryError that holds no secret."""
    try:
        yield
    except process.NotStarted as error:
        raise RepositoryError(f"git {what} can't be started: {error}") from None
    except process.TooSlow as error:
        raise RepositoryError(f"git {what} took longer than {error.seconds:g} seconds") from None
    except process.TooMuch as error:
        message = f"git {what} answered with more than {error.cap} bytes"
        raise RepositoryError(message, reason="unreadable", permanent=True) from None
    except process.Ended as error:
        how = error.how
        raise failure(what, how.returncode, scrubbed(how.stderr.decode("utf-8", "replace"))) from None


def _encoded(variables: Mapping[str, str]) -> dict[bytes, bytes]:
    """As the system takes them, so that each start need not turn a whole environment into bytes."""
    return {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}


def _overrides(config: Mapping[str, str]) -> dict[str, str]:
    """Settings as environment: unlike `-c`, a name with `=` or a newline in it stays what it is."""
    values = {"GIT_CONFIG_COUNT": str(len(config))} if config else {}
    for number, (name, value) in enumerate(config.items()):
        values |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return values
