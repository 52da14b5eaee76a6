"""Bare partial mirrors: one folder a repository, one branch, one year of history, blobs only when wanted."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import git as gitpython

from app.errors import RepositoryError
from app.repos import urls
from app.repos.failures import GitFailure
from app.repos.git import Git
from app.repos.snapshot import PARTIAL, CommitSnapshot
from app.repos.tree import Limits

_USUAL = ("main", "master", "trunk", "develop", "default")
_QUIET = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-gc", "--force")
_MOST_PACKS = 100
_TIP = "refs/roadworthy/tip"


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the default branch stands. `odd` says what was odd about HEAD, or ""."""

    branch: str
    commit: str
    odd: str = ""


class Mirror:
    """One repository's mirror under `root`. Safe against a second process: a lock file guards what writes."""

    def __init__(
        self, root: Path, url: str, *, git: Git, rules: urls.TransportRules, limits: Limits | None = None
    ) -> None:
        self.url = urls.canonical(url)
        urls.check_allowed(self.url, rules)
        self.git, self.limits = git, limits or Limits()
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.folder = root / f"{re.sub(r'[^A-Za-z0-9.-]', '-', urls.name_of(self.url))[:60]}-{digest}.git"
        self.redirects = "false" if rules.hosts else "initial"  # a redirect must not lead past the allow-list
        self.remote = self._known_remote() or self.url

    def tip(self, branch: str = "") -> Tip:
        """The tip of `branch` when it is still there, else of the default branch. Raises RepositoryError.

        Asking for one branch costs one line; HEAD is only asked when no branch is known or it vanished.
        """
        if branch:
            found = self._heads(f"refs/heads/{branch}")
            if branch in found:
                return Tip(branch, found[branch])
        return self._default()

    def at(self, revision: str) -> Tip:
        """A branch or tag by name, or a full commit id that is some branch's tip. Raises RepositoryError."""
        heads = self._heads("refs/heads/*")
        if revision in heads:
            return Tip(revision, heads[revision])
        branch = next((name for name, commit in sorted(heads.items()) if commit.startswith(revision.lower())), "")
        if not branch or len(revision) < 7:
            raise RepositoryError(
                f"there is no branch or branch tip “{revision}”", reason="source_failing", permanent=True
            )
        return Tip(branch, heads[branch])

    def sync(self, tip: Tip, now: datetime) -> CommitSnapshot:
        """Brings the tip here and gives a snapshot of it. A broken mirror is thrown away and fetched once more."""
        with self._locked():
            if self._worn_out():
                shutil.rmtree(self.folder)
            if not self.folder.exists():
                self._create(tip.commit)
            try:
                self._fetch(tip, now)
            except RepositoryError as error:
                if error.reason != "unreadable":
                    raise
                shutil.rmtree(self.folder)
                self._create(tip.commit)
                self._fetch(tip, now)
            return self.snapshot(Tip(tip.branch, self._fetched() or tip.commit, tip.odd))

    def snapshot(self, tip: Tip) -> CommitSnapshot:
        return CommitSnapshot(
            self.git,
            self.folder,
            url=self.url,
            remote=self.remote,
            commit=tip.commit,
            branch=tip.branch,
            limits=self.limits,
            redirects=self.redirects,
        )

    def _ask(self, *arguments: str) -> str:
        """`ls-remote`, trying the URL with `.git` once where a server insists on it."""
        try:
            return self._listed(self.remote, *arguments)
        except RepositoryError as error:
            if not error.permanent or self.remote.endswith(".git") or self.remote.startswith("file:"):
                raise
            try:
                listed = self._listed(f"{self.remote}.git", *arguments)
            except RepositoryError:
                raise error from None
        self.remote += ".git"
        return listed

    def _listed(self, remote: str, *arguments: str) -> str:
        redirects = ("-c", f"http.followRedirects={self.redirects}")
        out = self.git.run([*redirects, "ls-remote", *arguments[:-1], "--", remote, *arguments[-1:]], url=remote)
        return out.decode("utf-8", "surrogateescape")

    def _heads(self, pattern: str) -> dict[str, str]:
        lines = (line.split("\t", 1) for line in self._ask("--heads", pattern).splitlines() if "\t" in line)
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in lines}

    def _default(self) -> Tip:
        lines = self._ask("--symref", "HEAD").splitlines()
        symref = next((line[5:].split("\t")[0] for line in lines if line.startswith("ref: ")), "")
        commit = next(
            (line.split("\t")[0] for line in lines if line.endswith("\tHEAD") and not line.startswith("ref:")), ""
        )
        branch = symref.removeprefix("refs/heads/")
        if branch and commit:
            return Tip(branch, commit)
        heads = self._heads("refs/heads/*")
        if not heads:
            raise RepositoryError("is empty: it has no branch yet", reason="unreadable")
        odd = f"HEAD points at {branch}, which does not exist" if branch else "HEAD names no branch"
        choice = next((name for name in _USUAL if name in heads), sorted(heads)[0])
        return Tip(choice, heads[choice], odd)

    def _create(self, commit: str) -> None:
        """A bare mirror that knows its one remote; it appears whole or not at all."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        pattern = _pattern("sha256" if len(commit) == 64 else "sha1")
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder.parent))
        try:
            for folder in pattern.folders:
                (fresh / folder).mkdir()
            for file, content in pattern.files.items():
                (fresh / file).write_bytes(content)
            with (fresh / "config").open("a", encoding="utf-8") as config:
                config.write(f'[remote "origin"]\n\turl = "{_escaped(self.remote)}"\n')
            fresh.rename(self.folder)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def _worn_out(self) -> bool:
        """A mirror is never repacked: git would drop what a partial clone lacks. Fetching it anew is cheap and sure.

        One whose configuration names a promisor would fetch absent blobs one by one.
        """
        try:
            packs = sum(1 for name in (self.folder / "objects" / "pack").iterdir() if name.suffix == ".pack")
            return packs > _MOST_PACKS or "promisor" in (self.folder / "config").read_text("utf-8", "replace")
        except OSError:
            return self.folder.exists()

    def _known_remote(self) -> str:
        config = self.folder / "config"
        try:
            match = re.search(r'^\turl = "(.+)"$', config.read_text("utf-8"), re.MULTILINE)
        except (OSError, UnicodeDecodeError):
            return ""
        return re.sub(r"\\(.)", r"\1", match[1]) if match else ""

    def _fetch(self, tip: Tip, now: datetime) -> None:
        if self._fetched() == tip.commit:
            return
        refspec = f"+refs/heads/{tip.branch}:{_TIP}"
        since = f"--shallow-since={(now - self.limits.history):%Y-%m-%dT%H:%M:%SZ}"
        base = [*PARTIAL, "fetch", *_QUIET, "--filter=blob:none"]
        attempts = (
            [*base, since, "origin", refspec],
            [*base, "--depth=1", "origin", refspec],
            ["fetch", *_QUIET, "origin", refspec],
        )
        for attempt in attempts[:-1]:
            try:
                self._bring(attempt)
                return
            except GitFailure as error:
                if not error.may_try_plainer:
                    raise
        self._bring(attempts[-1])

    def _bring(self, arguments: Sequence[str]) -> None:
        redirects = ("-c", f"http.followRedirects={self.redirects}")
        cap = 2 * self.limits.total_size
        self.git.run([*redirects, *arguments], folder=self.folder, url=self.remote, file_cap=cap)

    def _fetched(self) -> str:
        """The commit fetched last, with its history: a branch may have moved on since its tip was asked for."""
        try:
            return (self.folder / _TIP).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What `git init --bare` makes: folders, parents first, and files with their content."""

    folders: tuple[str, ...]
    files: Mapping[str, bytes]


@cache
def _pattern(object_format: str) -> _Pattern:
    """An empty bare repository, made once a process: each `git init` costs a process of its own."""
    with tempfile.TemporaryDirectory(prefix="roadworthy-empty-") as name:
        root = Path(name, "empty.git")
        environment = {"GIT_DIR": str(root), "GIT_OBJECT_DIRECTORY": str(root / "objects")}
        gitpython.Git(name).init(
            bare=True,
            template="",
            object_format=object_format,
            env=environment | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull},
        )
        paths = sorted(root.rglob("*"))
        return _Pattern(
            tuple(path.relative_to(root).as_posix() for path in paths if path.is_dir()),
            {path.relative_to(root).as_posix(): path.read_bytes() for path in paths if path.is_file()},
        )
