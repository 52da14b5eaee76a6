"""Running git, hardened: the one place that starts it on somebody's repository.

Each command runs in its own session, so that a time-out kills it with all its children. Nothing of the user's or the
system's configuration is read, no hook, filter, submodule or credential prompt is run, and only the transports that
were checked before may be used. Credentials reach git through the environment of one command, for one host.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import RepositoryError
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
  *"://$ROADWORTHY_GIT_HOST"*|*"@$ROADWORTHY_GIT_HOST"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$ROADWORTHY_GIT_USER" ;;
  *) printf '%s\\n' "$ROADWORTHY_GIT_TOKEN" ;;
esac
"""
_FORBIDDEN = r"authentication failed|could not read (username|password)|\b40[13]\b|permission denied|access denied"
_GONE = r"not found|does not exist|does not appear to be a git repository|\b404\b"
_CORRUPT = r"corrupt|bad object|unable to read|missing (blob|tree|commit)|inflate|did not send all"
_REASONS = (
    (re.compile(_FORBIDDEN, re.IGNORECASE), "forbidden", True),
    (re.compile(_GONE, re.IGNORECASE), "source_failing", True),
    (re.compile(_CORRUPT, re.IGNORECASE), "unreadable", False),
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What to answer when a host asks. `ssh_key_file` is for ssh URLs. Never in a `repr`."""

    username: str = ""
    token: str = ""
    ssh_key_file: str = ""

    def __repr__(self) -> str:
        return "Credential(…)"


class Git:
    """Runs git with one private configuration folder. Cheap to keep, safe to share between threads."""

    def __init__(self, *, timeout: float = 300.0, credentials: Mapping[str, Credential] | None = None) -> None:
        self.timeout = timeout
        self.credentials = dict(credentials or {})
        self._home = tempfile.TemporaryDirectory(prefix="roadworthy-git-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        (home / "config").write_text(_CONFIG, "utf-8")
        askpass = home / "askpass"
        askpass.write_text(_ASKPASS, "utf-8")
        askpass.chmod(stat.S_IRWXU)
        self._base = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SSH_ASKPASS"))}
        self._base |= {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(home / "config"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": str(askpass),
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "HOME": str(home),
            "LC_ALL": "C",
        }

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        stdin: bytes = b"",
        url: str = "",
        timeout: float = 0,
    ) -> bytes:
        """Standard output of `git arguments`. Raises RepositoryError, scrubbed. `url` picks the credentials."""
        command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
        command += ["-c", "protocol.ext.allow=never", *arguments]
        limit = timeout or self.timeout
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=self._environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            raise RepositoryError(f"git {arguments[0]} took longer than {limit:g} seconds") from None
        finally:
            _end(process)
        if process.returncode:
            raise self._failure(arguments[0], err)
        return out

    def _environment(self, url: str) -> dict[str, str]:
        host = host_of(url) if url else ""
        credential = self.credentials.get(host)
        if credential is None:
            return {**self._base, "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes"}
        key = f" -i '{credential.ssh_key_file}' -oIdentitiesOnly=yes" if credential.ssh_key_file else ""
        return {
            **self._base,
            "GIT_SSH_COMMAND": f"ssh -oBatchMode=yes -oStrictHostKeyChecking=yes{key}",
            "ROADWORTHY_GIT_HOST": host,
            "ROADWORTHY_GIT_USER": credential.username or "git",
            "ROADWORTHY_GIT_TOKEN": credential.token,
        }

    def _failure(self, what: str, stderr: bytes) -> RepositoryError:
        text = self.scrubbed(stderr.decode("utf-8", "replace"))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        told = [line for line in lines if re.match(r"(fatal|error|remote|ERROR)", line)] or lines or ["no reason given"]
        sentence = f"git {what} failed: {told[0][:300]}"
        for pattern, reason, permanent in _REASONS:
            if pattern.search(text):
                return RepositoryError(sentence, reason=reason, permanent=permanent)
        return RepositoryError(sentence)

    def scrubbed(self, text: str) -> str:
        """Text without user names, passwords and tokens."""
        for credential in self.credentials.values():
            if credential.token:
                text = text.replace(credential.token, "[redacted]")
        return _SCRUB.sub("", text)

    def close(self) -> None:
        self._home.cleanup()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills what is left of the command's process group, and closes its pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.poll()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
